# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The commands on runs that are on disk; ``run`` itself is tried in the integration tests."""

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

ROOT = Path(__file__).resolve().parents[4]
LATER = "20261129T101112Z-aaaaaa"


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs on disk, a week apart; in the second a host is gone, one unreachable, with a hostile text."""
    monkeypatch.setenv("FAISS_FLEET_REPORTS", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("FAISS_FLEET_STORE", raising=False)
    first = write_run(tmp_path, 20)
    second = tmp_path / LATER
    second.mkdir()
    hosts = [json.loads(line) for line in (first / "records.jsonl").read_text().splitlines()][:-1]
    for host in hosts:
        host["run"].update(id=LATER, started="2026-11-29T10:11:12Z", finished="2026-11-29T10:12:12Z")
    hosts[0].update(
        state="unreachable", cause="unreachable", because="\x1b[2Jtimed out", decision=None, verification=[]
    )
    (second / "records.jsonl").write_text("".join(json.dumps(host) + "\n" for host in hosts))
    about = json.loads((first / "run.json").read_text())
    about["run"].update(id=LATER, started="2026-11-29T10:11:12Z")
    about["hosts"] = {host["host"]["name"]: host["host"]["groups"] for host in hosts}
    (second / "run.json").write_text(json.dumps(about))
    return tmp_path


def call(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(commands.app, list(arguments))
    assert result.exit_code == status, (result.output, result.exception)
    assert not re.search(r"\x1b\[2J", result.output)
    return result.output


def test_runs_lists_what_is_on_disk(reports: Path) -> None:
    text = call("runs")
    assert text.index(LATER) < text.index(RUN.id)
    found = json.loads(call("runs", "--json"))
    assert [run["id"] for run in found] == [LATER, RUN.id]
    assert sum(found[1]["states"].values()) == 20


def test_a_run_that_changed_on_disk_is_taken_in_again(reports: Path) -> None:
    assert "2 new or changed" in call("import")
    assert "0 new or changed" in call("import")
    path = reports / LATER / "records.jsonl"
    path.write_text(path.read_text() + path.read_text().splitlines()[0].replace("timed out", "refused") + "\n")
    assert "1 new or changed" in call("import")
    (reports / "history.sqlite").unlink()
    assert "2 new or changed" in call("import")


DEAD = "postgresql://fleet:hush-hush@127.0.0.1:1/fleet"


def test_report_is_written_also_where_the_store_does_not_answer(reports: Path) -> None:
    (reports / "latest").symlink_to(LATER)
    text = call("report", "latest", "--store", DEAD)
    assert "know nothing of earlier ones" in text and "refused" in text and "hush-hush" not in text
    assert (reports / LATER / "index.html").is_file()
    text = call("report", "20261129T999999Z-aaaaaa", "--store", DEAD, status=2)
    assert "failed" in text and "hush-hush" not in text


def test_the_trend_is_of_the_store_that_is_named(reports: Path, tmp_path: Path) -> None:
    store = tmp_path / "elsewhere" / "fleet.db"
    call("report", "latest", "--store", str(store))
    assert 'id="chart-trend"' in (reports / LATER / "index.html").read_text()
    call("export", "html", "latest", "--store", str(store), "-o", str(tmp_path / "page.html"))
    assert 'id="chart-trend"' in (tmp_path / "page.html").read_text()
    assert not (reports / "history.sqlite").exists()


def test_the_store_may_stand_in_ansible_cfg(reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "ansible.cfg"
    settings.write_text(f"[fleet_record]\nstore = {tmp_path}/named.db\n")
    monkeypatch.setenv("ANSIBLE_CONFIG", str(settings))
    call("import")
    assert (tmp_path / "named.db").exists() and not (reports / "history.sqlite").exists()


def test_diff_shows_changes_and_the_age_of_the_last_good_result(reports: Path) -> None:
    text = call("diff", status=1)
    assert re.search(r"native by wheel, FAISS \S+, 6 days ago", text)
    assert "gone" not in text and f"only {RUN.id} was for them: 1 (" in text
    assert len(json.loads(call("diff", "previous", "latest", "--json", status=1))["only_before"]) == 1
    assert "nothing changed" in call("diff", LATER[:12], "latest")


def changed_run(reports: Path, number: int, **about: Any) -> str:
    """The second run again, a day later, of another kind."""
    name = f"202612{number:02}T101112Z-aaaaaa"
    (reports / name).mkdir()
    for file in ("records.jsonl", "run.json"):
        lines = (reports / LATER / file).read_text().splitlines()
        made = [json.loads(line.replace(LATER, name)) for line in (lines if file != "run.json" else ["".join(lines)])]
        for each in made:
            each["run"].update(about)
        (reports / name / file).write_text("".join(json.dumps(each) + "\n" for each in made))
    return name


def test_runs_of_another_inventory_or_mode_are_not_compared(reports: Path) -> None:
    local = changed_run(reports, 1, inventory=["inventory/local"])
    predicted = changed_run(reports, 2, check_mode=True)
    assert "can be compared with" in call("diff", "previous", local, status=2)
    assert "can be compared with" in call("diff", "previous", predicted, status=2)
    assert "their hosts are not the same" in call("diff", LATER, local, status=2)
    last = changed_run(reports, 3)
    assert f"From {LATER} to {last}: nothing changed" in call("diff")
    for run, bars in ((last, 3), (local, 0)):
        call("export", "html", run, "-o", str(reports / "page.html"))
        page = (reports / "page.html").read_text()
        assert ('id="chart-trend"' in page) == bool(bars)
        if bars:
            trend = page[page.index('id="chart-trend"') :]
            assert len(re.findall("<tr><th scope=.row.>", trend[: trend.index("</table>")])) == bars
    name = json.loads((reports / last / "records.jsonl").read_text().splitlines()[1])["host"]["name"]
    assert len(re.findall(r"predicted (?:native|fallback)", call("host", name))) == 1
    assert "check mode: predicted" in call("runs")


def test_host_shows_its_history(reports: Path) -> None:
    name = json.loads((reports / LATER / "records.jsonl").read_text().splitlines()[0])["host"]["name"]
    text = call("host", name)
    assert "<U+001B>[2Jtimed out" in text
    assert "Last good result: native by wheel" in text
    assert RUN.id in text
    found = json.loads(call("host", name, "--json"))
    assert [line["state"] for line in found["history"]] == ["unreachable", "native"]


def test_host_answers_what_people_ask(reports: Path) -> None:
    found = [json.loads(line) for line in (reports / LATER / "records.jsonl").read_text().splitlines()]
    fallback = next(each["host"]["name"] for each in found if each["state"] == "fallback")
    native = next(each["host"]["name"] for each in found if each["state"] == "native")
    assert "Does devtoolset give this host a newer glibc?" in call("host", fallback)
    assert "devtoolset" not in call("host", native)
    assert "What would a container need here?" in call("host", native, "--answers")


def test_unknown_names_are_told_with_what_there_is(reports: Path) -> None:
    assert "has a host named 'nobody'" in call("host", "nobody", status=2)
    assert LATER in call("diff", "2031", "latest", status=2)
    assert "more than one run" in call("report", "2026", status=2)


def test_report_renders_and_gives_a_run_its_folder_back(reports: Path) -> None:
    assert "index.html" in call("report", "previous")
    records = (reports / RUN.id / "records.jsonl").read_bytes()
    for path in (reports / RUN.id).iterdir():
        path.unlink()
    (reports / RUN.id).rmdir()
    assert "20 hosts" in call("report", "previous")
    assert sorted((reports / RUN.id / "records.jsonl").read_bytes().splitlines()) == sorted(records.splitlines())
    assert "Last good result" in call("report")


@pytest.mark.parametrize("name", FORMATS)
def test_export_writes_every_format(reports: Path, name: str) -> None:
    out = reports / "out"
    call("export", name, "-o", str(out))
    assert out.stat().st_size > 500
    assert [path.name for path in reports.glob(".out*")] == []
    if name == "jsonl":
        assert out.read_text() == call("export", name)


def test_export_refuses_what_is_no_format(reports: Path) -> None:
    assert "is not a format" in call("export", "pdf", status=2)
    assert "cannot be written" in call("export", "csv", "-o", str(reports / "no" / "such"), status=2)


def test_an_exported_file_is_whole_and_stays_as_it_is_when_nothing_changed(reports: Path) -> None:
    file = reports / "faiss.xml"
    call("export", "junit", "previous", "-o", str(file))
    written = file.read_bytes(), file.stat().st_ino
    assert written[0].count(b'<testcase name="backend" ') == 20
    call("export", "junit", "previous", "-o", str(file))
    assert (file.read_bytes(), file.stat().st_ino) == written


def test_reports_show_how_old_the_last_good_result_of_an_unreachable_host_is(reports: Path) -> None:
    call("report")
    for name in ("assessment.md", "summary.md"):
        assert re.search(r"native by wheel, FAISS [\d.]+, 6 days ago", (reports / LATER / name).read_text()), name


def test_report_writes_every_format_and_the_metrics_where_a_collector_looks(reports: Path) -> None:
    metrics = reports / "faiss.prom"
    call("report", "-f", "all", "--prometheus-file", str(metrics))
    assert {chosen.file for chosen in FORMATS.values()} < {path.name for path in (reports / LATER).iterdir()}
    assert metrics.read_bytes() == (reports / LATER / "fleet.prom").read_bytes()
    assert "'pdf' is not a format" in call("report", "-f", "pdf", status=2)


def test_prune_removes_what_it_said(reports: Path) -> None:
    assert "--keep 30" in call("prune", status=2)
    assert "give a number and a unit" in call("prune", "--older-than", "soon", status=2)
    assert RUN.id in call("prune", "--keep", "1", "--check")
    assert (reports / RUN.id).exists()
    call("prune", "--keep", "1", "--files")
    assert not (reports / RUN.id).exists()
    assert [run["id"] for run in json.loads(call("runs", "--json"))] == [LATER]


def test_pruned_runs_stay_away_though_their_files_are_kept(reports: Path) -> None:
    call("prune", "--keep", "1")
    assert (reports / RUN.id).exists()
    assert [run["id"] for run in json.loads(call("runs", "--json"))] == [LATER]


def test_explain_names_causes_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("Error: /lib64/libm.so.6: version `GLIBC_2.27' not found (required by faiss-node)\n")
    assert "glibc_too_old" in call("explain", str(log))
    assert json.loads(call("explain", "--json", str(log)))[0]["cause"] == "glibc_too_old"
    library = tmp_path / "library.log"
    library.write_text("ImportError: libgomp.so.1: cannot open shared object file\n")
    said = call("explain", "--family", "apk", "--arch", "aarch64", str(library))
    assert "`apk add libgomp`" in said and "yum" not in said
    log.write_text("all is well\n")
    call("explain", str(log), status=1)


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


def test_a_run_begins_with_an_inventory_and_a_directory_that_can_be_written(reports: Path) -> None:
    text = call("run", "-i", "inventory/prud", status=2)
    assert "Did you mean inventory/prod?" in text
    text = call("--reports", "/dev/null/runs", "run", "-i", "inventory/local", status=2)
    assert "/dev/null/runs cannot be written" in text and "not in the store" not in text


def test_the_version_is_shown() -> None:
    assert call("--version") == f"faiss-fleet {__version__}\n"


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


def test_an_audit_keeps_its_status_when_the_store_is_away(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAISS_FLEET_STORE", "postgresql://fleet:s3cr3t-w0rd@127.0.0.1:1/db")
    monkeypatch.setattr("faiss_fleet.cli.audit.audit", lambda *arguments: 4)
    text = call("run", "-i", "inventory/local", status=4)
    assert "not in the store yet" in text
    assert "s3cr3t-w0rd" not in text


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
