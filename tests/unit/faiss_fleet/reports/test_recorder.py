# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The recorder, told a run event by event as Ansible tells it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.records import journal as runs
from faiss_fleet.reports import terminal
from faiss_fleet.reports.recorder import Recorder
from tests.sample_records import RUN, records

ROOT = Path(__file__).resolve().parents[4]
NATIVE = {"backend": "faiss", "provider": "wheel", "candidate": "w", "policy": "first", "because": "w passed."}
SAMPLE = next(records(1))


class Told(Recorder):
    """A recorder of two hosts, with what it warned of."""

    def __init__(self, reports: Path, *hosts: str) -> None:
        self.warned: list[str] = []
        super().__init__(reports, RUN, lambda host: ["hunter22"], self.warned.append)
        self.due({host: ["web"] for host in hosts})

    def audit(self, host: str) -> None:
        self.ok(host, "glibc_facts", {"ansible_facts": {"glibc_facts": SAMPLE["facts"]}})
        self.ok(host, "faiss_install", {"plan": SAMPLE["plan"], "attempts": [], "verification": SAMPLE["verification"]})
        self.ok(host, "vector_backend", {"decision": SAMPLE["decision"], "setting": SAMPLE["setting"]})


@pytest.fixture
def told(tmp_path: Path) -> Told:
    made = Told(tmp_path, "one", "two")
    made.start()
    return made


def states(directory: Path) -> dict[str, str]:
    return {record["host"]["name"]: record["state"] for record in runs.read_records(directory)}


def test_a_host_is_on_disk_the_moment_it_has_its_verdict(told: Told) -> None:
    told.audit("one")
    assert states(told.directory) == {"one": "native"}
    told.unreachable("two", "glibc_facts", {"msg": "refused"})
    assert states(told.directory) == {"one": "native", "two": "unreachable"}


def test_reports_of_an_audit_that_goes_on_interrupt_nobody(told: Told) -> None:
    told.audit("one")
    before = (told.directory / runs.RECORDS).read_bytes()
    program = (
        "import sys; from pathlib import Path; from faiss_fleet import reports\n"
        "print(reports.render(Path(sys.argv[1]))[0].totals())"
    )
    command = [sys.executable, "-c", program, str(told.directory)]
    text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert text.startswith("1 host: 1 native, ") and "the audit goes on, 1 not done yet" in text
    assert (told.directory / runs.RECORDS).read_bytes() == before
    assert "interrupted" not in (told.directory / "index.html").read_text()
    told.audit("two")
    assert "goes on" not in told.finish().totals()
    assert states(told.directory) == {"one": "native", "two": "native"}
    text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert text.startswith("2 hosts: 2 native, ") and "goes on" not in text


def test_damaged_lines_are_told_of_with_the_file_that_was_kept(told: Told) -> None:
    told.audit("one")
    with (told.directory / runs.RECORDS).open("a") as file:
        file.write("no record\n")
    printed = [line for line, _ in terminal.lines(told.finish(), 80)]
    assert f"  {told.directory / runs.DAMAGED}" in printed and "damaged" in " ".join(printed)
    assert "no record" in (told.directory / runs.DAMAGED).read_text()


def test_every_host_that_was_due_has_a_line_in_the_inventorys_order(told: Told) -> None:
    told.audit("two")
    told.finish()
    assert list(states(told.directory).items()) == [("one", "failed"), ("two", "native")]


def test_a_rescued_failure_is_replaced_by_the_verdict(told: Told) -> None:
    told.failed("one", "faiss_install", {"msg": "no room", "cause": "disk_full"})
    assert states(told.directory)["one"] == "failed"
    told.ok("one", "vector_backend", {"decision": NATIVE})
    summary = told.finish()
    assert summary.states["native"] == 1
    record = next(iter(runs.read_records(told.directory)))
    assert record["state"] == "native"
    assert record["errors"][0]["cause"] == "disk_full"


def test_an_ignored_error_does_not_end_a_host(told: Told) -> None:
    told.failed("one", "command", {"msg": "no"}, task="Look", ignored=True)
    told.audit("one")
    told.finish()
    assert states(told.directory)["one"] == "native"


@pytest.mark.parametrize("action", ["fleet_gate", "fleet_preflight"])
def test_a_gate_that_closes_is_no_hosts_failure(told: Told, action: str) -> None:
    told.audit("one")
    told.failed("one", action, {"msg": "a host fell back"})
    told.finish()
    assert states(told.directory)["one"] == "native"


def test_a_host_nobody_waits_for_is_not_recorded(told: Told) -> None:
    told.unreachable("localhost", "command", {"msg": "no"})
    told.finish()
    assert list(states(told.directory)) == ["one", "two"]


def test_nothing_is_written_before_the_start(tmp_path: Path) -> None:
    made = Told(tmp_path, "one")
    made.unreachable("one", "glibc_facts", {"msg": "refused"})
    assert made.troubled
    assert list(tmp_path.iterdir()) == []
    made.start()
    assert states(made.directory) == {"one": "unreachable"}


def test_a_full_disk_is_told_once_and_the_records_follow_when_there_is_room(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("faiss_fleet.records.journal.os.write", full)
        told.audit("one")
        told.unreachable("two", "glibc_facts", {"msg": "refused"})
    assert len(told.warned) == 1
    assert "No space left on device" in told.warned[0]
    told.finish()
    assert states(told.directory) == {"one": "native", "two": "unreachable"}


def test_a_disk_that_stays_full_ends_in_one_message(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("faiss_fleet.records.journal.os.write", full)
    told.audit("one")
    with pytest.raises(FleetError, match=r"No space left on device.*Make room"):
        told.finish()


def test_a_secret_of_the_hosts_variables_is_in_no_file(told: Told) -> None:
    told.failed("one", "faiss_install", {"msg": "pip said hunter22", "cause": "unknown"})
    told.finish()
    assert all("hunter22" not in path.read_text() for path in told.directory.iterdir())


def test_a_hosts_name_is_never_a_path(tmp_path: Path) -> None:
    made = Told(tmp_path / "reports", "../../etc/x", "a/b", "..")
    made.start()
    made.audit("../../etc/x")
    made.finish()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reports"]
    expected = ["assessment.md", "index.html", "records.jsonl", "run.json", "summary.csv", "summary.md"]
    assert sorted(path.name for path in made.directory.iterdir()) == expected
    assert list(states(made.directory)) == ["../../etc/x", "a/b", ".."]


def test_rendered_while_it_goes_on_a_run_loses_nothing(told: Told) -> None:
    told.audit("one")
    runs.settle(told.directory)
    assert states(told.directory) == {"one": "native", "two": "failed"}
    told.audit("two")
    told.finish()
    assert states(told.directory) == {"one": "native", "two": "native"}


def test_run_json_names_the_hosts_that_are_due(told: Told) -> None:
    assert json.loads((told.directory / "run.json").read_text())["hosts"] == {"one": ["web"], "two": ["web"]}


def test_one_machine_under_two_names_is_noticed(told: Told) -> None:
    facts = {**SAMPLE["facts"], "machine": {"id": "4c4c4544"}}
    for host in ("one", "two"):
        told.ok(host, "glibc_facts", {"ansible_facts": {"glibc_facts": facts}})
        told.ok(host, "vector_backend", {"decision": SAMPLE["decision"], "setting": SAMPLE["setting"]})
    hosts = [record["host"] for record in runs.read_records(told.directory)]
    assert [host.get("machine") for host in hosts] == ["4c4c4544", "4c4c4544"]
    assert [host.get("same_machine_as") for host in hosts] == [None, "one"]


def test_hosts_whose_machine_is_not_known_are_not_taken_for_one(told: Told) -> None:
    told.audit("one")
    told.audit("two")
    assert all("machine" not in record["host"] for record in runs.read_records(told.directory))


def test_what_another_process_of_the_run_records_is_kept_and_known(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SAMPLE, "facts", {**SAMPLE["facts"], "machine": {"id": "4c4c4544"}})
    child = os.fork()
    if not child:
        told.audit("one")
        os._exit(0 if told.written("one") and not told.written("two") else 1)
    assert os.waitpid(child, 0)[1] == 0
    told.recorded_elsewhere({"one": {"backend": "faiss"}})
    told.audit("two")
    summary = told.finish()
    assert states(told.directory) == {"one": "native", "two": "native"} and summary.hosts == 2
    (second,) = [record for record in runs.read_records(told.directory) if record["host"]["name"] == "two"]
    assert second["host"]["same_machine_as"] == "one"
    assert told.decided["one"]["backend"] == "faiss"


def test_a_record_that_cannot_be_written_is_not_taken_for_written(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runs.Journal, "append", full)
    told.audit("one")
    assert not told.written("one")
