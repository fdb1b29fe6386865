# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What all commands have in common: widths, JSON, exit status, colours, and that reading creates nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from faiss_fleet.cli import app as commands
from faiss_fleet.reports.text import width
from tests.sample_records import RUN, write_run
from tests.unit.faiss_fleet.reports.exported import waived
from tests.unit.module_utils.elf.elf_builder import Builder

ROOT = Path(__file__).resolve().parents[4]
LATER = "20261129T101112Z-aaaaaa"
HOSTS = 20


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs on disk, no store; in the second, one host has another cause."""
    reports = tmp_path_factory.mktemp("fleet") / "reports"
    first = write_run(reports, HOSTS)
    text = (first / "records.jsonl").read_text().replace(RUN.id, LATER)
    (reports / LATER).mkdir()
    (reports / LATER / "records.jsonl").write_text(text.replace('"cause":"disk_full"', '"cause":"noexec_mount"'))
    about = (first / "run.json").read_text().replace(RUN.id, LATER)
    (reports / LATER / "run.json").write_text(about)
    (reports / "addon.node").write_bytes(
        Builder(needed=["libm.so.6"], needs=[("libm.so.6", [("GLIBC_2.27", 0, ["powf"])])]).build()
    )
    return reports


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FAISS_FLEET_REPORTS", "FAISS_FLEET_STORE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def call(reports: Path, *arguments: str, status: int = 0, columns: int | None = None) -> str:
    env = {"COLUMNS": str(columns)} if columns else {}
    result = CliRunner().invoke(commands.app, ["--reports", str(reports), *arguments], env=env)
    assert result.exit_code == status, (result.output, result.exception)
    return result.stdout


def host_of(reports: Path, number: int = 3) -> str:
    return str(json.loads((reports / LATER / "records.jsonl").read_text().splitlines()[number])["host"]["name"])


READING = [
    (["runs"], 0),
    (["hosts"], 0),
    (["host", "{host}"], 0),
    (["diff", RUN.id, LATER], 1),
    (["check", "{addon}"], 1),
    (["check", "node 16"], 1),
    (["needs", "{addon}", "--host", "{host}"], 1),
]


def filled(line: list[str], reports: Path) -> list[str]:
    return [word.format(host=host_of(reports), addon=reports / "addon.node") for word in line]


@pytest.mark.parametrize("line, status", READING, ids=lambda value: value[0] if isinstance(value, list) else None)
def test_reading_creates_nothing_and_prints_json(line: list[str], status: int, fleet: Path, tmp_path: Path) -> None:
    before = sorted(fleet.rglob("*"))
    words = filled(line, fleet)
    after = json.loads(call(fleet, *words, "--json", status=status))
    assert after == json.loads(call(fleet, "--json", *words, status=status))
    store = tmp_path / "deep" / "named.db"
    call(fleet, "--store", str(store), *words, status=status)
    assert sorted(fleet.rglob("*")) == before and list(tmp_path.iterdir()) == []


def test_exporting_creates_nothing_but_the_file(fleet: Path, tmp_path: Path) -> None:
    before = sorted(fleet.rglob("*"))
    call(fleet, "export", "junit", "-o", str(tmp_path / "x.xml"))
    assert sorted(fleet.rglob("*")) == before and [path.name for path in tmp_path.iterdir()] == ["x.xml"]


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_tables_fit_the_terminal_and_no_reason_is_cut(columns: int, fleet: Path) -> None:
    addon = ["needs", str(fleet / "addon.node"), "--glibc", "2.17"]
    for line in (["runs"], ["hosts"], ["check", "node 27"], ["diff", RUN.id, LATER], ["host", host_of(fleet)], addon):
        status = {"check": 1, "diff": 1, "needs": 1}.get(line[0], 0)
        text = call(fleet, *line, status=status, columns=columns)
        assert max(map(width, text.splitlines())) <= columns, (line, columns)
        assert "…" not in text and "`" not in text
    text = "".join(call(fleet, "hosts", columns=columns).split())
    for line in json.loads(call(fleet, "hosts", "--json")):
        if "_Z" not in line["because"]:
            assert "".join(line["because"].replace("`", "").split()) in text


def test_a_terminal_too_narrow_for_columns_names_each_cell(fleet: Path) -> None:
    lines = call(fleet, "runs", columns=40).splitlines()
    assert lines[:2] == [LATER, f"  Hosts: {HOSTS}  Native: 11  Fallback: 4"]
    assert "  Took: 1 minute" in lines


def test_answers_of_a_host_break_between_words(fleet: Path) -> None:
    name = next(each["host"] for each in json.loads(call(fleet, "hosts", "--json")) if each["state"] == "fallback")
    text = call(fleet, "host", name, columns=60)
    answers = text[text.index("Does devtoolset") :]
    assert "\nFacts: " in answers and max(map(width, answers.splitlines())) <= 60


def test_hosts_marks_those_whose_cause_is_waived(fleet: Path, tmp_path: Path) -> None:
    shutil.copytree(fleet / LATER, tmp_path / LATER)
    path = tmp_path / LATER / "records.jsonl"
    found = [json.loads(line) for line in path.read_text().splitlines()]
    for record in found:
        until = "2020-01-01" if record["state"] == "failed" else "2999-01-01"
        record["host"]["waivers"] = [waived(cause, until) for cause in ("disk_full", "read_only")]
    path.write_text("".join(json.dumps(record) + "\n" for record in found))
    said = "until 2999-01-01, storage team: replaced in January"
    lines = json.loads(call(tmp_path, "hosts", "--json"))
    assert {line["cause"] for line in lines} > {"noexec_mount", "read_only"}
    assert not any(line["waiver"] for line in lines)
    path.write_text(path.read_text().replace('"noexec_mount"', '"disk_full"'))
    lines = json.loads(call(tmp_path, "hosts", "--json"))
    assert {line["cause"]: line["waiver"] for line in lines if line["waiver"]} == {"disk_full": said}
    assert " ".join(call(tmp_path, "hosts", columns=80).split()).count(f"(waived {said})") == 1


def test_a_store_that_this_user_may_not_write_is_read_and_stays_as_it_is(
    fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(fleet / RUN.id, tmp_path / RUN.id)
    call(tmp_path, "import")
    shutil.rmtree(tmp_path / RUN.id)  # in the store alone
    shutil.copytree(fleet / LATER, tmp_path / LATER)  # not in the store yet
    before = (tmp_path / "history.sqlite").read_bytes()
    monkeypatch.setattr("os.access", lambda _path, mode: not mode & os.W_OK)
    assert [run["id"] for run in json.loads(call(tmp_path, "runs", "--json"))] == [LATER, RUN.id]
    assert (tmp_path / "history.sqlite").read_bytes() == before
    (tmp_path / "history.sqlite").write_text("no database")
    result = CliRunner().invoke(commands.app, ["--reports", str(tmp_path), "runs"])
    assert result.exit_code == 2 and "Move it away" in result.stderr


def test_listing_what_prune_would_remove_creates_nothing(fleet: Path) -> None:
    before = sorted(fleet.rglob("*"))
    assert call(fleet, "prune", "--keep", "1", "--check").split() == [RUN.id]
    assert sorted(fleet.rglob("*")) == before


def test_a_host_is_not_looked_for_where_nothing_was_audited(tmp_path: Path) -> None:
    result = CliRunner().invoke(commands.app, ["--reports", str(tmp_path), "host", "web01"])
    assert result.exit_code == 2 and "Audit first: faiss-fleet run" in result.stderr


@pytest.mark.parametrize("line", [["hosts", "--names"], ["export", "csv"], ["--help"]], ids="_".join)
def test_output_that_cannot_be_written_ends_with_2_and_the_reason(line: list[str], fleet: Path) -> None:
    command = [sys.executable, "-m", "faiss_fleet", "--reports", str(fleet), *line]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "faiss-fleet: The output cannot be written: No space left on device. Free some space, or send it somewhere "
        "else.\n"
    )


def test_letters_that_the_terminal_has_not_are_spelled_out_and_programs_get_utf_8(fleet: Path, tmp_path: Path) -> None:
    shutil.copytree(fleet / LATER, tmp_path / LATER)
    path = tmp_path / LATER / "records.jsonl"
    text = path.read_text().replace("No room for", r"Kein Platz f\u00fcr")
    path.write_text(text.replace("edge0000", r"\u00e4dge0000"))
    env = {**os.environ, "FAISS_FLEET_REPORTS": str(tmp_path), "PYTHONIOENCODING": "ascii"}
    for line, words in (
        (["hosts"], rb"Kein Platz f\xfcr"),
        (["hosts", "--names"], "ädge0000".encode()),
        (["check", "glibc 2.17", "--csv"], "\nädge0000".encode()),
    ):
        command = [sys.executable, "-m", "faiss_fleet", *line]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=False)
        assert words in done.stdout and done.stderr == b"", (line, done.stderr)


def test_a_reader_that_goes_away_ends_a_command_quietly(fleet: Path) -> None:
    command = [sys.executable, "-m", "faiss_fleet", "--reports", str(fleet), "check", "glibc 2.34", "--csv"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_every_command_that_a_script_may_read_prints_json(fleet: Path) -> None:
    group: Any = get_command(commands.app)
    without = {
        name
        for name, command in group.commands.items()
        if not any("--json" in parameter.opts for parameter in command.params)
    }
    assert without == {"run", "export"}  # progress, and a format by name


def test_commands_that_write_print_json_too(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    write_run(reports, 5)
    assert json.loads(call(reports, "import", "--json"))["records"] == {RUN.id: 5}
    found = json.loads(call(reports, "report", RUN.id, "-f", "junit,csv", "--json"))
    assert (found["run"], found["hosts"], sum(found["states"].values())) == (RUN.id, 5, 5)
    assert {Path(file).name for file in found["files"]} >= {"junit.xml", "summary.csv"}
    assert json.loads(call(reports, "prune", "--keep", "1", "--json")) == {"schema": 1, "removed": [], "check": False}


def test_hosts_are_listed_and_chosen_by_state_and_cause(fleet: Path) -> None:
    found = json.loads(call(fleet, "hosts", "--json"))
    assert len(found) == HOSTS
    fallback = [line["host"] for line in found if line["state"] == "fallback"]
    assert call(fleet, "hosts", "--state", "fallback", "--names").split() == fallback
    several = json.loads(call(fleet, "hosts", "--state", "failed", "--state", "unreachable", "--json"))
    assert several == [line for line in found if line["state"] in ("failed", "unreachable")] != []
    by_cause = json.loads(call(fleet, "hosts", "--cause", "noexec_mount", "--json"))
    assert {line["cause"] for line in by_cause} == {"noexec_mount"}
    assert "more; --rows 20 shows all" in call(fleet, "hosts", "--rows", "3")
    assert call(fleet, "hosts", "--state", "native", "--cause", "noexec_mount") == "No host of the run matches.\n"
    # A job that asks for a cause is not stopped on the day on which no host has it, unless it would go on with all.
    assert json.loads(call(fleet, "hosts", "--cause", "glibc_too_old", "--json")) == []
    assert call(fleet, "hosts", "--cause", "glibc_too_old", "--names", status=1) == ""


@pytest.mark.parametrize(
    "line, words",
    [
        (["hosts", "--state", "natve"], "Did you mean native?"),
        (["hosts", "--cause", "noexec_mout"], "Did you mean noexec_mount?"),
        (["hosts", "lates"], "Did you mean latest?"),
        (["host", "nosuch"], "faiss-fleet hosts"),
        (["host", "{short}"], "Did you mean {host}?"),
        (["host", "search"], "names begin so: search00"),
        (["--json", "run"], "`faiss-fleet report --json`"),
        (["--json", "export", "csv"], "`faiss-fleet export json`"),
        (["needs", "/bin/sh", "--host", "nosuch"], "faiss-fleet hosts"),
        (["check", "nod 27"], "Did you mean node?"),
        (["check", "node 3"], "is not in the table"),
        (["check", "/no/such.so"], "does not exist"),
        (["check", "node 27", "-i", "inventory/prud"], "Did you mean inventory/prod?"),
        (["check", "node 27", "--run", "2031"], "no run"),
        (["check", "node 27", "--csv", "--json"], "either"),
        (["check", "node 27", "-i", "x", "--run", "previous"], "either"),
        (["check"], "Missing argument"),
        (["hsots"], "'hosts'"),
        (["hosts", "--jsn"], "--json"),
        (["runs", "--rows", "0"], "--rows"),
        (["report", "-f", "html,juint"], "Did you mean junit?"),
    ],
)  # fmt: skip
def test_what_a_person_can_fix_ends_with_2_and_says_what_was_meant(line: list[str], words: str, fleet: Path) -> None:
    names = {"host": host_of(fleet), "short": host_of(fleet).partition(".")[0]}
    line = [word.format(**names) for word in line]
    result = CliRunner().invoke(commands.app, ["--reports", str(fleet), *line], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert words.format(**names) in result.output


def test_colours_and_control_characters_are_for_terminals(fleet: Path) -> None:
    env = {**os.environ, "FAISS_FLEET_REPORTS": str(fleet), "TERM": "xterm-256color"}
    for line in (["hosts"], ["nosuch"], ["--help"]):
        done = subprocess.run(
            [sys.executable, "-m", "faiss_fleet", *line], cwd=ROOT, env=env, capture_output=True, check=False
        )
        assert b"\x1b" not in done.stdout + done.stderr, line


def test_a_run_that_died_before_its_first_host_can_be_reported(fleet: Path, tmp_path: Path) -> None:
    (tmp_path / LATER).mkdir()
    shutil.copy(fleet / LATER / "run.json", tmp_path / LATER)
    (tmp_path / LATER / "records.jsonl").touch()
    assert call(tmp_path, "runs", "--json") == "[]\n"
    assert json.loads(call(tmp_path, "report", LATER, "--json"))["states"]["failed"] == HOSTS
    assert json.loads(call(tmp_path, "hosts", "--cause", "interrupted", "--json"))[0]["run"] == LATER


def test_damaged_lines_of_a_run_are_told_by_number(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    directory = write_run(reports, 5)
    lines = (directory / "records.jsonl").read_text().splitlines(keepends=True)
    (directory / "records.jsonl").write_text("".join([lines[0], "{half\n", *lines[1:], '{"torn']))
    result = CliRunner().invoke(commands.app, ["--reports", str(reports), "runs"])
    assert "1 of its lines are no records and are left out (line 2)" in result.stderr
    assert result.stdout.count(RUN.id) == 1
    text = call(reports, "report", RUN.id, columns=80)
    assert "were damaged" in text and "records.jsonl.damaged" in "".join(text.split())
    assert "were damaged" in (directory / "summary.md").read_text()
    assert re.search(r"damaged", json.loads(call(reports, "report", RUN.id, "--json"))["damaged"])
