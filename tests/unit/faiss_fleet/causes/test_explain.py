# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""`faiss-fleet explain`: what is printed, in which order, and the exit code."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from faiss_fleet import cli
from faiss_fleet.causes import explain

ROOT = Path(__file__).resolve().parents[4]
LOGS = ROOT / "tests" / "fixtures" / "diagnosis" / "logs"
LOG = LOGS / "faiss-node-prebuild-404-then-cmake-js.log"


@dataclass
class Ended:
    status: object
    stdout: bytes
    stderr: bytes


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., Ended]:
    """Calls the command as its entry point does, in this process."""

    def called(*arguments: str, stdin: bytes = b"") -> Ended:
        (tmp_path / "stdin").write_bytes(stdin)
        with open(tmp_path / "stdin", "rb") as stream, io.TextIOWrapper(stream) as text:
            monkeypatch.setattr(sys, "argv", ["faiss-fleet", "explain", *arguments])
            monkeypatch.setattr(sys, "stdin", text)
            with pytest.raises(SystemExit) as ended:
                cli.main()
        return Ended(ended.value.code, *capfdbinary.readouterr())

    return called


def start(*arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "faiss_fleet", "explain", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, cwd=ROOT, env=env, check=False, timeout=120)


def test_the_root_comes_first_with_its_line_and_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain.explain(LOG, False, None, None) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Root cause: prebuild_missing\n")
    assert "line 7: npm ERR! prebuild-install http 404" in printed
    assert "Do: Use a release that has one" in printed
    assert printed.index("prebuild_missing") < printed.index("2: build_tool_missing")


def test_json_is_a_list_of_cause_line_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain.explain(LOG, True, None, None) == 0
    found = json.loads(capsys.readouterr().out)
    assert [entry["cause"] for entry in found] == ["prebuild_missing", "build_tool_missing"]
    assert all(sorted(entry) == ["cause", "line", "remedy"] for entry in found)
    assert found[1]["line"] == "npm ERR! sh: cmake-js: not found"


def test_standard_input_is_read() -> None:
    for arguments in ([], ["-"]):
        ended = start("--json", *arguments, stdin=LOG.read_bytes())
        assert ended.returncode == 0
        assert json.loads(ended.stdout)[0]["cause"] == "prebuild_missing"


def test_nothing_recognised_says_what_to_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = tmp_path / "quiet.log"
    log.write_text("all is well\n")
    assert explain.explain(log, False, None, None) == 1
    printed = capsys.readouterr().out
    assert f"No cause is recognised in {log}." in printed
    assert "pip: --verbose" in printed


def test_a_failure_that_no_cause_fits_is_shown_by_its_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = tmp_path / "odd.log"
    log.write_text("starting\nError: something new happened\n")
    assert explain.explain(log, False, None, None) == 1
    printed = capsys.readouterr().out
    assert printed.startswith(f"No cause is recognised in {log}.\nThe line that says most of it is line 2:\n")
    assert "  Error: something new happened\n" in printed
    assert explain.explain(log, True, None, None) == 1
    assert [entry["cause"] for entry in json.loads(capsys.readouterr().out)] == ["unknown"]


def test_remedies_are_for_the_host_that_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = tmp_path / "short.log"
    log.write_text("libgomp.so.1: cannot open shared object file\n")
    assert explain.explain(log, False, "apk", None) == 0
    printed = capsys.readouterr().out
    assert "`apk add libgomp`" in printed
    assert "yum" not in printed


def test_nothing_recognised_is_an_empty_list_in_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty.log").write_bytes(b"")
    assert explain.explain(tmp_path / "empty.log", True, None, None) == 1
    assert json.loads(capsys.readouterr().out) == []


def test_a_harmless_notice_is_not_called_a_root(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain.explain(LOGS / "avx2-fallback-then-success.log", False, None, None) == 0
    assert capsys.readouterr().out.startswith("Harmless: loader_benign\n")


@pytest.mark.parametrize("name", ["absent.log", "."], ids=["absent", "a directory"])
def test_unreadable_input_ends_with_2(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert explain.explain(tmp_path / name, False, None, None) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Cannot read" in printed.err
    assert "pipe the log in" in printed.err


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", "standard input is empty"),
        (b"\x7fELF\x02\0\0", "is not text"),
        (b"all is well\n", "No cause is recognised"),
    ],
    ids=["empty", "binary", "quiet"],
)
def test_nothing_found_says_why(data: bytes, said: str, run: Callable[..., Ended]) -> None:
    ended = run(stdin=data)
    assert ended.status == 1
    assert said in ended.stdout.decode()


def test_commands_stay_on_one_line_to_be_copied() -> None:
    found = explain.find(io.BytesIO(b"Cannot find a valid baseurl for repo: base/7/x86_64\n"))
    commands = [line for line in explain.as_text(found).splitlines() if "sed -i.orig" in line]
    assert [line.count("`") % 2 for line in commands] == [0, 0]


def test_there_are_no_colours_where_there_is_no_terminal() -> None:
    assert b"\x1b" not in start(stdin=LOG.read_bytes()).stdout


@pytest.mark.parametrize("arguments", [("--yaml",), ("--family", "pip")])
def test_an_unknown_option_ends_with_2(arguments: tuple[str, ...], run: Callable[..., Ended]) -> None:
    assert run(*arguments).status == 2


@pytest.mark.parametrize(
    "data", [b"", b"\x00" * 4096, bytes(range(256)) * 64, b"\xff\xfe\x00\xd8", b"\n" * 1000], ids=range(5)
)
def test_rubbish_is_no_cause_and_no_crash(data: bytes, run: Callable[..., Ended]) -> None:
    ended = run(stdin=data)
    assert (ended.status, ended.stderr) == (1, b"")


def test_a_large_log_is_read_in_pieces(run: Callable[..., Ended]) -> None:
    noise = b"[ 12%%] Building CXX object faiss/CMakeFiles/faiss.dir/file%d.cpp.o\n"
    lines = b"".join(noise % number for number in range(10000))
    ended = run("--json", stdin=lines + b"g++: error: unrecognized command line option '-std=c++17'\n" + lines)
    assert [entry["cause"] for entry in json.loads(ended.stdout)] == ["compiler_too_old"]


def test_output_fits_a_terminal_without_utf_8() -> None:
    log = "g++: error: unrecognized command line option \u2018-std=c++17\u2019\n".encode()
    ended = start(stdin=log, env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "ascii"})
    assert ended.returncode == 0
    assert b"-std=c++17" in ended.stdout


def test_control_characters_of_a_log_do_not_reach_the_terminal() -> None:
    found = explain.find(io.BytesIO(b"\x1b]0;owned\x07\x1b[2J disk: No space left on device \x9b31m\n"))
    assert "\x1b" not in explain.as_text(found)
    assert "\x9b" not in explain.as_text(found)
    assert found[0]["cause"] == "disk_full"
