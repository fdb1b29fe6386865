# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.records import attempt_logs
from faiss_fleet.records.clean import Cleaner


def failed(log: str, **more: Any) -> dict[str, Any]:
    return {"strategy": "wheel", "ok": False, "log": log, "message": "no", **more}


def test_the_whole_log_lies_beside_the_record_and_its_tail_in_it(tmp_path: Path) -> None:
    log = "".join(f"line {number}\n" for number in range(20_000))
    attempt = failed(log)
    attempt_logs.put_down(tmp_path, "web1", [failed(""), attempt], Cleaner())
    assert attempt["log_file"] == "logs/web1/02-wheel.log"
    assert (tmp_path / attempt["log_file"]).read_text() == log
    assert len(attempt["log"]) <= attempt_logs.TAIL and attempt["log"].endswith("line 19999\n")
    assert attempt["log"].startswith("line ")


def test_secrets_are_hidden_wherever_they_stand(tmp_path: Path) -> None:
    log = "".join(f"{number} https://user:hunter2@index.example/simple s3cretword\n" for number in range(5000))
    attempt = failed(log)
    attempt_logs.put_down(tmp_path, "web1", [attempt], Cleaner(["s3cretword"]))
    text = (tmp_path / attempt["log_file"]).read_text()
    assert "hunter2" not in text + attempt["log"] and "s3cretword" not in text + attempt["log"]
    assert text.count("\n") == 5000


NAMES = ["../../etc/cron.d/x", "/etc/passwd", "..", ".", "", "a\0b", "a/b", "\udc80", "x" * 400]


@pytest.mark.parametrize("name", NAMES)
def test_a_hosts_name_never_leads_out_of_the_directory(tmp_path: Path, name: str) -> None:
    attempt = failed("it said\n")
    attempt_logs.put_down(tmp_path / "run", name, [attempt], Cleaner())
    (written,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written.parent.parent == tmp_path / "run" / "logs"
    assert written.read_text() == "it said\n"


def test_names_that_differ_do_not_share_a_directory() -> None:
    names = ["a/b", "a%2Fb", "a", ".a", "%2Ea", "x" * 400, "x" * 401, "A"]
    assert len({attempt_logs.safe(name) for name in names}) == len(names)


def test_a_log_without_end_is_bounded(tmp_path: Path) -> None:
    attempt = failed("first\n" + "0123456789abcde\n" * 200_000 + "last\n")
    attempt_logs.put_down(tmp_path, "h", [attempt], Cleaner())
    text = (tmp_path / attempt["log_file"]).read_text()
    assert len(text) < attempt_logs.MOST_CHARACTERS + 200
    assert text.startswith("first\n") and text.endswith("last\n") and "characters left out" in text


def test_a_password_is_not_half_shown_where_a_log_is_cut(tmp_path: Path) -> None:
    half = attempt_logs.MOST_CHARACTERS // 2
    log = "0123456789abcde\n" * (half // 16 - 1) + "https://me:hunter2@h/\n" + "0123456789abcde\n" * half
    attempt = failed(log)
    attempt_logs.put_down(tmp_path, "h", [attempt], Cleaner())
    assert "hun" not in (tmp_path / attempt["log_file"]).read_text()


def test_only_failures_with_a_log_are_written_and_once(tmp_path: Path) -> None:
    attempts = [failed("x", ok=True), failed("x", log_file="logs/h/01-wheel.log"), failed(" "), "no attempt"]
    attempt_logs.put_down(tmp_path, "h", attempts, Cleaner())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_leaves_the_tail_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    attempt = failed("it said\n")
    attempt_logs.put_down(tmp_path, "h", [attempt], Cleaner())
    assert attempt["log"] == "it said\n" and "log_file" not in attempt
    assert "could not be written" in attempt["message"]
