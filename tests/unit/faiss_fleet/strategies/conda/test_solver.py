# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The solver runs in a process of its own, which may be absent, die or hang."""

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.conda import solver as conda_solver


def test_without_the_library_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(conda_solver, "LIBRARY", "no_such_library")
    with pytest.raises(FleetError, match="py-rattler is not installed") as found:
        conda_solver.call("solve")
    assert found.value.cause == "not_installed"


def test_a_solver_that_dies_is_told_with_its_last_words(monkeypatch, tmp_path):
    child = tmp_path / "child.py"
    child.write_text("import os, sys; sys.stderr.write('https://me:pw@h said no'); sys.stderr.flush(); os.abort()")
    monkeypatch.setattr(conda_solver, "CHILD", child)
    with pytest.raises(FleetError, match=r"died \(SIGABRT\).*said no") as found:
        conda_solver.call("solve")
    assert "pw" not in str(found.value)


def test_a_solver_that_hangs_is_ended(monkeypatch, tmp_path):
    child = tmp_path / "child.py"
    child.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(conda_solver, "CHILD", child)
    with pytest.raises(FleetError) as found:
        conda_solver.call("solve", time_limit=0.3)
    assert found.value.cause == "timeout"
