# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""tools/predictions: runs the whole matrix, and says where plan, outcome and page differ."""

from __future__ import annotations

import argparse
import sys
import time

from images.standins.errors import StandInError
from tests.matrix import matrix, page


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/predictions", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/reference/predictions.md")
    options = parser.parse_args()
    started = time.monotonic()
    try:
        found = matrix.run()
    except StandInError as exc:
        print(f"tools/predictions: {exc}", file=sys.stderr)
        return 1
    for text in found.disagreements:
        print(text)
    seconds = time.monotonic() - started
    print(f"{len(found.candidates)} combinations, {len(found.disagreements)} not as planned, {seconds:.0f} s")
    if found.disagreements:
        return 1
    if options.write:
        page.PAGE.write_text(found.text, encoding="utf-8")
        print(f"wrote {page.PAGE}")
    elif page.PAGE.read_text(encoding="utf-8") != found.text:
        print(f"{page.PAGE} is of another run. Write it again: tools/predictions --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
