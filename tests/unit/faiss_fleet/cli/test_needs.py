# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The command names the chain from a file to the symbol version that a host lacks."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from faiss_fleet.cli import app as commands
from tests.sample_records import write_run
from tests.unit.module_utils.elf.elf_builder import Builder


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build of FAISS with one bundled library."""
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "build" / "faiss").mkdir(parents=True)
    (tmp_path / "build" / "libs").mkdir()
    data = Builder(
        needed=["libbundled.so", "libgomp.so.1", "libm.so.6"],
        rpath="$ORIGIN/../libs",
        needs=[
            ("libm.so.6", [("GLIBC_2.27", 0, ["powf"])]),
            ("libstdc++.so.6", [("GLIBCXX_3.4.20", 0, ["_ZSt24__throw_out_of_range_fmtPKcz"])]),
        ],
    ).build()
    (tmp_path / "build" / "faiss" / "faiss-node.node").write_bytes(data)
    (tmp_path / "build" / "libs" / "libbundled.so").write_bytes(Builder(soname="libbundled.so").build())
    return tmp_path / "build"


def call(*arguments: str, status: int) -> str:
    result = CliRunner().invoke(commands.app, ["needs", *arguments])
    assert result.exit_code == status, (result.output, result.exception)
    return result.output


def test_a_directory_is_compared_with_a_glibc(build: Path) -> None:
    text = call(str(build), "--glibc", "2.17", status=1)
    (line,) = [line for line in text.splitlines() if "libm.so.6" in line and "Host" not in line and "needs" not in line]
    assert line.split() == ["faiss/faiss-node.node", "libm.so.6", "GLIBC_2.27", "glibc", "2.17", "powf"]
    assert "std::__throw_out_of_range_fmt(char const*, ...)" in text
    assert "faiss/faiss-node.node needs GLIBC_2.27 of libm.so.6 (for powf), this host has glibc 2.17" in text
    assert "Nothing that is known of the host stands in the way" in call(str(build), "--glibc", "2.27", status=0)


def test_a_file_follows_what_lies_beside_it_and_json_keeps_the_raw_names(build: Path) -> None:
    found = json.loads(call(str(build / "faiss" / "faiss-node.node"), "--glibc", "glibc 2.17", "--json", status=1))
    assert found["verdict"] == "blocked"
    assert "libbundled.so" in found["bundled"]
    assert [reason["need"] for reason in found["reasons"]] == ["GLIBC_2.27"]
    assert ["_ZSt24__throw_out_of_range_fmtPKcz"] in [need["symbols"] for need in found["needs"]]


def test_a_wheel_is_compared_with_a_host_of_the_last_run(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "faiss_cpu-1.9.0-cp39-cp39-linux_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(build / "faiss" / "faiss-node.node", "faiss/_swigfaiss.so")
    reports = tmp_path / "reports"
    reports.mkdir()
    records = [json.loads(line) for line in (write_run(reports, 20) / "records.jsonl").read_text().splitlines()]
    old = next(one for one in records if one["facts"] and one["facts"]["libc"]["version"] == "2.17")
    monkeypatch.setenv("FAISS_FLEET_REPORTS", str(reports))
    text = call(str(wheel), "--host", old["host"]["name"], status=1)
    assert "faiss/_swigfaiss.so needs GLIBC_2.27 of libm.so.6 (for powf), this host has glibc 2.17" in text
    assert "No run in" in call(str(wheel), "--host", "no-such-host", status=2)


def test_files_without_anything_native_need_nothing(tmp_path: Path) -> None:
    wheel = tmp_path / "x-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("x/__init__.py", "")
    assert "has no native file: it needs no library of a host." in call(str(wheel), status=0)
    plain = tmp_path / "plain.so"
    plain.write_bytes(Builder(needed=["libm.so.6"]).build())
    text = call(str(plain), "--glibc", "2.17", status=0)
    assert "No symbol version of a host's library is needed." in text and "Host has" not in text


def test_without_a_host_nothing_is_judged(build: Path) -> None:
    assert "Not compared with a host" in call(str(build), status=0)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["/nonexistent/x.so"], "cannot be read"),
        ([".", "--glibc", "new"], "Write it as 2.17"),
        ([".", "--glibc", "2.17", "--host", "a"], "Name either"),
    ],
)
def test_what_a_person_can_fix_is_named(arguments: list[str], words: str) -> None:
    assert words in call(*arguments, status=2)
