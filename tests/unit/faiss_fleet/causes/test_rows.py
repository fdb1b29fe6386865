# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""When a row of the table fits a line, and that every row is found by a word of its own."""

from __future__ import annotations

import pytest

from faiss_fleet.causes import diagnose, lines, rows
from faiss_fleet.causes.rows import Row


def nothing() -> str:
    return ""


@pytest.mark.parametrize(
    "line, fits",
    [
        ("error: version 'glibc_2.27' not found here", True),
        ("not found: version 'glibc_2.27'", False),
        ("version 'glibc_2.27'", False),
    ],
)
def test_parts_of_a_phrase_must_follow_each_other(line: str, fits: bool) -> None:
    assert Row("glibc_too_old", "version 'glibc_ ~ not found").fits(line, nothing) == fits


def test_a_word_alone_is_no_end_of_another() -> None:
    row = Row("network", "enotfound")
    assert row.fits("getaddrinfo enotfound h", nothing)
    assert not row.fits("modulenotfounderror", nothing) and not row.fits("xenotfound", nothing)


def test_what_must_stand_before_and_what_must_not() -> None:
    after = Row("disk_full", "exit 1", after=["no ~ space"])
    assert after.fits("exit 1", lambda: "no more space") and not after.fits("exit 1", lambda: "all is well")
    unless = Row("disk_full", "no space", unless=["harmless"])
    assert unless.fits("no space", nothing) and not unless.fits("no space, harmless", nothing)


def test_a_regex_has_to_be_found_too() -> None:
    row = Row("unknown", "exit code", regex=r"exit code [1-9]")
    assert row.fits("exit code 2", nothing) and not row.fits("exit code 0", nothing)


def test_a_cause_that_is_in_no_list_is_an_error() -> None:
    with pytest.raises(KeyError):
        Row("no such cause", "phrase")


def test_the_index_calls_for_every_row_by_its_own_phrase() -> None:
    for number, row in enumerate(rows.index().rows):
        called = {found for word in lines.TOKEN.findall(" ".join(row.parts)) for found, *_ in rows.index().of(word)}
        assert number in called, row.phrase
        assert row.regex is None or row.regex.pattern, "it is compiled when it is used"
    assert rows.index().of("zzzzqqqq") == ()


@pytest.mark.parametrize(
    "form",
    [
        "bash: %s: command not found",
        "/bin/sh: 1: %s: not found",
        "zsh: command not found: %s",
        "spawn %s ENOENT",
        "make[2]: %s: No such file or directory",
        "xargs: %s: No such file or directory",
        'exec: "%s": executable file not found in $PATH',
        "FileNotFoundError: [Errno 2] No such file or directory: b'%s'",
        "error: command '/usr/bin/%s' failed: No such file or directory",
        "crun: executable file `%s` not found in $PATH",
        'Cannot run program "%s": error=2',
    ],
)
@pytest.mark.parametrize(
    "command, cause",
    [("ninja", "build_tool_missing"), ("podman", "engine_missing"), ("python3.9", "python_missing")],
)
def test_a_command_that_is_not_there_by_any_tool(form: str, command: str, cause: str) -> None:
    assert [found["cause"] for found in diagnose.diagnose(form % command)][:1] == [cause]
