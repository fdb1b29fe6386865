# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The generated reference is what its sources say, and covers all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from faiss_fleet.causes import diagnose as causes

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "reference"


def test_the_reference_is_not_stale() -> None:
    done = subprocess.run([sys.executable, "tools/reference", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_and_role_has_its_section() -> None:
    modules = (PAGES / "modules.md").read_text(encoding="utf-8")
    assert all(f"\n## {path.stem}\n" in modules for path in (ROOT / "library").glob("*.py"))
    roles = (PAGES / "roles.md").read_text(encoding="utf-8")
    assert all(f"\n## {path.name}\n" in roles for path in (ROOT / "roles").iterdir())
    assert "| `fleet_report__formats` | list of str:" in roles


def test_every_key_of_a_record_is_named() -> None:
    page = (PAGES / "host-record.md").read_text(encoding="utf-8")
    schema = json.loads((ROOT / "reports" / "host-record.schema.json").read_text(encoding="utf-8"))
    for part in (schema, *schema["$defs"].values()):
        assert all(f"| `{name}` |" in page for name in part.get("properties") or {})
    assert "| `libc.answers[].method` |" in page


def test_every_cause_has_its_section() -> None:
    page = (PAGES / "causes.md").read_text(encoding="utf-8")
    assert all(f"\n## {name}\n" in page for name in causes.CAUSES)
    assert page.index("\n## disk_full\n") < page.index("\n## glibc_too_old\n") < page.index("\n## segfault\n")
    assert page.count("```text") > 50


def test_nothing_of_ansibles_markup_is_left() -> None:
    for name in ("roles", "modules"):
        page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
        prose = "\n".join(line for line in page.splitlines() if line.startswith("|"))
        assert "C(" not in prose.replace("`C(", ""), name
