# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The code that an assessment shows for loading FAISS runs, and survives a FAISS that does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faiss_fleet.reports import assessment_loading
from tests import needs


@pytest.mark.parametrize("faiss", ["import os; os.abort()", "raise ImportError('GLIBC_2.27 not found')"])
def test_the_python_that_is_shown_survives_a_faiss_that_does_not_work(faiss: str, tmp_path: Path) -> None:
    compile(assessment_loading.PYTHON, "shown", "exec")
    (tmp_path / "faiss.py").write_text(faiss)
    (tmp_path / "shown.py").write_text(assessment_loading.PYTHON_ALONE + "\n\nprint(native())\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run([sys.executable, str(tmp_path / "shown.py")], env=environment, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "None\n"), ran.stderr


@pytest.mark.parametrize("code", [assessment_loading.NODE, assessment_loading.NODE_ALONE])
def test_the_javascript_that_is_shown_is_valid(code: str, tmp_path: Path) -> None:
    file = tmp_path / "shown.js"
    file.write_text(code)
    subprocess.run([needs.command("node"), "--check", str(file)], check=True)
