# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Details of hosts: packed by parts, and beside the page as scripts of their own."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from pathlib import Path

from faiss_fleet.reports import page_parts


def test_records_come_back_from_their_parts_with_how_symbols_are_read() -> None:
    lines = [json.dumps({"host": name, "because": "needs _ZSt4cout"}) for name in ("a", "b")]
    [part] = page_parts.packed(lines, [[], []], ["a", "b"], lambda hosts: {}, [("waived",), ()])
    *records, said = zlib.decompress(base64.b64decode(part)).decode().split("\n")
    assert records == lines
    told = json.loads(said)
    assert told["past"] == [[], []] and told["symbols"] == {"_ZSt4cout": "std::cout"}
    assert told["standing"] == [["waived"], []]


def test_hosts_beyond_one_part_are_in_the_next() -> None:
    hosts = [f"host{number}" for number in range(page_parts.PART + 1)]
    parts = list(page_parts.packed(map(json.dumps, hosts), [[]] * len(hosts), hosts, lambda hosts: {}, []))
    assert [len(zlib.decompress(base64.b64decode(part)).split(b"\n")) - 1 for part in parts] == [page_parts.PART, 1]


def test_parts_of_an_earlier_rendering_go(tmp_path: Path) -> None:
    page_parts.write(tmp_path, ["one", "two"], hashlib.sha256())
    page_parts.write(tmp_path, ["three"], hashlib.sha256())
    assert [path.name for path in tmp_path.iterdir()] == ["part-0001.js"]
    assert (tmp_path / "part-0001.js").read_text() == 'faissFleetPart(0,"three")\n'
