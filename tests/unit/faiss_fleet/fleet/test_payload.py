# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One text on the standard input of a Python gives facts, without a file on the host."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from faiss_fleet.fleet import one_call, payload, search_limits
from faiss_fleet.fleet.host_options import ROLES, HostOptions, Resolver
from faiss_fleet.target.backend import config
from tests import needs

ROOT = Path(__file__).resolve().parents[4]
FACTS = {"interpreters": [], "search_paths": [], "timeout": 5}


def ask(python: str, directory: Path, **questions: Any) -> dict[str, Any]:
    """The answer of a Python of this machine, whose configuration would lie in a directory of its own."""
    facts = {**FACTS, "prefix": str(directory / "opt"), "setting": str(directory / "backend.json")}
    text, mark = payload.text({"facts": facts, "seconds": 200, "check_mode": True, **questions})
    done = subprocess.run([python, "-c", payload.BOOT], input=text, capture_output=True, cwd=directory, timeout=250)
    found = payload.answer(done.stdout.decode(), mark)
    assert found is not None, done.stderr.decode()[-2000:]
    return found


@pytest.mark.parametrize("version", ["2.7", "3.6", "this"])
def test_a_python_of_a_host_gathers_facts_and_leaves_no_file(version: str, tmp_path: Path) -> None:
    python = sys.executable if version == "this" else needs.interpreter(version)
    facts = ask(python, tmp_path)["facts"]
    assert (facts["method"], facts["arch"]) == ("module", os.uname().machine)
    assert facts["libc"]["version"]
    assert list(tmp_path.iterdir()) == []


def configured(directory: Path, program: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A configuration for this program as it would be written, and the questions about it."""
    runtime = {"kind": "python", "argv": [program], "env": {}, "prefix": None}
    setting = {"schema": 1, "backend": "faiss", "provider": "existing", "candidate": "existing:x", "runtime": runtime}
    path = directory / "backend.json"
    for name, data in ((path, config.text(setting)), (path.with_suffix(".env"), config.env_text(setting, str(path)))):
        name.write_bytes(data)
        name.chmod(0o600)
    limits = {"timeout": 50, **search_limits.asked({"memory_limit_mb": 0})}
    test = {"workload": {**one_call.WORKLOAD, "figures": False}, **limits}
    # Of this user alone, as the directory above is closed to others.
    wanted = {"path": str(path), "mode": "0600", "backup": True}
    return setting, {"test": test, "configuration": wanted}


@pytest.mark.parametrize("version", ["2.7", "3.6", "this"])
def test_what_is_configured_is_tested_and_compared(version: str, tmp_path: Path) -> None:
    python = sys.executable if version == "this" else needs.interpreter(version)
    setting, questions = configured(tmp_path, python)
    found = ask(python, tmp_path, **questions)
    assert (found["test"]["candidate"], found["test"]["runtime"]) == ("existing:x", setting["runtime"])
    # It was started, whether this Python has a FAISS or not.
    assert found["test"]["evidence"]["outcome"]["start_error"] is None
    assert found["test"]["evidence"]["said"]["stage"]
    assert found["configuration"]["changed"] is False, found["refused"]
    assert found["configuration"]["before"] == setting
    (tmp_path / "backend.env").write_text("FAISS_FLEET_BACKEND=js\n")
    assert ask(python, tmp_path, **questions)["configuration"]["changed"] is True
    assert (tmp_path / "backend.env").read_text() == "FAISS_FLEET_BACKEND=js\n"


def test_a_configuration_of_what_is_gone_is_refused_with_words(tmp_path: Path) -> None:
    _setting, questions = configured(tmp_path, "/absent/python")
    assert "/absent/python" in ask(sys.executable, tmp_path, **questions)["refused"]


def test_a_configuration_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    _setting, questions = configured(tmp_path, sys.executable)
    (tmp_path / "backend.json").unlink()
    os.mkfifo(tmp_path / "backend.json")
    found = ask(sys.executable, tmp_path, **questions, seconds=10)
    assert (found["facts"]["setting"], found["test"], found["configuration"]) == (None, None, None)


@pytest.mark.parametrize("output", ["", "Welcome\n", "{mark}", "{mark}[]", "{mark}{{", '{mark}{{"facts": 1}}'])
def test_anything_else_is_no_answer(output: str) -> None:
    assert payload.answer(output.format(mark="M "), "M ") is None


def test_an_answer_is_found_in_what_a_login_prints() -> None:
    assert payload.answer('Welcome\nM {"facts": {}}\nbye\n', "M ") == {"facts": {}}


def default_options() -> HostOptions:
    """A host of which the inventory says nothing but the one place that is worked out otherwise."""
    defaults: dict[str, Any] = {}
    for role in ROLES:
        defaults |= yaml.safe_load((ROOT / "roles" / role / "defaults/main.yml").read_text(encoding="utf-8"))
    path = "/etc/faiss-fleet/backend.json"
    return Resolver(defaults, lambda value, _variables: value).of({"glibc_facts__setting": path})


def test_what_a_converged_host_is_sent_has_at_most_60_kb() -> None:
    text, _mark = payload.text(one_call.questions(default_options(), check_mode=False, facts_only=False))
    assert len(text) <= 60_000
    facts, _mark = payload.text(one_call.questions(default_options(), check_mode=False, facts_only=True))
    assert len(facts) <= 40_000


def test_only_what_is_asked_for_travels() -> None:
    brief, facts = (set(payload.needed(facts_only)) for facts_only in (False, True))
    assert {f"faiss_fleet.{name}" for name in ("search.programs.faiss_child", "backend.write", "facts.gather")} <= brief
    assert brief - facts >= {
        f"faiss_fleet.{name}" for name in ("one_call.brief_check", "search.run", "backend.write", "locks")
    }
    assert facts < brief
    # Nothing that installs, unpacks or measures.
    assert not [name for name in brief if name.endswith((".faiss_figures", ".install", ".unpack", ".remove"))]


def test_without_comments_and_docstrings_a_module_is_the_same() -> None:
    for path in sorted(payload.SOURCES.rglob("*.py")):
        whole = path.read_text(encoding="utf-8")
        tree, bare = ast.parse(whole), ast.parse(payload.bare(whole))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
                assert isinstance(node.body[0], ast.Expr)
                node.body[0].value = ast.Constant("")
        assert ast.dump(tree) == ast.dump(bare), path
        lines = [[node.lineno for node in ast.walk(each) if isinstance(node, ast.stmt)] for each in (tree, bare)]
        assert lines[0] == lines[1], path


def test_texts_that_look_like_comments_and_docstrings_stay() -> None:
    code = "a = '#' + \"# b\"  # c \"\nb = r'\\'#'\nc = (\n    \"\"\"d # e\"\"\",\n)\nd = \"'''\"  # '''\n"
    found: list[dict[str, Any]] = [{}, {}]
    for namespace, text in zip(found, (code, payload.bare(code)), strict=True):
        exec(text, {}, namespace)
    assert found[0] == found[1] == {"a": "## b", "b": r"\'#", "c": ("d # e",), "d": "'''"}
    assert "# c" not in payload.bare(code) and payload.bare(code).count("\n") == code.count("\n")
