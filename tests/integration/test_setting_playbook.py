# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The role and rollback.yml by real ansible-playbook runs on this machine, in directories of the test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests import needs

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "reports" / "host-record.schema.json").read_text(encoding="utf-8"))
BOOK = ROOT / "rollback.yml"
# Stands in for faiss_install, so that what the role gets has come the same way: from an action plugin, registered.
INSTALL = """
import json
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        if "keep" in self._task.args:
            json.dump(self._task.args["keep"], open(self._task.args["said"], "w"))
            return {"changed": False}
        return {"changed": False, **json.load(open(self._task.args["found"]))}
"""
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - pretend_install:
        found: "{{ found }}"
      register: _faiss_install__result
    - ansible.builtin.import_role:
        name: vector_backend
    - pretend_install:
        keep: "{{ _vector_backend__result }}"
        said: "{{ said }}"
"""


class Host:
    """This machine, whose /etc and /opt are directories of the test."""

    def __init__(self, directory: Path, python: str) -> None:
        self.directory, self.python = directory, python
        self.etc, self.opt = directory / "etc", directory / "opt"
        self.etc.mkdir()
        self.opt.mkdir()
        self.path = self.etc / "faiss-fleet" / "backend.json"
        self.base = self.opt / "faiss-fleet"
        (directory / "plugins").mkdir()
        (directory / "plugins" / "pretend_install.py").write_text(INSTALL)
        (directory / "play.yml").write_text(PLAY)

    def playbook(self, book: Path, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        values = {
            "ansible_connection": "local",
            "ansible_python_interpreter": self.python,
            "vector_backend__path": str(self.path),
            "vector_backend__user": "root",  # the directories of pytest are closed to others
            "faiss_install__prefix": str(self.base),
            **variables,
        }
        environment = {
            **os.environ,
            "ANSIBLE_ACTION_PLUGINS": f"{ROOT}/plugins/action:{self.directory}/plugins",
            "ANSIBLE_CALLBACKS_ENABLED": "",
            "ANSIBLE_NOCOLOR": "1",
        }
        command = [sys.executable, "-m", "ansible", "playbook", str(book), "-i", "this,", "-e", json.dumps(values)]
        return subprocess.run(
            [*command, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
        )

    def run_role(self, what: dict[str, Any], *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        found = self.directory / "found.json"
        found.write_text(json.dumps(what))
        said = str(self.directory / "said.json")
        return self.playbook(self.directory / "play.yml", *arguments, found=str(found), said=said, **variables)

    def set(self, what: dict[str, Any], *arguments: str, **variables: Any) -> dict[str, Any]:
        done = self.run_role(what, *arguments, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return {**json.loads((self.directory / "said.json").read_text()), "output": done.stdout}

    def prefix(self, digest: str) -> str:
        """A prefix as faiss_deploy leaves it."""
        prefix = self.base / "wheel" / digest
        for directory in (self.base, self.base / "wheel"):
            directory.mkdir(exist_ok=True)
            (directory / ".made-by-faiss-fleet").touch()
        prefix.mkdir()
        manifest = {"schema": 1, "strategy": "wheel", "digest": digest, "lock": {}, "files": 1, "unpacked_bytes": 1}
        (prefix / "manifest.json").write_text(json.dumps(manifest))
        return str(prefix)

    def tree(self) -> dict[str, tuple[Any, ...]]:
        found = {}
        for path in [self.etc, self.opt, *self.etc.rglob("*"), *self.opt.rglob("*")]:
            status = path.lstat()
            content = path.read_bytes() if path.is_file() else None
            found[str(path)] = (status.st_mode, status.st_uid, status.st_gid, content)
        return found


def installed(name: str = "wheel:a", ok: bool = True, prefix: str | None = None, **more: Any) -> dict[str, Any]:
    """What faiss_install returns for one candidate. Its note is text of a host, and looks like a template."""
    runtime = {"kind": "python", "argv": [sys.executable], "env": {"PYTHONPATH": "/opt/x"}, "prefix": prefix}
    candidate = {
        "id": name,
        "strategy": "wheel",
        "artefact": {"name": "faiss-cpu", "version": None},
        "verdict": "possible",
        "reasons": [],
        "remedy": None,
        "note": "{{ lookup('ansible.builtin.pipe', 'touch found.by.template') }}",
    }
    test = {"candidate": name, "ok": ok, "cause": None if ok else "segfault", "message": "it said {{ x }}", **more}
    return {
        "plan": [candidate],
        "attempts": [],
        "verification": [{**test, "runtime": runtime}],
        "policy": "first",
        "strategies": ["wheel"],
    }


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path, sys.executable)


def test_a_setting_is_made_kept_and_taken_back(host: Host) -> None:
    before = host.tree()
    what = installed(prefix=host.prefix("0123456789ab"))

    predicted = host.set(what, "--check", "--diff")
    assert predicted["changed"] and "+FAISS_FLEET_BACKEND=faiss" in predicted["output"]
    assert not host.path.parent.exists()

    first = host.set(what, "--diff")
    assert first["changed"] and "+FAISS_FLEET_BACKEND=faiss" in first["output"]
    assert first["decision"]["candidate"] == "wheel:a"
    assert (first["setting"]["before"], first["setting"]["after"]) == (None, json.loads(host.path.read_text()))
    assert first["setting"]["after"]["verified"]["at"].endswith("Z")
    for part in ("decision", "setting"):
        jsonschema.validate(first[part], {"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{part}"})

    written = host.tree()
    assert not (ROOT / "found.by.template").exists()
    second = host.set(what)
    assert not second["changed"] and host.tree() == written
    assert second["setting"] == {**second["setting"], "changed": False, "backup": None}

    foretold_back = host.playbook(BOOK, "--check", "--diff")
    assert foretold_back.returncode == 0 and "-FAISS_FLEET_BACKEND=faiss" in foretold_back.stdout
    assert host.tree() == written

    back = host.playbook(BOOK, "--diff")
    told = " ".join(back.stdout.split())  # as Ansible breaks lines
    assert back.returncode == 0 and "there was no configuration before" in told, back.stdout + back.stderr
    assert "0123456789ab is removed" in told
    assert host.tree() == before
    again = host.playbook(BOOK)
    assert again.returncode == 0 and "changed=0" in again.stdout


@pytest.mark.slow
def test_a_rollback_goes_one_step_and_then_to_how_the_host_was_found(host: Host) -> None:
    host.path.parent.mkdir()
    host.path.write_text("written by hand\n")
    host.path.chmod(0o640)
    before = host.tree()
    old, new = host.prefix("aaaaaaaaaaaa"), host.prefix("bbbbbbbbbbbb")
    said = host.set(installed("wheel:old", prefix=old))
    assert "not JSON" in said["note"] and said["setting"]["before"] is None
    host.set(installed("wheel:new", prefix=new))
    assert host.playbook(BOOK).returncode == 0
    assert json.loads(host.path.read_text())["candidate"] == "wheel:old"
    assert Path(old).is_dir() and not Path(new).exists()
    assert host.playbook(BOOK, vector_backend__rollback_to="found").returncode == 0
    assert host.tree() == before


def test_what_did_not_pass_becomes_the_fallback_with_its_cause(host: Host) -> None:
    said = host.set(installed(ok=False))
    assert (said["decision"]["backend"], said["decision"]["cause"]) == ("js", "segfault")
    assert json.loads(host.path.read_text())["runtime"] is None
    assert "FAISS_FLEET_BACKEND=js\n" in host.path.with_suffix(".env").read_text()


def facts_of(host: Host) -> dict[str, Any]:
    """What the role before this one has read: the configuration that is there."""
    return {"ansible_facts": {"glibc_facts": {"method": "module", "setting": json.loads(host.path.read_text())}}}


@pytest.mark.slow
def test_check_mode_foretells_no_change_on_a_converged_host(host: Host) -> None:
    host.set(installed())
    # What is there already is tested in check mode too.
    written = host.tree()
    said = host.set({**installed(), **facts_of(host)}, "--check")
    assert not said["changed"] and said["decision"]["candidate"] == "wheel:a"
    assert said["decision"]["predicted"] is False, "it was tested, in check mode too"
    foreseen = {"candidate": "wheel:b", "strategy": "wheel", "artefact": {"name": "faiss-cpu"}, "ok": None}
    foreseen["foreseen"] = {"download_bytes": 1, "ship_bytes": 1, "seconds": 1}
    other = {**installed("wheel:b"), "verification": [], "attempts": [foreseen]}
    said = host.set(other, "--check")
    assert said["changed"] and (said["decision"]["backend"], said["decision"]["candidate"]) == ("faiss", "wheel:b")
    assert said["decision"]["predicted"] is True
    assert said["setting"]["after"] is None or said["setting"]["after"]["candidate"] == "wheel:b"
    assert host.tree() == written


@pytest.mark.slow
def test_what_is_set_stays_within_the_noise(host: Host) -> None:
    def measured(a: float, b: float) -> dict[str, Any]:
        times = (("wheel:a", a), ("wheel:b", b))
        both = [installed(name, indexes=[{"index": "flat", "p95_ms": time}]) for name, time in times]
        lists = {key: both[0][key] + both[1][key] for key in ("plan", "verification")}
        return {**both[0], **lists, "policy": "fastest"}

    assert host.set(measured(1.0, 0.5))["decision"]["candidate"] == "wheel:b"
    second = host.set({**measured(1.0, 1.05), **facts_of(host)})
    assert (second["changed"], second["decision"]["candidate"]) == (False, "wheel:b")
    assert host.set(measured(1.0, 2.0))["decision"]["candidate"] == "wheel:a"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        pytest.param({"vector_backend__path": "backend.json"}, "absolute path", marks=pytest.mark.slow),
        ({"vector_backend__margin_percent": 250}, "vector_backend__margin_percent"),
        pytest.param({"vector_backend__mode": "rw-r--r--"}, "octal", marks=pytest.mark.slow),
        ({"vector_backend__owner": "nobody-by-that-name"}, "does not know"),
    ],
)
def test_bad_variables_are_told_and_change_nothing(host: Host, variables: dict[str, Any], message: str) -> None:
    before = host.tree()
    done = host.run_role(installed(), **variables)
    assert done.returncode == 2 and message in done.stdout
    assert host.tree() == before


def test_without_the_result_of_faiss_install_nothing_is_decided(host: Host) -> None:
    (host.directory / "alone.yml").write_text("- {hosts: all, gather_facts: false, roles: [vector_backend]}\n")
    done = host.playbook(host.directory / "alone.yml")
    assert done.returncode == 2 and not host.path.parent.exists()


def test_a_host_without_a_python_for_modules_gets_a_decision_and_no_setting(host: Host) -> None:
    what = {**installed(ok=False), "verification": [], "ansible_facts": {"glibc_facts": {"method": "raw"}}}
    said = host.set(what, ansible_python_interpreter="/nowhere/python")
    assert (said["changed"], said["decision"]["backend"], said["setting"]["after"]) == (False, "js", None)
    assert not host.path.parent.exists()


@pytest.mark.slow
def test_two_controllers_at_once_end_with_one_whole_setting(host: Host) -> None:
    outputs: list[subprocess.CompletedProcess[str]] = []
    for name in ("wheel:a", "wheel:b"):
        (host.directory / name[-1]).write_text(json.dumps(installed(name)))

    def control(name: str) -> None:
        found, said = str(host.directory / name), str(host.directory / f"said-{name}")
        outputs.append(host.playbook(host.directory / "play.yml", found=found, said=said))

    controllers = [threading.Thread(target=control, args=(name,)) for name in "ab"]
    for controller in controllers:
        controller.start()
    for controller in controllers:
        controller.join()
    assert [done.returncode for done in outputs] == [0, 0], outputs
    assert json.loads(host.path.read_text())["candidate"] in ("wheel:a", "wheel:b")
    names = sorted(path.name for path in host.path.parent.iterdir())
    assert names == ["backend.backups", "backend.env", "backend.json"]


@pytest.mark.slow
@pytest.mark.parametrize("version", ["2.7", "3.6"])
def test_hosts_with_an_old_python_are_set_and_taken_back(tmp_path: Path, version: str) -> None:
    host = Host(tmp_path, needs.interpreter(version))
    before = host.tree()
    prefix = host.prefix("0123456789ab")
    assert host.set(installed(prefix=prefix))["changed"]
    assert not host.set(installed(prefix=prefix))["changed"]
    assert host.playbook(BOOK).returncode == 0
    assert host.tree() == before
