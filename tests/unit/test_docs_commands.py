# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""No command of a page is left out by tests/integration/test_docs.py, which runs them, and no link leads nowhere."""

from __future__ import annotations

import re

import pytest

from tests import docs_walk
from tests.integration.test_docs import WALKS


@pytest.mark.parametrize("page", docs_walk.pages())
def test_a_page_with_commands_is_walked(page: str) -> None:
    left = [block for block in docs_walk.blocks(page) if block.language in docs_walk.RUN and not block.elsewhere]
    assert not left or page in WALKS, f"{page} has commands; add it to tests/integration/test_docs.py"


@pytest.mark.parametrize("page", docs_walk.pages())
def test_no_command_hides_in_indented_code(page: str) -> None:
    assert list(docs_walk.stray(page)) == []


def test_a_command_that_is_run_elsewhere_is_really_there() -> None:
    for page in docs_walk.pages():
        for block in docs_walk.blocks(page):
            if block.elsewhere:
                text = (docs_walk.ROOT / block.elsewhere).read_text(encoding="utf-8")
                assert [name for name in block.programs if name not in text] == [], f"{page}:{block.line}"


@pytest.mark.parametrize("page", docs_walk.pages())
def test_links_lead_somewhere(page: str) -> None:
    place = docs_walk.ROOT / page
    for link in re.findall(r"\]\(([^)\s]+)\)", place.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:|#", link):
            assert (place.parent / link.split("#")[0]).exists(), f"{page}: {link}"


def test_a_block_without_a_language_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "page.md").write_text("```\nmake audit\n```\n\n    make test\n")
    monkeypatch.setattr(docs_walk, "ROOT", tmp_path)
    with pytest.raises(ValueError, match=r"page\.md:1: a block of no language"):
        docs_walk.blocks("page.md")
    assert list(docs_walk.stray("page.md")) == ["page.md:5: make test"]
