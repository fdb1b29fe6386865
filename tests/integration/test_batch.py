# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A batch on hosts by SSH: one call where nothing has changed, a process where something has, the same records."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from tests import class_wheels, kept_cache, needs, signals
from tests.ssh_farm import Farm

ROOT = Path(__file__).resolve().parents[2]
HOSTS = {"one": "centos7-py313", "two": "centos7-py313", "hangs": "centos7-py313", "bare": "centos7-nopython"}
HOSTS["off"] = "centos7-nopython"
# Ends when Ansible starts a module; hangs when the batch starts it, which does so by `python -c`.
HANGS = '#!/bin/sh\n[ "$1" != -c ] || exec sleep 300\nexec /usr/local/bin/python3.13 "$@"\n'
# What sudo does that wants a password: it asks, and runs nothing for the wrong one.
ASKS = """#!/bin/sh
while :; do case $1 in -p) printf %s "$2" >&2; shift 2;; -u) shift 2;; -*) shift;; *) break;; esac; done
IFS= read -r word
[ "$word" = WORD ] || { echo 'Sorry, try again.' >&2; exit 1; }
exec "$@"
"""
PASSWORDS = {"one": "pass-of-one", "two": "pass-of-two"}
# What two runs of the same host differ in: times, and what other hosts on the same disk write.
TIMES = ("seconds", "at", "measured_at", "peak_rss_bytes", "finished", "started", "free_bytes", "free_inodes")
# The same of two hosts that were measured.
MEASURED = ("p50_ms", "p95_ms", "qps", "batch_qps", "rounds", "build_seconds", "cpu_share", "backup", "machine")


class Fleet:
    def __init__(self, farm: Farm, directory: Path) -> None:
        self.farm, self.directory = farm, directory
        values = {
            "faiss_install__strategies": ["wheel"],
            "faiss_install__wheelhouse": str(class_wheels.directory()),
            "faiss_install__cache": str(directory / "cache"),
            "faiss_install__measure_fallback": False,
            "faiss_install__search_test": {"workload": {"n": 2000, "d": 32, "k": 5, "queries": 40, "loader": False}},
        }
        hangs = {"ansible_python_interpreter": "/opt/hangs"}
        variables = {name: values | (hangs if name == "hangs" else {}) for name in HOSTS}
        self.inventory = farm.write_inventory(directory / "hosts.json", variables)
        self.environment = {**os.environ, "FAISS_FLEET_REPORTS": str(directory / "reports"), "ANSIBLE_NOCOLOR": "1"}

    def argv(self, *arguments: str, book: str = "audit.yml") -> list[str]:
        return ["ansible-playbook", book, "-i", str(self.inventory), *arguments]

    def run(self, *arguments: str, book: str = "audit.yml") -> subprocess.CompletedProcess[str]:
        return self.farm.run(self.argv(*arguments, book=book), cwd=ROOT, env=self.environment, timeout=600)

    def records(self) -> dict[str, dict[str, Any]]:
        lines = (self.directory / "reports/latest/records.jsonl").read_text(encoding="utf-8").splitlines()
        return {record["host"]["name"]: record for record in map(json.loads, lines)}

    def calls(self, *names: str) -> list[int]:
        return [self.farm.calls(name) for name in names]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One host is switched off, and one hangs."""
    needs.root()
    needs.command("sshd")
    with Farm(HOSTS) as farm:
        found = Fleet(farm, tmp_path_factory.mktemp("batch"))
        path = farm.path("hangs", "/opt/hangs")
        path.write_text(HANGS)
        path.chmod(0o755)
        farm.stop("off")
        kept_cache.bring("batch", found.directory / "cache")
        yield found


@pytest.fixture(scope="module")
def first(fleet: Fleet) -> subprocess.CompletedProcess[str]:
    """The first audit, of one host by the batch and of the other by the roles."""
    done = fleet.run("-l", "one,two", "-e", "{fleet_batch: '{{ inventory_hostname == \"one\" }}'}")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    kept_cache.keep("batch", fleet.directory / "cache")
    return done


@pytest.fixture(autouse=True)
def audited(first: subprocess.CompletedProcess[str]) -> None:
    """Both were audited before any test."""


def without(names: tuple[str, ...], value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without(names, entry) for name, entry in value.items() if name not in names}
    return [without(names, entry) for entry in value] if isinstance(value, list) else value


def comparable(records: dict[str, dict[str, Any]]) -> Any:
    """All of the records but times and the run's id."""
    return {name: without(TIMES, {**record, "run": {**record["run"], "id": ""}}) for name, record in records.items()}


def test_a_first_audit_by_the_batch_has_the_record_of_the_roles(
    fleet: Fleet, first: subprocess.CompletedProcess[str]
) -> None:
    assert "changed: [one] => wheel" in first.stdout and "[two] =>" not in first.stdout.split("PLAY [Audit the oth")[0]
    for name, counted in (("one", "ok=4 "), ("two", "ok=6 ")):
        assert f"{name}                        : {counted}   changed=2 " in first.stdout, first.stdout
    (run,) = (path for path in (fleet.directory / "reports").iterdir() if path.is_dir() and path.name in first.stdout)
    one, two = sorted(
        map(json.loads, (run / "records.jsonl").read_text().splitlines()), key=lambda record: record["host"]["name"]
    )
    assert (one["state"], one["attempts"][0]["changed"]) == ("native", True)
    found = comparable({"": {**one, "host": two["host"]}}), comparable({"": two})
    assert without(MEASURED, found[0]) == without(MEASURED, found[1])


def test_a_host_where_nothing_has_changed_is_one_call_and_has_the_record_of_the_roles(fleet: Fleet) -> None:
    before = fleet.calls("one", "two")
    done = fleet.run("-l", "one,two")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [now - then for now, then in zip(fleet.calls("one", "two"), before, strict=True)] == [1, 1]
    assert done.stdout.count("=> wheel, nothing to do") == 2
    assert "two                        : ok=1    changed=0    unreachable=0    failed=0" in done.stdout
    batch = fleet.records()
    again = fleet.run("-l", "one,two", "-e", "fleet_batch=false")
    assert again.returncode == 0 and "Gather host facts" in again.stdout, again.stdout + again.stderr
    roles = fleet.records()
    assert {name: record["state"] for name, record in batch.items()} == {"one": "native", "two": "native"}
    assert comparable(batch) == comparable(roles)


@pytest.mark.slow
def test_check_mode_says_the_same_in_one_call(fleet: Fleet) -> None:
    before = fleet.calls("one")
    assert fleet.run("-l", "one", "--check", "--diff").returncode == 0
    assert fleet.calls("one")[0] - before[0] == 1
    batch = fleet.records()
    assert fleet.run("-l", "one", "--check", "--diff", "-e", "fleet_batch=false").returncode == 0
    assert comparable(batch) == comparable(fleet.records()) and batch["one"]["run"]["check_mode"] is True


def test_every_host_that_a_batch_cannot_finish_goes_through_the_roles(fleet: Fleet) -> None:
    done = fleet.run("-v", "--check", "-e", "fleet_batch_timeout=8")
    assert done.returncode == 4, done.stdout + done.stderr
    for name, reason in (("hangs", "it did not end within 8 s"), ("bare", "no Python was found"), ("off", "")):
        assert f"[{name}] goes to the roles: " in done.stdout and reason in done.stdout, done.stdout
    records = fleet.records()
    states = {name: record["state"] for name, record in records.items()}
    assert states == {"one": "native", "two": "native", "hangs": "native", "bare": "fallback", "off": "unreachable"}
    assert records["bare"]["facts"]["method"] == "raw" and records["hangs"]["facts"]["method"] == "module"
    # The lines of the two come before the roles begin.
    assert done.stdout.index("[two] => wheel") < done.stdout.index("Gather host facts")


@pytest.mark.slow
def test_a_configuration_that_was_edited_is_written_again(fleet: Fleet) -> None:
    path = fleet.farm.path("two", "/etc/faiss-fleet/backend.env")
    good = path.read_text()
    path.write_text(good + "FAISS_FLEET_EXTRA=1\n")
    # What is to be shown, and a rollout that ends with the first hosts that fail, are the roles'.
    book = fleet.directory / "rollout.yml"
    text = (ROOT / "playbooks/audit.yml").read_text()
    book.write_text(text.replace("gather_facts: false\n", "gather_facts: false\n  max_fail_percentage: 20\n"))
    for name, shown in (("audit.yml", ("--diff",)), (str(book), ())):
        done = fleet.run("-v", "--check", "-l", "two", *shown, book=name)
        assert "[two] goes to the roles: its configuration has to be written" in done.stdout, done.stdout
    before = fleet.calls("two")[0]
    done = fleet.run("-v", "-l", "two", "--tags", "backend")
    assert "[two] has more to be done: its configuration has to be written" in done.stdout, done.stdout
    assert path.read_text() == good and "changed: [two] => wheel" in done.stdout
    assert "changed=1" in done.stdout
    # Facts and the Python that the batch has found are used: what is left is the search test and the writing.
    assert fleet.calls("two")[0] - before == 3


def test_a_probe_is_one_call(fleet: Fleet) -> None:
    before = fleet.calls("one", "bare")
    done = fleet.run("-l", "one,bare", book="playbooks/probe.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert fleet.calls("one")[0] - before[0] == 1
    (path,) = (Path(line.strip()) for line in done.stdout.splitlines() if line.strip().endswith("facts.jsonl"))
    found = {entry["host"]: entry["facts"]["method"] for entry in map(json.loads, path.read_text().splitlines())}
    assert found == {"one": "module", "bare": "raw"}


@pytest.mark.slow
def test_ctrl_c_ends_promptly_and_keeps_the_hosts_that_are_done(fleet: Fleet) -> None:
    path = f"{ROOT}/.venv/bin:{os.environ['PATH']}"
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(
        [*fleet.farm.prefix, *fleet.argv("-l", "one,hangs")],
        cwd=ROOT,
        env={**fleet.environment, "PATH": path, "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
        preexec_fn=signals.as_in_a_terminal,
        **pipes,
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "[one] => wheel" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    started = time.monotonic()
    rest, _ = process.communicate(timeout=60)
    assert time.monotonic() - started < 30, "".join(lines) + rest
    assert process.returncode != 0
    records = fleet.records()
    assert {name: record["state"] for name, record in records.items()} == {"one": "native", "hangs": "failed"}
    assert records["hangs"]["cause"] == "interrupted"


@pytest.fixture
def promises(fleet: Fleet) -> Fleet:
    """The same two hosts for a user who has to become another one: sudo asks on both, and variables are in a vault."""
    directory = fleet.directory / "promises"
    (directory / "host_vars").mkdir(parents=True)
    values = json.loads(fleet.inventory.read_text())
    hosts = values["all"]["hosts"]
    become = {"ansible_become": True, "ansible_become_user": "app", "ansible_become_exe": "/opt/asks"}
    values["all"]["hosts"] = {name: {**hosts[name], **become} for name in ("one", "two")}
    wheelhouse = values["all"]["hosts"]["one"].pop("faiss_install__wheelhouse")
    vault = VaultLib([("default", VaultSecret(b"vault-word"))])
    secrets = {"ansible_become_password": PASSWORDS["one"], "faiss_install__wheelhouse": wheelhouse}
    lines = []
    for name, value in secrets.items():
        text = vault.encrypt(value.encode()).decode().rstrip().replace("\n", "\n  ")
        lines.append(f"{name}: !vault |\n  {text}\n")
    (directory / "host_vars/one.yml").write_text("".join(lines))
    for name, word in PASSWORDS.items():
        path = fleet.farm.path(name, "/opt/asks")
        path.write_text(ASKS.replace("WORD", word))
        path.chmod(0o755)
    for name, text in (("vault", "vault-word"), ("right", PASSWORDS["two"]), ("wrong", "mistyped-word")):
        (directory / name).write_text(f"{text}\n")
    found = copy.copy(fleet)
    found.inventory = directory / "hosts.json"
    found.inventory.write_text(json.dumps(values))
    return found


@pytest.mark.slow
def test_vaulted_variables_a_sudo_that_asks_and_serial_hold_in_the_batch(promises: Fleet) -> None:
    """The password of one host is in the vault, the other's is asked for."""
    directory = promises.inventory.parent
    book = directory / "serial.yml"
    text = (ROOT / "playbooks/audit.yml").read_text()
    book.write_text(text.replace("gather_facts: false\n", "gather_facts: false\n  serial: 1\n"))
    given = ("-v", "--vault-password-file", str(directory / "vault"), "--become-password-file")
    before = promises.calls("one", "two")
    done = promises.run(*given, str(directory / "right"), book=str(book))
    assert done.returncode == 0, done.stdout + done.stderr
    assert [now - then for now, then in zip(promises.calls("one", "two"), before, strict=True)] == [1, 1], done.stdout
    assert done.stdout.count("=> wheel, nothing to do") == 2
    # Of two batches the second begins when the first is over.
    first, second, third = done.stdout.split("TASK [Ask each host once")
    assert "[one] => wheel" in second and "[two] => wheel" in third and "=> wheel" not in first
    batch = promises.records()
    again = promises.run(*given, str(directory / "right"), "-e", "fleet_batch=false", book=str(book))
    assert again.returncode == 0 and "Gather host facts" in again.stdout, again.stdout + again.stderr
    assert comparable(batch) == comparable(promises.records())
    refused = promises.run(*given, str(directory / "wrong"))
    assert "[one] => wheel" in refused.stdout and "[two] goes to the roles: " in refused.stdout, refused.stdout
    assert refused.returncode in (2, 4), refused.stdout + refused.stderr
    records = promises.records()
    assert records["one"]["state"] == "native" and records["two"]["state"] in ("failed", "unreachable")
    assert "assword" in json.dumps(records["two"]["errors"]), records["two"]
    said = done.stdout + again.stdout + refused.stdout + json.dumps([batch, records])
    assert not [word for word in (*PASSWORDS.values(), "mistyped-word", "vault-word") if word in said]
