# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A strategy is a directory and one name in the registry: a new one audits a host, and faults of others change nothing.

The project is copied, so that nothing but these two is added to it.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import needs
from tests.integration.test_search_real_faiss import site_of

ROOT = Path(__file__).resolve().parents[2]
NEEDED = (
    *("ansible.cfg", "audit.yml", "playbooks", "roles", "library", "module_utils", "plugins", "loaders", "faiss_fleet"),
    "reports/host-record.schema.json",
)
WORKLOAD = {"n": 2000, "d": 32, "k": 5, "queries": 40}
STRATEGY = '''
"""Strategy ``toy``: a FAISS that lies where TOY_SITE says."""

import os

from ..base import Candidate, Runtime


class Toy:
    name, native, remover = "toy", True, None

    def plan(self, facts, options):
        runtime = Runtime(
            kind="python", argv=[os.environ["TOY_PYTHON"]], env={"PYTHONPATH": os.environ["TOY_SITE"]}, prefix=None
        )
        return [
            Candidate(
                id="toy:faiss", strategy="toy", artefact={"name": "toy", "version": "1"}, verdict="possible",
                reasons=[], remedy=None, runtime=runtime,
            )
        ]

    def resolve(self, candidate, facts, options):
        return None

    def forecast(self, candidate, facts, options):
        return None


STRATEGY = Toy()
'''


class Project:
    """A copy of the project that has the new strategy, and one host: this machine."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.root = directory, directory / "project"
        self.root.mkdir()
        for name in NEEDED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self.root / name, symlinks=True)
            else:
                (self.root / name).parent.mkdir(exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)
        self.backend = directory / "etc" / "backend.json"
        self.backend.parent.mkdir()

    def add_strategy(self) -> None:
        strategies = self.root / "faiss_fleet" / "strategies"
        (strategies / "toy").mkdir()
        (strategies / "toy" / "__init__.py").touch()
        (strategies / "toy" / "strategy.py").write_text(STRATEGY)
        registry = strategies / "__init__.py"
        text = registry.read_text()
        assert text.count('NAMES = ("existing", ') == 1
        registry.write_text(text.replace('NAMES = ("existing", ', 'NAMES = ("toy", "existing", '))

    def audit(self, *arguments: str, formats: str = "", **variables: Any) -> tuple[int, dict[str, Any]]:
        """Exit status and record of a run, which writes its reports in these formats."""
        values = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "faiss_install__prefix": str(self.directory / "opt"),
            "faiss_install__cache": str(self.directory / "cache"),
            "faiss_install__strategies": ["toy"],
            "faiss_install__search_test": {"workload": WORKLOAD},
            "vector_backend__path": str(self.backend),
            "vector_backend__user": pwd.getpwuid(os.getuid()).pw_name,  # directories of pytest are closed to others
            **variables,
        }
        inventory = self.directory / "hosts.json"
        inventory.write_text(json.dumps({"all": {"hosts": {"here": values}}}))
        environment = {
            **os.environ,
            "FAISS_FLEET_REPORTS": str(self.directory / "reports"),
            "FAISS_FLEET_FORMATS": formats,
            "TOY_PYTHON": needs.interpreter("3.11"),
            "TOY_SITE": str(site_of("3.11")),
        }
        argv = [str(Path(sys.executable).with_name("ansible-playbook")), "audit.yml", "-i", str(inventory), *arguments]
        done = subprocess.run(argv, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        latest = self.directory / "reports" / "latest" / "records.jsonl"
        assert latest.exists(), done.stdout + done.stderr
        return done.returncode, json.loads(latest.read_text())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("toy"))
    made.add_strategy()
    return made


def test_a_new_strategy_audits_a_host_and_keeps_it_through_faults_that_are_not_its_own(project: Project) -> None:
    status, record = project.audit("--check")
    assert (status, record["state"], record["decision"]["predicted"]) == (0, "native", False)
    assert not project.backend.exists(), "check mode tests what needs no change, and configures nothing"

    status, record = project.audit(formats="html,markdown,assessment,csv")
    assert (status, record["state"], record["decision"]["provider"]) == (0, "native", "toy")
    assert [candidate["id"] for candidate in record["plan"]] == ["toy:faiss"]
    configured = project.backend.read_bytes()
    assert json.loads(configured)["candidate"] == "toy:faiss"
    table = (project.directory / "reports" / "latest" / "summary.csv").read_text()
    assert "toy" in table and "blocked" not in table.splitlines()[1]

    # The controller may not ask an index: what is configured still passes, so it stays, and the record says the rest.
    status, record = project.audit(faiss_install__strategies=["wheel"], faiss_install__offline=True)
    assert (status, record["state"], record["decision"]["candidate"]) == (0, "native", "toy:faiss")
    assert {attempt["fault"] for attempt in record["attempts"] if attempt["ok"] is False} == {"controller"}
    assert project.backend.read_bytes() == configured

    # The test's own parameters are wrong: that is refused, and nothing is changed.
    status, _before = project.audit(faiss_install__search_test={"workload": {**WORKLOAD, "k": 0}})
    assert status == 2 and project.backend.read_bytes() == configured


@pytest.mark.slow
def test_a_fault_of_the_controller_is_no_fallback(project: Project) -> None:
    project.backend.unlink(missing_ok=True)
    for mode in ((), ("--check",)):
        status, record = project.audit(*mode, faiss_install__strategies=["wheel"], faiss_install__offline=True)
        assert (status, record["state"], record["cause"]) == (2, "failed", "unreachable")
        assert "faiss_install__wheelhouse" in record["remedy"]
        assert not project.backend.exists()
