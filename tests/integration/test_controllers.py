# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Controllers of every supported Python, from the hash-locked list to a verdict; and those that cannot be one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pip
import pytest

from tests import needs

ROOT = Path(__file__).resolve().parents[2]
LOCK = "requirements/controller.txt"


def make_venv(directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "tools" / "make-venv"), str(directory), LOCK]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.10", "3.12", "3.13"])
def test_a_supported_python_audits_this_machine(version: str, tmp_path: Path) -> None:
    made = make_venv(tmp_path / "venv", PYTHON=needs.interpreter(version))
    assert made.returncode == 0, made.stderr
    environment = {
        **os.environ,
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "FAISS_FLEET_REPORTS": str(tmp_path / "reports"),
    }
    for changed in (True, False):
        command = [str(tmp_path / "venv" / "bin" / "ansible-playbook"), "audit.yml", "-i", "inventory/local"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        record = json.loads((tmp_path / "reports" / "latest" / "records.jsonl").read_text())
        assert (record["state"], record["setting"]["changed"]) == ("native", changed), record["because"]
    assert ("changed=0" in done.stdout) is True


def test_an_old_python_is_refused_with_what_to_install(tmp_path: Path) -> None:
    done = make_venv(tmp_path / "venv", PYTHON=needs.interpreter("3.9"))
    assert done.returncode == 1
    assert "3.10 to 3.13" in done.stderr and "Python 3.9" in done.stderr and "make PYTHON=" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_a_python_without_venv_is_told_which_package_has_it(tmp_path: Path) -> None:
    real = needs.interpreter("3.11")
    lame = tmp_path / "python3"
    # What Debian's python3 does without python3-venv: there is no ensurepip.
    lame.write_text(f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; esac\nexec {real} "$@"\n')
    lame.chmod(0o755)
    done = make_venv(tmp_path / "venv", PYTHON=str(lame))
    assert done.returncode == 1
    assert "venv" in done.stderr and "python3-venv" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_a_lock_with_another_hash_is_refused(tmp_path: Path) -> None:
    """In an environment that is there, with the pip of this one: to make one takes ten times as long."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    (site,) = (tmp_path / "venv").glob("lib/python3*/site-packages")
    (site / "pip").symlink_to(Path(pip.__file__).parent)
    lock = tmp_path / "lock.txt"
    lock.write_text("packaging==26.3 \\\n    --hash=sha256:" + "0" * 64 + "\n")
    command = [str(ROOT / "tools" / "make-venv"), str(tmp_path / "venv"), str(lock)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "hash" in done.stderr.lower()
    assert not list((tmp_path / "venv").glob(".lock-*"))
