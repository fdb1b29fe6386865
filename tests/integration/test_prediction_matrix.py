# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""FAISS releases x Pythons x C libraries: what the plan says of a wheel is what importing it does, every time."""

from __future__ import annotations

import pytest

from tests import needs
from tests.matrix import matrix, page
from tests.matrix.combinations import GLIBCS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found() -> matrix.Found:
    needs.root()
    needs.command("podman")
    needs.command("qemu-x86_64-static")
    return matrix.run()


def test_every_prediction_is_what_happens(found: matrix.Found) -> None:
    """The verdict, and for a blocked one the very thing that the loader, Python or the CPU names first."""
    assert found.disagreements == []


def test_all_that_is_asked_for_was_really_tried(found: matrix.Found) -> None:
    tried = [each for each in found.combinations if each.userland in GLIBCS and each.key in found.outcomes]
    assert len(tried) >= 60
    assert {(each.userland.name, found.outcomes[each.key].kind) for each in tried} >= {
        ("glibc 2.17", "works"),
        ("glibc 2.17", "symbol_version"),
        *((userland.name, kind) for userland in GLIBCS for kind in ("works", "module", "library")),
    }
    assert {"signal"} <= {outcome.kind for outcome in found.outcomes.values()}


def test_the_page_is_of_this_run(found: matrix.Found) -> None:
    assert found.text == page.PAGE.read_text(encoding="utf-8"), "write it again: tools/predictions --write"
