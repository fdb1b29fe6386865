# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a probe shows and keeps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from faiss_fleet.reports import facts_table
from faiss_fleet.reports.facts_table import Probed
from faiss_fleet.reports.text import width
from tests.sample_records import records

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_every_fact_is_shown_whole_in_every_width(columns: int) -> None:
    facts = next(iter(records(1)))["facts"]
    facts["engines"] = [{"name": "docker", "path": "/usr/bin/docker", "version": "20.10.24", "answers": False}]
    found = facts_table.lines([Probed("web1", facts), Probed("web2", None, "\x1b[2Jtimed out")], columns)
    assert max(map(width, found)) <= columns
    text = "".join("".join(found).split())
    for cell in ("web1", "2.17", "3.4.19", "x86-64-v3", "2.7.5", "16.20.2"):
        assert cell in text
    assert "web2: no facts. <U+001B>[2Jtimed out" in " ".join(found) and "…" not in text
    if columns >= 120:
        assert "CentOS Linux 7 (Core)" in " ".join(found)


@pytest.mark.parametrize(
    "arguments", [["playbooks/probe.yml"], ["audit.yml", "--tags", "probe"]], ids=lambda each: each[0]
)
def test_a_probe_prints_facts_and_is_no_run(tmp_path: Path, arguments: list[str]) -> None:
    inventory = tmp_path / "hosts.ini"
    inventory.write_text(
        f"here ansible_connection=local ansible_python_interpreter={sys.executable}\n"
        "away ansible_host=127.0.0.1 ansible_port=1 ansible_connection=ssh\n"
    )
    reports = tmp_path / "reports"
    environment = {
        **os.environ,
        "FAISS_FLEET_REPORTS": str(reports),
        "COLUMNS": "200",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
    }
    command = [str(Path(sys.executable).parent / "ansible-playbook"), *arguments, "-i", str(inventory)]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    [file] = reports.rglob("*.jsonl")
    assert file.name == facts_table.FILE and f"  {file}" in ended.stdout
    away, here = map(json.loads, file.read_text().splitlines())
    assert (here["host"], here["error"], away["facts"]) == ("here", None, None) and away["error"]
    assert f"{here['facts']['libc']['family']} {here['facts']['libc']['version']}" in ended.stdout
    assert "away: no facts. " in ended.stdout
    assert not (reports / "latest").is_symlink() and not (reports / "history.sqlite").exists()
