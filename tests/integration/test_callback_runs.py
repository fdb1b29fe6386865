# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The recorder in real ansible-playbook runs: whatever becomes of a host, it has one valid record, and only one.

The stages are played by three tiny action plugins; how a host ends is a variable of the test's inventory.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pyarrow import parquet

from faiss_fleet.reports.formats import FORMATS
from faiss_fleet.store.queries import Store
from tests import needs, sample_records, signals

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "reports" / "host-record.schema.json").read_text(encoding="utf-8"))
STAGE = """
import json, pathlib, time
from ansible.plugins.action import ActionBase

SAMPLES = json.loads(pathlib.Path({samples!r}).read_text())

class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        ends = task_vars.get("ends", "native")
        sample = SAMPLES["fallback" if ends == "fallback" else "native"]
        {body}
        return result
"""
BODIES = {
    "glibc_facts": """
        pathlib.Path({ran!r}).touch()
        if task_vars.get("ansible_connection") == "ssh":
            self._low_level_execute_command("true")
        if ends == "broken":
            result.update(failed=True, msg=task_vars.get("says", "OSError: [Errno 28] No space left on device"))
        elif ends == "hidden":
            result["_ansible_no_log"] = True
        result["ansible_facts"] = {{"glibc_facts": sample["facts"]}}
""",
    "faiss_install": """
        result.update(plan=sample["plan"], attempts=sample["attempts"], verification=sample["verification"])
        if ends == "odd":
            result["plan"] = sample["plan"] + [{{"id": 7}}]
""",
    "vector_backend": """
        if ends == "slow":
            time.sleep(60)
        if ends == "unset":
            result.update(failed=True, msg="/etc is read-only", cause="read_only", remedy="Mount it writable.")
        decision = dict(sample["decision"])
        decision["because"] = task_vars.get("says", decision["because"])
        if "cause" in task_vars:
            decision["cause"] = task_vars["cause"]
        result.update(decision=decision, setting=sample["setting"])
""",
}
AUDIT = """
- hosts: all
  gather_facts: false
  {play}
  tasks:
    - glibc_facts:
      tags: [probe, backend]
    {between}
    - faiss_install:
      register: _faiss_install__result
      tags: [backend]
    - vector_backend:
      register: _vector_backend__result
      tags: [backend]
    {after}
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {{name: fleet_report}}
"""


class Fleet:
    """A project directory of the test's own: plugins that play the stages, an inventory, a playbook."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.reports, self.ran = directory, directory / "reports", directory / "ran"
        by_state: dict[str, Any] = {}
        for record in sample_records.records(13):
            by_state.setdefault(record["state"], record)
        samples = directory / "samples.json"
        samples.write_text(json.dumps(by_state))
        (directory / "action").mkdir()
        for name, body in BODIES.items():
            text = STAGE.format(samples=str(samples), body=body.format(ran=str(self.ran)).strip())
            (directory / "action" / f"{name}.py").write_text(text)
        (directory / "ansible.cfg").write_text(
            f"[defaults]\naction_plugins = {directory}/action:{ROOT}/plugins/action\nlibrary = {ROOT}/library\n"
            f"callback_plugins = {ROOT}/plugins/callback\ncallbacks_enabled = fleet_record\nroles_path = {ROOT}/roles\n"
            "gathering = explicit\nretry_files_enabled = false\nlocalhost_warning = false\nforks = 4\n"
            "[ssh_connection]\nssh_args = -o ConnectTimeout=3 -o BatchMode=yes\n"
        )
        self.inventory({"one": {}, "two": {"ends": "fallback"}})
        self.book()

    def inventory(self, hosts: dict[str, dict[str, Any]], groups: dict[str, list[str]] | None = None) -> None:
        """Hosts with their variables; on this machine unless they say otherwise."""
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        children = {name: {"hosts": dict.fromkeys(members)} for name, members in (groups or {}).items()}
        hosts = {name: {**local, **variables} for name, variables in hosts.items()}
        (self.directory / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts, "children": children}}))

    def book(self, play: str = "", between: str = "", after: str = "", text: str = AUDIT) -> None:
        """Writes the playbook, with more lines where a test wants them."""
        (self.directory / "book.yml").write_text(text.format(play=play, between=between, after=after))

    def command(self, *arguments: str, book: str = "book.yml") -> list[str]:
        """What is started."""
        playbook = str(Path(sys.executable).with_name("ansible-playbook"))
        return [playbook, "-i", "hosts.json", book, *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        """Nothing of the caller's own settings of Ansible or of this project."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "FAISS_FLEET_"))}
        return {
            **kept,
            "ANSIBLE_CONFIG": str(self.directory / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "COLUMNS": "120",
            **more,
        }

    def run(self, *arguments: str, book: str = "book.yml", **environment: str) -> subprocess.CompletedProcess[str]:
        """One run to its end."""
        return subprocess.run(
            self.command(*arguments, book=book),
            cwd=self.directory,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def records(self, directory: str = "latest") -> dict[str, dict[str, Any]]:
        """Records by host, each held against the schema; one line a host."""
        lines = (self.reports / directory / "records.jsonl").read_text(encoding="utf-8").splitlines()
        found = [json.loads(line) for line in lines]
        for record in found:
            jsonschema.validate(record, SCHEMA)
        names = [record["host"]["name"] for record in found]
        assert len(names) == len(set(names))
        return dict(zip(names, found, strict=True))

    def states(self, directory: str = "latest") -> dict[str, str]:
        """States by host."""
        return {name: record["state"] for name, record in self.records(directory).items()}


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """A fleet of two: one native, one fallback."""
    return Fleet(tmp_path)


def test_every_host_has_its_record_whatever_became_of_it(fleet: Fleet) -> None:
    needs.command("ssh")
    closed = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    hosts = {"a": {}, "b": {"ends": "fallback"}, "c": {"ends": "broken"}, "d": closed, "e": {"ends": "unset"}}
    more = {"f": {"leaves": True}, "g": {"ends": "odd"}, "h": {"ends": "hidden"}}
    fleet.inventory({**hosts, **more}, {"old": ["a", "d"]})
    fleet.book(between="- ansible.builtin.meta: end_host\n      when: leaves | default(false)\n      tags: [backend]")
    done = fleet.run()
    assert done.returncode not in (0, 1, 250), done.stdout + done.stderr
    records = fleet.records()
    assert list(records) == list("abcdefgh")
    states = [record["state"] for record in records.values()]
    assert states == ["native", "fallback", "failed", "unreachable", "failed", "failed", "native", "native"]
    causes = [record["cause"] for record in records.values()]
    assert causes[0] is None and causes[2:6] == ["disk_full", "unreachable", "read_only", "interrupted"]
    assert records["a"]["host"]["groups"] == ["old"] and records["a"]["facts"] and records["a"]["plan"]
    assert "127.0.0.1 port 1" in records["d"]["because"]
    assert records["e"]["remedy"] == "Mount it writable." and records["e"]["decision"], "what was decided is kept"
    assert any("plan/" in error["message"] for error in records["g"]["errors"]), "a part that does not fit is named"
    assert records["h"]["facts"] is None, "what Ansible hides stays hidden"
    assert (fleet.reports / "latest").is_symlink()
    run = (fleet.reports / "latest").resolve()
    assert sorted(path.name for path in run.iterdir()) == [
        *("assessment.md", "index.html", "limits", "records.jsonl", "run.json", "summary.csv", "summary.md")
    ]
    with (run / "summary.csv").open(newline="") as file:
        assert [row["state"] for row in csv.DictReader(file)] == states
    assert "8 hosts: 3 native, 1 fallback, 3 failed, 1 unreachable" in done.stdout
    for line in ("index.html", "records.jsonl"):
        assert str(run / line) in done.stdout


@pytest.mark.parametrize(
    "play",
    [
        pytest.param("strategy: ansible.builtin.free", id="free", marks=pytest.mark.slow),
        pytest.param("strategy: ansible.builtin.host_pinned", id="pinned", marks=pytest.mark.slow),
        pytest.param("serial: 2", id="batches"),
    ],
)
def test_each_way_through_a_play_is_recorded(fleet: Fleet, play: str) -> None:
    fleet.inventory({"a": {}, "b": {"ends": "broken"}, "c": {"ends": "fallback"}, "d": {}, "e": {}})
    fleet.book(play)
    fleet.run(FAISS_FLEET_FORMATS="")
    assert fleet.states() == {"a": "native", "b": "failed", "c": "fallback", "d": "native", "e": "native"}


@pytest.mark.slow
def test_hosts_of_batches_that_never_began_are_there(fleet: Fleet) -> None:
    fleet.inventory({"a": {}, "b": {"ends": "broken"}, "c": {}, "d": {}})
    fleet.book("serial: 1\n  max_fail_percentage: 0")
    assert fleet.run().returncode != 0
    assert fleet.states() == {"a": "native", "b": "failed", "c": "failed", "d": "failed"}
    assert fleet.records()["d"]["cause"] == "interrupted"


def test_a_run_without_a_verdict_by_choice_is_not_recorded(fleet: Fleet) -> None:
    assert fleet.run("--tags", "probe").returncode == 0
    assert not fleet.reports.exists()


def test_playbooks_that_decide_nothing_are_not_recorded(fleet: Fleet) -> None:
    fleet.book(text="- hosts: all\n  gather_facts: false\n  tasks:\n    - vector_backend:\n{play}{between}{after}")
    assert fleet.run().returncode == 0
    assert not fleet.reports.exists()


def test_a_rescued_failure_and_a_users_own_task_that_fails_later_leave_the_verdict(fleet: Fleet) -> None:
    fleet.book(
        between="- block: [{{ansible.builtin.fail: {{msg: not yet}}}}]\n"
        "      rescue: [{{ansible.builtin.debug: {{msg: fixed}}}}]\n      tags: [backend]".format(),
        after="- ansible.builtin.fail: {msg: restart failed}\n      tags: [backend]",
    )
    assert fleet.run(FAISS_FLEET_FORMATS="").returncode == 2
    assert fleet.states() == {"one": "native", "two": "fallback"}
    for record in fleet.records().values():
        assert [error["message"] for error in record["errors"]] == ["not yet", "restart failed"]


@pytest.mark.slow
def test_a_failure_before_the_stages_is_the_hosts_failure(fleet: Fleet) -> None:
    fleet.book("pre_tasks: [{ansible.builtin.fail: {msg: the gate keeper says no}, tags: [always]}]")
    fleet.run()
    assert fleet.states() == {"one": "failed", "two": "failed"}
    assert "the gate keeper says no" in fleet.records()["one"]["because"]


@pytest.mark.slow
def test_a_play_run_twice_leaves_the_latest_word(fleet: Fleet) -> None:
    text = AUDIT + AUDIT
    fleet.book(text=text.replace("{between}", "- ansible.builtin.debug:", 1))
    assert fleet.run().returncode == 0
    assert fleet.states() == {"one": "native", "two": "fallback"}


def test_a_killed_controller_loses_nothing_that_was_finished(fleet: Fleet) -> None:
    fleet.inventory({"a": {}, "b": {"ends": "slow"}, "c": {"ends": "fallback"}, "d": {"ends": "slow"}})
    fleet.book("strategy: ansible.builtin.host_pinned")
    started = subprocess.Popen(
        fleet.command(), cwd=fleet.directory, env=fleet.environment(), start_new_session=True, stdout=subprocess.DEVNULL
    )
    try:
        directory = _wait_for_lines(fleet, 2)
    finally:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
    assert fleet.states(directory.name) == {"a": "native", "c": "fallback"}
    assert not (fleet.reports / "latest").exists()
    with (directory / "records.jsonl").open("a") as file:
        file.write('{"schema": 1, "host": {"na')  # and the line that was being written
    done = fleet.run("-e", f"fleet_report__run={directory.name}", book=str(ROOT / "report.yml"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert fleet.states(directory.name) == {"a": "native", "b": "failed", "c": "fallback", "d": "failed"}
    again = fleet.run("-e", f"fleet_report__run={directory.name}", book=str(ROOT / "report.yml"))
    assert "changed=0" in again.stdout


@pytest.mark.parametrize(
    ("numbers", "group"),
    [
        pytest.param((signal.SIGINT,), True, id="Ctrl-C"),
        pytest.param((signal.SIGINT, signal.SIGINT), True, id="Ctrl-C twice", marks=pytest.mark.slow),
        pytest.param((signal.SIGTERM,), False, id="SIGTERM to the first process", marks=pytest.mark.slow),
        pytest.param((signal.SIGHUP,), True, id="SIGHUP", marks=pytest.mark.slow),
        pytest.param((signal.SIGQUIT,), True, id="SIGQUIT", marks=pytest.mark.slow),
    ],
)
def test_a_signal_that_ends_the_audit_leaves_reports_with_every_host(
    fleet: Fleet, numbers: tuple[signal.Signals, ...], group: bool
) -> None:
    fleet.inventory({"a": {}, "b": {"ends": "slow"}})
    fleet.book("strategy: ansible.builtin.host_pinned")
    started = subprocess.Popen(
        fleet.command(),
        cwd=fleet.directory,
        env=fleet.environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=signals.as_in_a_terminal,
    )
    try:
        _wait_for_lines(fleet, 1)
        for number in numbers:
            (os.killpg if group else os.kill)(started.pid, number)
            time.sleep(0.3)
        _, told = started.communicate(timeout=240)
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
    assert fleet.states() == {"a": "native", "b": "failed"}
    assert (fleet.reports / "latest" / "index.html").is_file()
    assert started.returncode == 99, told
    assert "Traceback" not in told
    left = subprocess.run(["pgrep", "--list-full", "--session", str(started.pid)], capture_output=True, text=True)
    assert left.stdout == ""


def _wait_for_lines(fleet: Fleet, count: int) -> Path:
    for _attempt in range(3000):
        for path in fleet.reports.glob("*/records.jsonl"):
            if path.read_bytes().count(b"\n") >= count:
                return path.parent
        time.sleep(0.1)
    pytest.fail("the run did not record its first hosts within five minutes")


def test_a_host_name_is_never_a_path(fleet: Fleet) -> None:
    names = ["../../etc/x", "/etc/y", "..", "a/b"]
    fleet.inventory({name: {} for name in names})
    before = {path for path in fleet.directory.rglob("*") if fleet.reports not in path.parents}
    assert fleet.run().returncode == 0
    assert set(fleet.records()) == set(names)
    run = (fleet.reports / "latest").resolve()
    written = {path.parent for path in fleet.reports.rglob("*") if path.is_file()}
    assert written == {run, fleet.reports}, "the run's directory, and the store beside it"
    assert {path for path in fleet.directory.rglob("*") if fleet.reports not in path.parents} <= {
        *before,
        fleet.reports,
        fleet.ran,
        *fleet.directory.glob("action/__pycache__*"),
        *fleet.directory.glob("action/__pycache__/*"),
    }


def test_secrets_of_the_inventory_are_in_no_file(fleet: Fleet) -> None:
    secret = {
        "ansible_password": "p4ss-of-one",
        "ansible_become_password": "{{ 'be' ~ 'come-pw' }}",
        "app_token": "t0ken-tt",
    }
    says = (
        "refused p4ss-of-one, become-pw, t0ken-tt, https://user:url-pw@index.example/simple?token=query-pw, "
        "https://conda.example/t/chan-tok/private, http://proxy-user:proxy-pw@proxy.example:3128"
    )
    planted = ("p4ss-of-one", "become-pw", "t0ken-tt", "url-pw", "query-pw", "chan-tok", "proxy-pw")
    fleet.inventory({"a": {**secret, "says": says}, "b": {**secret, "says": says, "ends": "broken"}})
    done = fleet.run(FAISS_FLEET_FORMATS="all")
    assert fleet.states() == {"a": "native", "b": "failed"}
    table = done.stdout[done.stdout.index("HOST ") :]
    assert "refused" in table and "p4ss-of-one" not in table
    run = (fleet.reports / "latest").resolve()
    assert {chosen.file for chosen in FORMATS.values()} < {path.name for path in run.iterdir()}
    files = [path for path in fleet.reports.rglob("*") if path.is_file()]
    texts = {path.name: path.read_bytes().decode("utf-8", "replace") for path in files}
    # Parquet and the store's records are compressed: what a reader gets out of them counts.
    texts["the table of Parquet"] = str(parquet.read_table(run / "fleet.parquet").to_pylist())
    with Store.open(fleet.reports / "history.sqlite") as store:
        texts["the store's records"] = str(list(store.records(run.name)))
        texts["the store's lines"] = str(list(store.lines(run.name)))
    assert all("refused" in text for name, text in texts.items() if name.startswith("the "))
    assert [(name, word) for name, text in texts.items() for word in planted if word in text] == []


@pytest.mark.parametrize("place", ["a file", pytest.param("latest is a directory", marks=pytest.mark.slow)])
def test_reports_that_cannot_be_written_stop_the_run_before_it_begins(fleet: Fleet, place: str) -> None:
    if place == "a file":
        fleet.reports.write_text("in the way")
    else:
        (fleet.reports / "latest").mkdir(parents=True)
    done = fleet.run()
    assert done.returncode == 1
    assert "Nothing was changed on any host" in done.stderr and str(fleet.reports) in done.stderr
    assert not fleet.ran.exists()


@pytest.mark.slow
def test_runs_of_their_own_directories_are_in_the_store_and_the_gate_is_open_unless_asked_for(
    fleet: Fleet, tmp_path: Path
) -> None:
    assert fleet.run().returncode == 0, "a fallback closes no gate that nobody asked for"
    with Store.open(fleet.reports / "history.sqlite") as store:
        assert [(run.states["native"], run.states["fallback"]) for run in store.runs()] == [(1, 1)]
    first = (fleet.reports / "latest").resolve()
    before = {path.name: path.read_bytes() for path in first.iterdir()}

    elsewhere = tmp_path / "elsewhere.sqlite"
    closed = fleet.run("-e", "fleet_report__fail_on_fallback=true", FAISS_FLEET_STORE=str(elsewhere))
    assert closed.returncode == 2 and "not in the store" not in closed.stderr, closed.stderr
    assert "1 host falls back to JavaScript" in closed.stdout and "two: " in closed.stdout
    assert fleet.states() == {"one": "native", "two": "fallback"}, "a closed gate is no host's failure"
    with Store.open(elsewhere) as store:
        assert len(store.runs()) == 2, "what an earlier run left on disk is taken in as well"
    assert (fleet.reports / "latest").resolve() != first
    assert {path.name: path.read_bytes() for path in first.iterdir()} == before

    fleet.run(FAISS_FLEET_STORE=str(elsewhere))
    page = (fleet.reports / "latest" / "index.html").read_text()
    assert 'id="chart-trend"' in page, "the page asks the store that the run is kept in"


def test_a_store_that_does_not_answer_is_a_warning(fleet: Fleet) -> None:
    done = fleet.run(FAISS_FLEET_STORE="postgresql://fleet:hush-hush@127.0.0.1:1/fleet")
    assert done.returncode == 0 and fleet.states() == {"one": "native", "two": "fallback"}
    told = " ".join(done.stderr.replace("[WARNING]:", "").split())
    assert "not in the store of runs yet" in told and "know nothing of earlier ones" in told
    assert "refused" in told and "hush-hush" not in done.stdout + done.stderr
    assert (fleet.reports / "latest" / "index.html").is_file()


def test_a_run_has_the_hosts_the_directory_and_the_id_that_it_is_given(fleet: Fleet, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    given = {"FAISS_FLEET_REPORTS": str(elsewhere), "FAISS_FLEET_RUN_ID": "20261122T101112Z-0123abcd"}
    assert fleet.run("--limit", "two", **given).returncode == 0
    assert (elsewhere / "latest" / "index.html").is_file() and not fleet.reports.exists()
    assert (elsewhere / "latest").resolve().name == "20261122T101112Z-0123abcd"
    assert fleet.states(str(elsewhere / "latest")) == {"two": "fallback"}
    fleet.run(FAISS_FLEET_RUN_ID="../../evil", FAISS_FLEET_FORMATS="")
    (name,) = (path.name for path in fleet.reports.iterdir() if path.is_dir() and not path.is_symlink())
    assert "evil" not in name


def test_check_mode_is_said_and_the_table_fits_the_terminal_and_obeys_no_host(fleet: Fleet) -> None:
    fleet.inventory({"a": {"says": "red \x1b[31mtext\x07 \u202e reversed " + "long " * 100}})
    done = fleet.run("--check", COLUMNS="70")
    table = done.stdout[done.stdout.index("HOST ") :].splitlines()
    assert all(len(line) <= 70 for line in table[:2])
    assert "\x1b[31m" not in "\n".join(table) and "\u202e" not in "\n".join(table)
    assert all(record["run"]["check_mode"] for record in fleet.records().values())
    assert "Check mode" in (fleet.reports / "latest" / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_gate_can_be_for_some_hosts_only(fleet: Fleet) -> None:
    fleet.inventory({"one": {"fleet_report__fail_on_fallback": True}, "two": {"ends": "fallback"}})
    assert fleet.run().returncode == 0
    fleet.inventory({"one": {}, "two": {"ends": "fallback", "fleet_report__fail_on_fallback": "{{ 1 == 1 }}"}})
    assert fleet.run().returncode == 2


def test_what_the_inventory_says_for_reports_is_in_the_records_and_a_waiver_opens_the_gate(fleet: Fleet) -> None:
    waiver = {"group": "old", "cause": "glibc_too_old", "reason": "replaced soon", "owner": "storage"}
    common = {
        "fleet_report__columns": ["site", "group:old", "app_url"],
        "fleet_report__fail_on_fallback": True,
        "app_url": "https://me:url-pw@app.example/",
        "app_token": "t0ken-tt",
        "faiss_install__policy": "fastest",
    }

    def gated(until: str) -> subprocess.CompletedProcess[str]:
        waivers = {"fleet_report__waivers": [{**waiver, "until": until}]}
        two = {"ends": "fallback", "cause": "glibc_too_old", "site": "{{ 'f' ~ 'ra-' ~ app_token }}"}
        one = {**common, **waivers, "site": "ams"}
        fleet.inventory({"one": one, "two": {**common, **waivers, **two}}, {"old": ["two"]})
        return fleet.run("--limit", "one,two")

    done = gated("2999-12-31")
    assert done.returncode == 0, done.stdout
    assert "1 waived" in done.stdout
    records = fleet.records()
    said = {name: record["host"] for name, record in records.items()}
    assert said["two"]["columns"] == {"site": "fra-****", "group:old": "yes", "app_url": "https://****@app.example/"}
    assert said["one"]["columns"] == {"site": "ams", "app_url": "https://****@app.example/"}
    assert said["two"]["waivers"] == [{**waiver, "until": "2999-12-31"}] and "waivers" not in said["one"]
    assert said["one"]["options"]["faiss_install__policy"] == "fastest"
    run = records["one"]["run"]
    assert run["user"] and run["limit"] == "one,two" and "commit" in run
    page = (fleet.reports / "latest" / "index.html").read_text()
    assert "replaced soon" in page and "url-pw" not in page and "t0ken-tt" not in page

    expired = gated("2020-01-01")
    assert expired.returncode == 2 and "two: " in expired.stdout
    assert "expired, counts and fails again" in (fleet.reports / "latest" / "index.html").read_text()
