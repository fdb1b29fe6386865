# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The package as it is built and installed, away from the checkout, and the command that make-venv writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from faiss_fleet import __version__
from tests import checkout
from tests.sample_records import RUN, write_run

ROOT = Path(__file__).resolve().parents[2]
READS_REPORTS = True
LOG = "Error: /lib64/libm.so.6: version `GLIBC_2.27' not found (required by faiss-node)\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built of a clean copy, with the build backend of the lock and without a network."""
    directory = tmp_path_factory.mktemp("wheel")
    project = checkout.copy(directory / "project")
    before = sorted(project.rglob("*"))
    options = ["--no-deps", "--no-build-isolation", "--no-index", "-w", str(directory)]
    pip = [sys.executable, "-m", "pip", "wheel", *options]
    done = subprocess.run([*pip, str(project)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(project.rglob("*")) == before, "a build leaves nothing in the checkout"
    (found,) = directory.glob("faiss_fleet-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has the wheel and none of the checkout; the dependencies are this one's."""
    directory = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(directory)], check=True)
    (site,) = directory.glob("lib/python3*/site-packages")
    pip = [sys.executable, "-m", "pip", "--python", str(directory / "bin" / "python"), "install"]
    subprocess.run([*pip, "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    (site / "dependencies.pth").write_text(f"{next(Path(sys.prefix).glob('lib/python3*/site-packages'))}\n")
    return directory / "bin" / "faiss-fleet"


def call(command: Path, *arguments: str, here: Path, status: int = 0, stdin: str = "") -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("FAISS_FLEET_", "ANSIBLE_"))}
    done = subprocess.run(
        [str(command), *arguments], cwd=here, env=environment, input=stdin, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_wheel_has_everything_that_is_no_python_file(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    beside = [
        path for path in (ROOT / "faiss_fleet").rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")
    ]
    assert len(beside) > 6
    assert {str(path.relative_to(ROOT)) for path in beside} <= names
    of_hosts = (ROOT / "module_utils" / "faiss_fleet").rglob("*.py")
    assert {f"faiss_fleet/target/{path.relative_to(ROOT / 'module_utils/faiss_fleet')}" for path in of_hosts} <= names


def test_the_installed_command_works_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    assert call(installed, "--version", here=tmp_path) == f"faiss-fleet {__version__}\n"
    assert "glibc_too_old" in call(installed, "explain", here=tmp_path, stdin=LOG)
    write_run(tmp_path / "reports", 6)
    assert [run["id"] for run in json.loads(call(installed, "runs", "--json", here=tmp_path))] == [RUN.id]
    assert "index.html" in call(installed, "report", here=tmp_path)
    assert (tmp_path / "reports" / RUN.id / "index.html").stat().st_size > 10_000
    assert len(call(installed, "export", "jsonl", here=tmp_path).splitlines()) == 6


def test_the_installed_command_says_that_an_audit_needs_a_checkout(installed: Path, tmp_path: Path) -> None:
    text = call(installed, "run", "-i", "web01,", here=tmp_path, status=2)
    assert "has no audit.yml" in text and "checkout" in text
    assert list(tmp_path.iterdir()) == []


def test_make_venv_puts_the_command_of_this_checkout_into_the_environment(tmp_path: Path) -> None:
    directory, lock = tmp_path / "venv", tmp_path / "lock.txt"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(directory)], check=True)
    (site,) = directory.glob("lib/python3*/site-packages")
    (site / "dependencies.pth").write_text(f"{next(Path(sys.prefix).glob('lib/python3*/site-packages'))}\n")
    for path in (lock, directory / ".lock-lock.txt"):
        path.write_text("# holds nothing\n")
    subprocess.run([str(ROOT / "tools" / "make-venv"), str(directory), str(lock)], check=True)
    # A directory of that name where the command is called is not the project.
    (tmp_path / "faiss_fleet").mkdir()
    (tmp_path / "faiss_fleet" / "__init__.py").write_text("raise SystemExit(9)\n")
    (tmp_path / "link").symlink_to(directory / "bin" / "faiss-fleet")
    for command in (directory / "bin" / "faiss-fleet", tmp_path / "link"):
        assert call(command, "--version", here=tmp_path) == f"faiss-fleet {__version__}\n"
        assert "glibc_too_old" in call(command, "explain", here=tmp_path, stdin=LOG)
