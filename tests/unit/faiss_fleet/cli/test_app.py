# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is of the whole command line: options before and after a command, its reference, help, completion."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from faiss_fleet import __version__
from faiss_fleet.cli import app as commands
from faiss_fleet.cli.commands import keeping
from faiss_fleet.reports.formats import FORMATS
from tests.sample_records import RUN, write_run
from tests.unit.faiss_fleet.cli.typed import LATER, call

ROOT = Path(__file__).resolve().parents[4]


def test_options_of_all_commands_work_before_and_after_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAISS_FLEET_REPORTS", str(tmp_path / "of the environment"))
    directory, store = tmp_path / "named", tmp_path / "fleet.db"
    write_run(directory, 3)
    for line in (
        ["--reports", str(directory), "--store", str(store), "runs", "--json"],
        ["runs", "--json", "--reports", str(directory), "--store", str(store)],
        [
            "--reports",
            str(tmp_path / "other"),
            "--store",
            "other.db",
            "runs",
            "--json",
            "--reports",
            str(directory),
            "--store",
            str(store),
        ],
    ):
        assert [run["id"] for run in json.loads(call(*line))] == [RUN.id]
    call("--store", str(store), "--reports", str(directory), "import")
    assert store.exists() and not (directory / "history.sqlite").exists()
    seen: list[Path] = []
    monkeypatch.setattr("faiss_fleet.cli.audit.audit", lambda reports, *rest: seen.append(reports) or 4)
    call("--reports", str(directory), "run", "-i", "x,", status=4)
    assert seen == [directory]


@pytest.mark.parametrize("command", ["runs", "report", "diff", "import", "host web01", "prune --keep 1", "export csv"])
def test_a_mistyped_directory_of_runs_is_refused_and_not_made(tmp_path: Path, command: str) -> None:
    (tmp_path / "reports").mkdir()
    for line in (
        ["--reports", str(tmp_path / "reprots"), *command.split()],
        [*command.split(), "--reports", str(tmp_path / "reprots")],
    ):
        text = call(*line, status=2)
        assert "There is no directory" in text and "Did you mean reports?" in text
    assert [path.name for path in tmp_path.rglob("*")] == ["reports"]


def test_the_version_is_shown() -> None:
    assert call("--version") == call("hosts", "--version") == f"faiss-fleet {__version__}\n"


def test_mistyped_names_are_told_with_what_was_meant(reports: Path) -> None:
    name = json.loads((reports / LATER / "records.jsonl").read_text().splitlines()[0])["host"]["name"]
    assert f"Did you mean {name}?" in call("host", name[:-1] + name[-1] * 2, status=2)
    assert "Did you mean junit?" in call("export", "juint", status=2)
    assert "'report'" in call("reprot", status=2)


def test_an_empty_store_says_how_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAISS_FLEET_REPORTS", str(tmp_path))
    assert "faiss-fleet run -i inventory/local" in call("runs")
    assert "faiss-fleet run -i inventory/local" in call("diff", status=2)


def test_a_newer_store_is_refused_in_one_sentence(reports: Path) -> None:
    call("import")
    with sqlite3.connect(reports / "history.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
    assert "newer faiss-fleet" in call("runs", status=2)


def test_no_password_of_a_store_is_shown(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAISS_FLEET_STORE", "postgresql://fleet:s3cr3t-w0rd@127.0.0.1:1/db")
    text = call("runs", status=2)
    assert "s3cr3t-w0rd" not in text
    assert "127.0.0.1:1/db" in text


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from typer.testing import CliRunner; from faiss_fleet.cli.app import app;"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0;"
        "heavy = ('sqlalchemy', 'alembic', 'pyarrow', 'ansible_runner', 'jsonschema_rs');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_help_is_cut_at_80_columns() -> None:
    names = get_command(commands.app).commands  # type: ignore[attr-defined]
    for line in ([], *([name] for name in names)):
        text = CliRunner().invoke(commands.app, [*line, "--help"], env={"COLUMNS": "80"}).output
        assert "Usage:" in text and "…" not in text, line


def _documented() -> dict[str, set[str]]:
    """Options by command, as the reference has them."""
    found: dict[str, set[str]] = {}
    command = ""
    for line in (ROOT / "docs/reference/command-line.md").read_text().splitlines():
        if line.startswith("## "):
            command = line.removeprefix("## ").strip("`").removeprefix("faiss-fleet ")
        elif line.startswith("| `-"):
            found.setdefault(command, set()).update(re.findall(r"--[a-z-]+", line.split("|")[1]))
    return found


def test_the_reference_names_every_command_and_option() -> None:
    group: Any = get_command(commands.app)
    meant = {
        name: {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
        - {"--help"}
        for name, command in group.commands.items()
    }
    common = {"--reports", "--store", "--json"}
    found = _documented()
    assert {name: found.get(name, set()) - common for name in meant} == {
        name: options - common for name, options in meant.items()
    }
    assert _documented()["Options of all commands"] == common | {"--help"}
    assert set(keeping.EXPORTS) == set(FORMATS)


def test_the_commands_of_the_how_to_work(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(reports)
    name = json.loads((reports / LATER / "records.jsonl").read_text().splitlines()[0])["host"]["name"]
    text = (ROOT / "docs/how-to/history.md").read_text().replace("/var/lib/node_exporter/textfile/", "")
    lines = re.findall(r"^faiss-fleet (.*)$", text.replace("vector-01.example.org", name), re.MULTILINE)
    assert len(lines) > 10
    for line in lines:
        result = CliRunner().invoke(commands.app, line.split())
        assert result.exit_code == (1 if line.startswith("diff") else 0), (line, result.output, result.exception)
    assert {"faiss.xml", "faiss.sarif", "faiss.prom", "fleet.parquet"} <= {path.name for path in reports.iterdir()}


def _completed(words: str, home: Path, reports: Path) -> list[str]:
    """What bash offers for these words after `faiss-fleet --install-completion bash`, asked of bash itself."""
    program = home / "bin" / "faiss-fleet"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m faiss_fleet "$@"\n')
    program.chmod(0o755)
    environment = {
        "HOME": str(home),
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "FAISS_FLEET_REPORTS": str(reports),
        "LC_ALL": "C.UTF-8",
    }
    if not (home / ".bashrc").exists():
        # From a shell, as people do it: typer looks for one among its ancestors. `exit` keeps bash there.
        install = ["bash", "-c", "faiss-fleet --install-completion bash; exit $?"]
        subprocess.run(install, env=environment, check=True, capture_output=True)
    script = """
        source "$HOME/.bashrc"
        function_name=$(complete -p faiss-fleet | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        COMP_WORDS=($1); [[ $1 == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE=$1; COMP_POINT=${#1}; COMPREPLY=()
        "$function_name" faiss-fleet "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(["bash", "-c", script, "bash", words], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_bash_completes_commands_formats_and_runs(reports: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    assert _completed("faiss-fleet ex", home, reports) == ["explain", "export"]
    assert _completed("faiss-fleet export par", home, reports) == ["parquet"]
    assert _completed("faiss-fleet report 2026", home, reports) == [LATER, RUN.id]
