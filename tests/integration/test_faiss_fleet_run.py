# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""``faiss-fleet run`` on this machine: plain, on a terminal, and refused."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READS_REPORTS = True
COMMAND = [str(ROOT / ".venv" / "bin" / "faiss-fleet")]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    places = {
        name: str(tmp_path / name) for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
    }
    kept = {
        name: value for name, value in os.environ.items() if name not in ("FAISS_FLEET_STORE", "FAISS_FLEET_RUN_ID")
    }
    return {**kept, **places, "FAISS_FLEET_REPORTS": str(tmp_path / "reports"), "TERM": "xterm-256color"}


def call(environment: dict[str, str], *arguments: str, here: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=environment, cwd=here, capture_output=True, text=True, timeout=300
    )


def test_an_audit_of_this_machine_lands_in_reports_and_store(environment: dict[str, str], tmp_path: Path) -> None:
    done = call(environment, "run", "-i", "inventory/local", "--check", here=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b" not in done.stdout
    assert re.search(r"^(native|fallback) +localhost", done.stdout, re.MULTILINE)
    [run] = json.loads(call(environment, "runs", "--json").stdout)
    assert run["check_mode"] is True
    assert sum(run["states"].values()) == 1
    assert (tmp_path / "reports" / run["id"] / "index.html").exists()
    assert (tmp_path / "reports" / "latest").resolve().name == run["id"]
    history = json.loads(call(environment, "host", "localhost", "--json").stdout)
    assert history["record"]["run"]["id"] == run["id"]


def test_an_inventory_beside_the_user_and_a_host_that_is_off(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "hosts.ini").write_text("off ansible_host=127.0.0.1 ansible_port=1\n")
    done = call(environment, "run", "-i", "hosts.ini", "--check", here=tmp_path)
    assert done.returncode == 4, done.stdout + done.stderr
    assert re.search(r"^unreachable +off .*Connection refused", done.stdout, re.MULTILINE)
    [run] = json.loads(call(environment, "runs", "--json").stdout)
    assert run["states"] == {"unreachable": 1}


def test_what_ansible_refuses_is_shown(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all: [\n")
    done = call(environment, "run", "-i", "hosts.yml", here=tmp_path)
    assert done.returncode not in (0, 4)
    assert "hosts.yml" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_on_a_terminal_the_panel_shows_and_goes(environment: dict[str, str]) -> None:
    main, child = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "run", "-i", "inventory/local", "--check"], env={**environment, "COLUMNS": "110", "LINES": "30"},
        cwd=ROOT, stdin=child, stdout=child, stderr=child, close_fds=True,
    )  # fmt: skip
    os.close(child)
    seen, deadline = b"", time.monotonic() + 300
    while time.monotonic() < deadline:
        if select.select([main], [], [], 1)[0]:
            try:
                seen += os.read(main, 65536)
            except OSError:  # how a terminal ends
                break
    os.close(main)
    assert process.wait(30) == 0
    text = seen.decode("utf-8", "replace")
    assert "of 1 hosts" in text
    assert "Longest at work" in text
    assert "1 host: " in text
