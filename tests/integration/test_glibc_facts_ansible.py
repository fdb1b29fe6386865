# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""glibc_facts through Ansible: this machine under several Pythons, and the CentOS 7 stand-ins by podman."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from images.standins import engine
from images.standins.recipes import RECIPES
from tests import needs

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "reports" / "host-record.schema.json").read_text(encoding="utf-8"))
STAND_INS = ("centos7-nopython", "centos7-stock", "centos7-py38", "centos7-py313", "debian12")


def ansible(tmp_path: Path, inventory: dict[str, Any], *options: str) -> dict[str, Any]:
    """Results of the module by host, as Ansible's JSON callback has them."""
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": inventory}}), encoding="utf-8")
    play = [{"hosts": "all", "gather_facts": False, "tasks": [{"name": "look", "glibc_facts": {}}]}]
    (tmp_path / "play.json").write_text(json.dumps(play), encoding="utf-8")
    run = subprocess.run(
        [
            ROOT / ".venv/bin/ansible-playbook",
            *("-i", tmp_path / "hosts.json", tmp_path / "play.json", *options),
        ],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "json", "ANSIBLE_CALLBACKS_ENABLED": "", "ANSIBLE_TIMEOUT": "5"},
        capture_output=True,
        text=True,
        check=False,
    )
    start = run.stdout.find("{")
    assert start >= 0, run.stdout + run.stderr
    results: dict[str, Any] = json.loads(run.stdout[start:])["plays"][0]["tasks"][0]["hosts"]
    return results


def facts(result: dict[str, Any]) -> dict[str, Any]:
    assert not result.get("failed"), result
    assert not result["changed"]
    found: dict[str, Any] = result["ansible_facts"]["glibc_facts"]
    jsonschema.validate(found, {"$ref": "#/$defs/facts", "$defs": SCHEMA["$defs"]})
    return found


def here(python: str, **more: Any) -> dict[str, Any]:
    return {"ansible_connection": "local", "ansible_python_interpreter": python, **more}


@pytest.mark.parametrize("version", ["2.7", *(pytest.param(one, marks=pytest.mark.slow) for one in ("3.6", "3.11"))])
def test_this_machine_says_the_same_under_every_python(tmp_path: Path, version: str) -> None:
    found = facts(ansible(tmp_path, {"here": here(needs.interpreter(version))})["here"])
    assert found["method"] == "module"
    assert found["libc"]["disagreement"] is None
    assert [one["error"] for one in found["pythons"]] == [None] * len(found["pythons"])
    # Read without starting anything, so that the shell's word is an independent one.
    assert found["kernel"] == os.uname().release
    assert {one["version"] for one in found["libc"]["answers"]} == {found["libc"]["version"]}


def test_module_and_shell_probe_agree(tmp_path: Path) -> None:
    results = ansible(tmp_path, {"module": here(needs.interpreter("3.11")), "raw": here("/nonexistent/python")})
    module, raw = facts(results["module"]), facts(results["raw"])
    assert (module["method"], raw["method"]) == ("module", "raw")
    assert "not found" in raw["gaps"][0]["reason"]
    for key in ("arch", "kernel", "cpu", "memory_bytes", "os", "selinux", "user", "condas", "prefixes"):
        assert raw[key] == module[key], key
    for key in ("family", "version", "method", "also_present"):
        assert raw["libc"][key] == module["libc"][key], key
    for key in ("libstdcxx", "libgcc"):
        assert raw[key]["versions"].items() <= module[key]["versions"].items()
    for key in ("purpose", "path", "existing_path", "mount", "type", "noexec", "read_only", "writable"):
        assert [one[key] for one in raw["filesystems"]] == [one[key] for one in module["filesystems"]], key
    for key in ("version", "napi", "modules"):
        assert [one[key] for one in raw["nodes"]] == [one[key] for one in module["nodes"]], key
    same = ("realpath", "version", "implementation", "soabi", "tag", "abi", "bits", "ctypes", "pip", "numpy")
    by_path = {one["realpath"]: one for one in module["pythons"]}
    for one in raw["pythons"]:
        assert {key: one[key] for key in same} == {key: by_path[one["realpath"]][key] for key in same}


@pytest.mark.slow
def test_a_python_that_ansible_no_longer_supports_is_no_obstacle(tmp_path: Path) -> None:
    """Stands for Python 2.6: it starts, and dies of the module's syntax."""
    python = tmp_path / "python2.6"
    python.write_text("#!/bin/sh\ncat >/dev/null\necho 'SyntaxError: invalid syntax' >&2\nexit 1\n", encoding="utf-8")
    python.chmod(0o755)
    found = facts(ansible(tmp_path, {"old": here(str(python))})["old"])
    assert found["method"] == "raw"
    assert found["gaps"][0]["reason"].endswith("SyntaxError: invalid syntax")


@pytest.mark.slow
def test_the_refusal_of_an_old_python_by_ansible_itself_is_no_obstacle(tmp_path: Path) -> None:
    python = tmp_path / "python3.5"
    words = "ansible-core requires a minimum of Python2 version 2.7 or Python3 version 3.6. Current version: 3.5.2"
    answer = json.dumps({"msg": words, "failed": True})
    python.write_text(f"#!/bin/sh\ncat >/dev/null\necho '{answer}'\nexit 1\n", encoding="utf-8")
    python.chmod(0o755)
    found = facts(ansible(tmp_path, {"old": here(str(python))})["old"])
    assert found["method"] == "raw"
    assert "Current version: 3.5.2" in found["gaps"][0]["reason"]


def test_an_unreachable_host_stays_unreachable(tmp_path: Path) -> None:
    host = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    assert ansible(tmp_path, {"away": host})["away"]["unreachable"] is True


@pytest.mark.parametrize("python", [pytest.param("/usr/bin/python3", marks=pytest.mark.slow), "/nonexistent/python"])
def test_check_mode_looks_all_the_same(tmp_path: Path, python: str) -> None:
    facts(ansible(tmp_path, {"here": here(python)}, "--check", "--diff")["here"])


def test_wrong_arguments_are_refused_rather_than_probed_around(tmp_path: Path) -> None:
    (tmp_path / "inventory").write_text("here ansible_connection=local\n", encoding="utf-8")
    run = subprocess.run(
        [ROOT / ".venv/bin/ansible", "-i", tmp_path / "inventory", "here", "-m", "glibc_facts", "-a", "prefx=/opt"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert "prefx" in run.stdout + run.stderr


def test_text_of_a_host_is_never_templated(tmp_path: Path) -> None:
    """A directory's name that is a template comes back as it is, and stays so when it is used."""
    name = "{{ lookup('pipe', 'touch " + str(tmp_path / "owned").replace("/", "_") + "') }}"
    (tmp_path / "prefix" / "wheel" / name).mkdir(parents=True)
    play = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {"name": "look", "glibc_facts": {"prefix": str(tmp_path / "prefix")}},
                {"name": "use", "ansible.builtin.debug": {"msg": "{{ ansible_facts.glibc_facts.prefixes[0].digest }}"}},
            ],
        }
    ]
    (tmp_path / "play.json").write_text(json.dumps(play), encoding="utf-8")
    for python in ("/usr/bin/python3", "/nonexistent/python"):
        inventory = f"here ansible_connection=local ansible_python_interpreter={python}\n"
        (tmp_path / "inventory").write_text(inventory, encoding="utf-8")
        run = subprocess.run(
            [ROOT / ".venv/bin/ansible-playbook", "-i", tmp_path / "inventory", tmp_path / "play.json"],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "json", "ANSIBLE_CALLBACKS_ENABLED": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        results = json.loads(run.stdout[run.stdout.find("{") :])["plays"][0]["tasks"]
        assert results[1]["hosts"]["here"]["msg"] == name


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[dict[str, dict[str, Any]]]:
    """An inventory of stand-in hosts, each a container of this test."""
    needs.command("podman")
    podman = str(ROOT / "images" / "podman")
    needs.root()
    names = {name: f"ff-glibc-facts-{os.getpid()}-{name}" for name in STAND_INS}
    try:
        for image, name in names.items():
            command = [podman, "run", "--detach", "--rm", "--init=false", "--network=none", "--name", name]
            subprocess.run([*command, engine.image(RECIPES[image]), "sleep", "3600"], check=True, capture_output=True)
        yield {
            image: {
                "ansible_connection": "containers.podman.podman",
                "ansible_host": name,
                "ansible_podman_executable": podman,
            }
            for image, name in names.items()
        }
    finally:
        subprocess.run([podman, "rm", "--force", "--time=0", *names.values()], check=False, capture_output=True)


def test_stand_ins_are_what_they_are(tmp_path: Path, stand_ins: dict[str, dict[str, Any]]) -> None:
    found = {name: facts(result) for name, result in ansible(tmp_path, stand_ins).items()}
    assert {name: one["method"] for name, one in found.items()} == {
        "centos7-nopython": "raw",
        "centos7-stock": "module",
        "centos7-py38": "module",
        "centos7-py313": "module",
        "debian12": "module",
    }
    for name, one in found.items():
        libc = one["libc"]
        newer = name == "debian12"
        assert (libc["family"], libc["version"], libc["method"]) == ("glibc", "2.36" if newer else "2.17", "loader"), (
            name
        )
        assert libc["disagreement"] is None, name
        assert one["os"]["id"] == ("debian" if newer else "centos")
        if not newer:
            assert one["libstdcxx"]["versions"] == {"GLIBCXX": "3.4.19", "CXXABI": "1.3.7"}, name
            assert one["os"]["release"] == "7.9.2009"
    tags = {name: [python["tag"] for python in one["pythons"]] for name, one in found.items()}
    assert tags == {
        "centos7-nopython": [],
        "centos7-stock": ["cp27"],
        "centos7-py38": ["cp38"],
        "centos7-py313": ["cp313"],
        "debian12": ["cp311"],
    }
    assert found["centos7-py38"]["pythons"][0]["ctypes"] is False, "it lacks libffi"
    assert found["centos7-py313"]["nodes"][0]["version"] == "16.20.2"
    assert found["centos7-py313"]["nodes"][0]["napi"] == 8


def test_the_shell_probe_says_of_a_stand_in_what_the_module_says(
    tmp_path: Path, stand_ins: dict[str, dict[str, Any]]
) -> None:
    hosts = {
        "module": stand_ins["centos7-py313"],
        "raw": {**stand_ins["centos7-py313"], "ansible_python_interpreter": "/nonexistent/python"},
    }
    results = ansible(tmp_path, hosts)
    module, raw = facts(results["module"]), facts(results["raw"])
    assert raw["method"] == "raw"
    for key in ("version", "family", "path"):
        assert raw["libc"][key] == module["libc"][key]
    assert raw["libstdcxx"] == module["libstdcxx"]
    assert raw["os"] == module["os"]
    same = ("version", "tag", "abi", "soabi", "pip", "numpy", "ctypes")
    assert [[one[key] for key in same] for one in raw["pythons"]] == [
        [one[key] for key in same] for one in module["pythons"]
    ]
