# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Two runs on disk; the commands, made once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.testing

from tests.sample_records import write_run
from tests.unit.faiss_fleet.cli.typed import LATER


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs on disk, a week apart; in the second a host is gone, one unreachable, with a hostile text."""
    monkeypatch.setenv("FAISS_FLEET_REPORTS", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("FAISS_FLEET_STORE", raising=False)
    first = write_run(tmp_path, 20)
    second = tmp_path / LATER
    second.mkdir()
    hosts = [json.loads(line) for line in (first / "records.jsonl").read_text().splitlines()][:-1]
    for host in hosts:
        host["run"].update(id=LATER, started="2026-11-29T10:11:12Z", finished="2026-11-29T10:12:12Z")
    hosts[0].update(
        state="unreachable", cause="unreachable", because="\x1b[2Jtimed out", decision=None, verification=[]
    )
    (second / "records.jsonl").write_text("".join(json.dumps(host) + "\n" for host in hosts))
    about = json.loads((first / "run.json").read_text())
    about["run"].update(id=LATER, started="2026-11-29T10:11:12Z")
    about["hosts"] = {host["host"]["name"]: host["host"]["groups"] for host in hosts}
    (second / "run.json").write_text(json.dumps(about))
    return tmp_path


@pytest.fixture(autouse=True, scope="session")
def _command_made_once() -> Iterator[None]:
    """Typer's runner makes all commands out of their functions again for each line that is called."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.testing._get_command))
        yield
