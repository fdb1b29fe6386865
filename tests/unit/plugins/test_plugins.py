# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Ansible loads each plugin file by its path, as a part of no package: all find the project's package in one way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
LINE = "sys.path.insert(0, str(Path(__file__).resolve().parents[2]))"


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: path.stem)
def test_a_plugin_takes_the_package_of_its_own_checkout(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    imports = text.find("\nfrom faiss_fleet")
    assert text.count(LINE) == text.count("sys.path") == (imports >= 0)
    assert text.find(LINE) < imports or imports < 0


def test_the_checkout_goes_before_a_package_that_the_environment_has(tmp_path: Path) -> None:
    other = tmp_path / "faiss_fleet"
    other.mkdir()
    (other / "__init__.py").write_text("raise ImportError('the package of the environment')\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "FAISS_FLEET_REPORTS": str(tmp_path / "reports")}
    command = [str(Path(sys.executable).parent / "ansible"), "all", "-i", "web01,", "-m", "fleet_preflight"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "1 host(s) can be audited" in done.stdout, done.stdout + done.stderr
