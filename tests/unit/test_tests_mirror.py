# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Each source with logic has a test file of its name in the same place, and each test file has its source."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
UNIT = PurePosixPath("tests/unit")
# Sources, and where their tests are.
TREES = {
    "faiss_fleet": UNIT / "faiss_fleet",
    "module_utils/faiss_fleet": UNIT / "module_utils",
    "library": UNIT / "library",
    "plugins": UNIT / "plugins",
}
# Sources without a test file of their own, and why.
EXEMPT = {
    "faiss_fleet/__main__.py": "calls the entry point",
    "faiss_fleet/attempts/host.py": "protocols: mypy holds what implements them against them",
    "faiss_fleet/cli/__init__.py": "the entry point",
    "faiss_fleet/causes/remedy_table.py": "a table; test_remedies reads all of it",
    "faiss_fleet/causes/table.py": "a table; test_diagnose reads all of it",
    "faiss_fleet/cli/artefact_table.py": "what `check` prints; cli/test_commands reads it",
    "faiss_fleet/cli/options.py": "types of options; cli/test_app gives them",
    "faiss_fleet/fleet/stages.py": "the stages of both ways: tests/integration/test_batch",
    "faiss_fleet/fleet/preload.py": "imports what others have",
    "faiss_fleet/store/migrations/env.py": "what Alembic runs; test_database migrates with it",
    "faiss_fleet/store/migrations/versions/r0001_runs_and_hosts.py": "a migration; test_tables compares what it makes",
    "faiss_fleet/store/migrations/versions/r0002_throughput.py": "a migration; test_tables compares what it makes",
    "library/faiss_conda_create.py": "arguments of prefix/conda_create; tests/integration/test_conda_standin runs it",
    "library/faiss_node_build.py": "arguments of prefix/node_build; tests/integration/test_node_host_build runs it",
    "module_utils/faiss_fleet/one_call/brief_check.py": "part of inspection: fleet/test_payload asks Pythons, as below",
    "module_utils/faiss_fleet/one_call/from_memory.py": "starts inspection: fleet/test_payload asks Pythons, as below",
    "module_utils/faiss_fleet/one_call/inspection.py": "a whole call on a real host: tests/integration/test_batch",
    "plugins/action/fleet_batch.py": "needs Ansible's workers: tests/integration/test_batch",
}
# Test files that are about more than one source.
OVERALL = {
    "tests/unit/faiss_fleet/cli/test_commands.py": "every command as a user calls it",
    "tests/unit/faults/test_processes.py": "the processes of the fault suite",
    "tests/unit/faults/test_table.py": "the table of the fault suite",
    "tests/unit/module_utils/search/programs/test_node_test.py": "node_test.js, which is no Python",
    "tests/unit/plugins/test_plugins.py": "how every plugin finds the package",
    "tests/unit/test_architecture.py": "counts of files and lines",
    "tests/unit/test_docs_commands.py": "commands in the docs",
    "tests/unit/test_docs_match_specs.py": "options in the docs",
    "tests/unit/test_loader_docs.py": "examples in the docs of the loaders",
    "tests/unit/test_payload.py": "what travels to a host",
    "tests/unit/test_predictions.py": "tools/predictions and its page",
    "tests/unit/test_reference.py": "tools/reference and its pages",
    "tests/unit/test_sample_records.py": "the records that tests use",
    "tests/unit/test_tests_mirror.py": "this one",
}


def tracked(*under: str) -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *under]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(name for name in found if (ROOT / name).is_file())


def mirror_of(source: str) -> str:
    """Where the tests of a source belong. What is in a package's own file is tested under the package's name."""
    path = PurePosixPath(source)
    tree = next(tree for tree in TREES if path.is_relative_to(tree))
    name = path.parent.name if path.name == "__init__.py" else path.stem
    return str(TREES[tree] / path.parent.relative_to(tree) / f"test_{name}.py")


def without_logic(source: str) -> bool:
    """Whether a file has words and tables alone."""
    text = (ROOT / source).read_text(encoding="utf-8")
    return not re.search(r"^(def|class|from|import) ", text, re.MULTILINE)


_PYTHON = [source for source in tracked(*TREES) if source.endswith(".py")]
SOURCES = {source: mirror_of(source) for source in _PYTHON if not without_logic(source)}
TESTS = [name for name in tracked(str(UNIT)) if PurePosixPath(name).match("test_*.py")]


def test_each_source_has_its_test_file_or_a_reason_to_have_none() -> None:
    assert len(SOURCES) > 200
    lacking = {source: test for source, test in SOURCES.items() if test not in TESTS and source not in EXEMPT}
    assert lacking == {}, "write these test files, or give a reason in EXEMPT"


def test_no_exemption_is_stale() -> None:
    assert {source for source in EXEMPT if source not in SOURCES or SOURCES[source] in TESTS} == set()
    assert {name for name in OVERALL if name not in TESTS} == set()
    assert all((*EXEMPT.values(), *OVERALL.values()))


def test_each_test_file_has_its_source() -> None:
    """test_<source>_<what>.py is a second file on a source whose tests do not fit into one."""
    expected = {test.removesuffix(".py") for test in SOURCES.values()}
    lost = [
        name
        for name in TESTS
        if name not in OVERALL
        and not any(name.removesuffix(".py") == test or name.startswith(f"{test}_") for test in expected)
    ]
    assert lost == [], "name these files after the source that they test"
