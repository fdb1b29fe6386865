# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Bad input through the whole audit, as a user gives it: one message with cause and remedy, and nothing is changed."""

from __future__ import annotations

import json
import os
import re
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import mounts

ROOT = Path(__file__).resolve().parents[2]
WHEEL = "faiss_cpu-1.9.0.post1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"


@dataclass
class Place:
    """A host of its own kind: this machine, with every directory that an audit writes to in a temporary one."""

    directory: Path

    def variables(self, **changes: Any) -> dict[str, Any]:
        return {
            "faiss_install__prefix": str(self.directory / "opt" / "faiss-fleet"),
            "vector_backend__path": str(self.directory / "etc" / "backend.json"),
            "vector_backend__user": "root",  # the directories of pytest are closed to others
            "faiss_install__strategies": ["wheel"],
            "faiss_install__measure_fallback": False,
            "faiss_install__search_test": {"workload": {"n": 2000, "d": 32, "queries": 40}},
            **changes,
        }

    def audit(self, host: str = "here", *arguments: str, **changes: Any) -> subprocess.CompletedProcess[str]:
        return self.audit_of({host: changes}, *arguments)

    def audit_of(self, hosts: dict[str, dict[str, Any]], *arguments: str) -> subprocess.CompletedProcess[str]:
        """One audit of such hosts, each with what its variables change of the usual ones."""
        connection = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        inventory = self.directory / "hosts.json"
        variables = {name: {**connection, **self.variables(**changes)} for name, changes in hosts.items()}
        inventory.write_text(json.dumps({"all": {"hosts": variables}}))
        environment = {**os.environ, "FAISS_FLEET_REPORTS": str(self.directory / "reports"), "COLUMNS": "400"}
        command = [str(ROOT / ".venv/bin/ansible-playbook"), "audit.yml", "-i", str(inventory), *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    def record(self) -> dict[str, Any]:
        (record,) = self.records().values()
        return record

    def records(self) -> dict[str, dict[str, Any]]:
        lines = (self.directory / "reports" / "latest" / "records.jsonl").read_text().splitlines()
        return {record["host"]["name"]: record for record in map(json.loads, lines)}

    def written(self) -> list[str]:
        """What the audit left where hosts are changed."""
        return sorted(
            str(path.relative_to(self.directory))
            for top in ("opt", "etc")
            for path in (self.directory / top).rglob("*")
            if path.is_file()
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    for name in ("opt", "etc", "wheelhouse"):
        (tmp_path / name).mkdir()
    return Place(tmp_path)


# What is wrong, and a text of the message that tells it.
BAD_OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown strategy": ({"faiss_install__strategies": ["weel"]}, "'weel'"),
    "a container's archive that no source takes": (
        {"faiss_install__container_archive": {"file": "/no/such-1.tar", "sha256": "0" * 64}},
        "container_source: archive",
    ),
    "a container's archive that is not there": (
        {
            "faiss_install__container_source": "archive",
            "faiss_install__container_archive": {"file": "/no/such-2.tar", "sha256": "0" * 64},
        },
        "/no/such-2.tar",
    ),
    "another base than the one named": (
        {
            "faiss_install__container_source": "build",
            "faiss_install__container_base": {"file": "/etc/hostname", "sha256": "0" * 64},
        },
        "/etc/hostname has sha256",
    ),
    "unknown policy": ({"faiss_install__policy": "best"}, "faiss_install__policy"),
    "a nested value of another type": (
        {"faiss_install__search_test": {"workload": {"n": "10_000 vectors"}}},
        "faiss_install__search_test.workload.n is '10_000 vectors', which is not a whole number",
    ),
    "a misspelt nested key": ({"faiss_install__search_test": {"worklod": {"n": 100}}}, "Did you mean workload?"),
    "a near miss": ({"faiss_install_strategies": ["js"]}, "Did you mean faiss_install__strategies?"),
    "relative prefix": ({"faiss_install__prefix": "opt/faiss"}, "relative"),
    "prefix in /usr": ({"faiss_install__prefix": "/usr/lib/faiss"}, "/usr belongs to the system"),
    "prefix /": ({"faiss_install__prefix": "/"}, "root of the file system"),
}


def test_bad_options_are_refused_all_at_once_before_a_host_is_touched(place: Place) -> None:
    hosts = {f"h{number}": changes for number, (changes, _told) in enumerate(BAD_OPTIONS.values())}
    done = place.audit_of(hosts)
    assert done.returncode == 2 and "Nothing was changed" in done.stdout
    assert [name for name, (_changes, told) in BAD_OPTIONS.items() if told not in done.stdout] == [], done.stdout
    assert "Ask each host once" not in done.stdout
    assert place.written() == []


def test_bad_waivers_and_columns_are_refused_with_what_was_meant(place: Place) -> None:
    waiver = {"host": "here", "cause": "glibc_too_old", "reason": "r", "owner": "o", "until": "2026-12-31"}
    wrong = [{"cause": "glibc_to_old"}, {"host": "hree"}, {"host": "", "group": "al"}, {"until": "soon"}]
    done = place.audit(
        fleet_report__waivers=[{**waiver, **each} for each in wrong],
        fleet_report__columns=["site", "stie", "db_password", "group:ungroupd"],
        site="ams",
        db_password="hunter22",
    )
    assert done.returncode == 2 and "Nothing was changed" in done.stdout
    for told in (
        "Did you mean glibc_too_old?",
        "Did you mean here?",
        "Did you mean all?",
        "until is 'soon', which is not a date",
        "Did you mean site?",
        "names db_password, whose name is a secret's",
        "Did you mean ungrouped?",
    ):
        assert told in done.stdout, told
    assert "hunter22" not in done.stdout and "Ask each host once" not in done.stdout


def test_a_host_name_that_is_a_path_is_refused(place: Place) -> None:
    done = place.audit(host="../../etc/x")
    assert done.returncode == 2
    assert "ansible_host" in done.stdout
    assert not (place.directory / "reports").exists() or not list((place.directory / "reports").rglob("*x*"))
    assert place.written() == []


@pytest.mark.parametrize(
    ("content", "sums", "told"),
    [
        pytest.param(b"PK not the wheel that was summed", "0" * 64, "sha256", id="wrong hash"),
        pytest.param(b"PK cut short", None, WHEEL, id="corrupt wheel"),
    ],
)
def test_a_bad_wheelhouse_is_refused_before_the_host_is_touched(
    place: Place, content: bytes, sums: str | None, told: str
) -> None:
    wheelhouse = place.directory / "wheelhouse"
    (wheelhouse / WHEEL).write_bytes(content)
    if sums:
        (wheelhouse / "SHA256SUMS").write_text(f"{sums}  {WHEEL}\n")
    done = place.audit(faiss_install__wheelhouse=str(wheelhouse))
    assert done.returncode == 2
    assert told in done.stdout and "Traceback" not in done.stdout + done.stderr
    assert place.written() == []


TMPFS = ("-t", "tmpfs", "-o")


@mounts.private
def test_places_that_cannot_take_it_are_results_with_their_causes_and_the_gate_names_the_hosts(place: Place) -> None:
    """A prefix that takes nothing is a fallback; a configuration that cannot be written stops the host before that."""
    options = {"full": "size=4m", "noexec": "noexec", "readonly": "ro", "etc": "ro"}
    wanted = {
        "full": ("fallback", "disk_full"),
        "noexec": ("fallback", "noexec_mount"),
        "readonly": ("fallback", "read_only"),
        "filled": ("fallback", "not_a_directory"),
        "etc": ("failed", "read_only"),
        "file": ("failed", "not_a_directory"),
    }
    hosts = {}
    for name in wanted:
        for top in ("opt", "etc"):
            (place.directory / top / name).mkdir()
        hosts[name] = {
            "faiss_install__prefix": str(place.directory / "opt" / name / "faiss-fleet"),
            "vector_backend__path": str(place.directory / "etc" / name / "backend.json"),
        }
    for taken in ("opt/filled/faiss-fleet", "etc/file/file"):
        (place.directory / taken).write_text("somebody's")
    hosts["file"]["vector_backend__path"] = str(place.directory / "etc" / "file" / "file" / "backend.json")
    with ExitStack() as stack:
        for name, option in options.items():
            top = place.directory / ("etc/etc" if name == "etc" else f"opt/{name}")
            stack.enter_context(mounts.mounted(top, *TMPFS, option, "tmpfs"))
        done = place.audit_of(hosts, "-e", "fleet_report__fail_on_fallback=true")
        left = [name for name in place.written() if name.startswith("opt/")]
        configured = {path.parent.name: path.read_text() for path in place.directory.glob("etc/*/backend.json")}
    assert done.returncode == 2 and "traceback" not in (done.stdout + done.stderr).lower()
    records = place.records()
    assert {name: (record["state"], record["cause"]) for name, record in records.items()} == wanted, done.stdout
    assert left == ["opt/filled/faiss-fleet"] and records["filled"]["attempts"] == []
    assert "faiss-fleet is not a directory" in records["filled"]["because"]
    assert all(record["remedy"] for record in records.values() if record["cause"] != "not_a_directory")
    fallbacks = [name for name, (state, _cause) in wanted.items() if state == "fallback"]
    assert {name: json.loads(text)["backend"] for name, text in configured.items()} == dict.fromkeys(fallbacks, "js")
    assert "Remount it writable" in done.stdout
    assert "is not a directory, so nothing can be written" in done.stdout
    # Ansible comes to it although every host that the roles had has failed.
    (gate,) = re.findall(r"Fail when a host fell back.*?\n\n", done.stdout, re.DOTALL)
    assert "fail_on_fallback" in gate and all(name in gate for name in fallbacks), gate


# What the controller cannot make, with the cause of the attempt. {0}: the test's own directory.
CANNOT_MAKE: list[tuple[dict[str, Any], str]] = [
    ({"faiss_install__cache": "{0}/empty", "faiss_install__offline": True}, "unreachable"),
    ({"faiss_install__max_size_mb": 10, "faiss_install__prefix": "{0}/opt/two"}, "too_large"),
    (
        {"faiss_install__cache": "{0}/empty", "faiss_install__offline": True, "faiss_install__strategies": ["conda"]},
        "conda_network",
    ),
]


@pytest.mark.parametrize("cases", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_what_is_set_stays_while_the_controller_can_make_nothing(place: Place, cases: int) -> None:
    assert place.audit().returncode == 0
    setting = place.directory / "etc" / "backend.json"
    before = setting.read_bytes(), place.written()
    assert json.loads(before[0])["backend"] == "faiss"
    for changes, cause in CANNOT_MAKE[:cases]:
        here = json.loads(json.dumps(changes).replace("{0}", str(place.directory)))
        done = place.audit(**here)
        record = place.record()
        assert done.returncode == 0 and "changed=0" in done.stdout, done.stdout
        assert record["state"] == "native" and "is what was set" in record["because"], record["because"]
        assert record["attempts"][0]["cause"] == cause, record["attempts"]
        assert (setting.read_bytes(), place.written()) == before


def test_misspelt_variables_of_groups_and_of_the_command_line_are_refused_in_a_few_lines(place: Place) -> None:
    group = place.directory / "group_vars" / "all.yml"
    group.parent.mkdir()
    group.write_text("faiss_install__stratgies: [js]\nvector_backend_path: /tmp/x\n")
    done = place.audit("here", "-e", "faiss_instal__keep=true", "-e", "glibc_facts__timeout=soon")
    assert done.returncode == 2
    for fault in (
        "- faiss_install__stratgies is not a variable of the role faiss_install. "
        "Did you mean faiss_install__strategies?",
        "- vector_backend_path is not a variable of this project. Did you mean vector_backend__path?",
        "- faiss_instal__keep is not a variable of this project. Did you mean faiss_install__keep?",
        "- glibc_facts__timeout is 'soon', which is not a whole number. Give at least 1.",
    ):
        assert done.stdout.count(fault) == 1, done.stdout
    (message,) = re.findall(r"Nothing was changed.*?\n\n", done.stdout, re.DOTALL)
    assert len(message.strip().splitlines()) == 5 and place.written() == []


@pytest.mark.slow
def test_a_value_of_the_command_line_gets_its_type(place: Place) -> None:
    """Text that says false is no true value: nothing that failed is kept, and the index is asked."""
    given = ["-e", "faiss_install__offline=false", "-e", "faiss_install__strategies=existing,js"]
    done = place.audit("here", "--check", *given)
    assert done.returncode == 0, done.stdout
    assert {each["strategy"] for each in place.record()["plan"]} <= {"existing", "js"}


def test_the_validation_of_a_role_used_alone_refuses_a_misspelt_nested_option(place: Place) -> None:
    playbook = place.directory / "alone.yml"
    playbook.write_text(
        "- hosts: localhost\n  gather_facts: false\n  roles:\n    - role: faiss_install\n"
        "      vars: {faiss_install__search_test: {min_recall: {ifv: 0.5}}}\n"
    )
    command = [str(ROOT / ".venv/bin/ansible-playbook"), str(playbook)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "faiss_install__search_test.min_recall.ifv" in done.stdout


def test_a_run_of_the_probe_alone_is_no_audit_and_is_not_recorded(place: Place) -> None:
    """Ansible validates the roles' arguments whatever --tags says; that alone makes no audit of it."""
    done = place.audit("here", "--tags", "probe", "-e", "fleet_report__fail_on_fallback=true")
    assert done.returncode == 0 and "Ask each host once" in done.stdout, done.stdout
    assert place.written() == [] and not list(place.directory.glob("reports/2*/records.jsonl"))
    assert len(list(place.directory.glob("reports/2*/facts.jsonl"))) == 1


@pytest.mark.parametrize("gate", ["", "command line", pytest.param("group", marks=pytest.mark.slow)])
def test_an_inventory_without_hosts_leaves_no_run_and_passes_no_gate(place: Place, gate: str) -> None:
    environment = {**os.environ, "FAISS_FLEET_REPORTS": str(place.directory / "reports")}
    empty = place.directory / "empty.yml"
    variables = "  vars: {fleet_report__fail_on_fallback: true}\n" if gate == "group" else ""
    empty.write_text(f"all:\n{variables}  children:\n    centos7:\n      hosts:\n")
    command = [str(ROOT / ".venv/bin/ansible-playbook"), "audit.yml", "-i", str(empty)]
    command += ["-e", "fleet_report__fail_on_fallback=true"] if gate == "command line" else []
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == bool(gate), done.stdout + done.stderr
    assert "names no host" in done.stdout + done.stderr
    assert not list((place.directory / "reports").glob("2*"))


def test_a_limit_that_matches_nothing_passes_no_gate(place: Place) -> None:
    done = place.audit("here", "--limit", "elsewhere", "-e", "fleet_report__fail_on_fallback=true")
    assert done.returncode != 0 and "--limit" in done.stderr
