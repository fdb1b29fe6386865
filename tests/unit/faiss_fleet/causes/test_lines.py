# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Lines of a log in the form in which the table of causes is written."""

from __future__ import annotations

import pytest

from faiss_fleet.causes import lines


@pytest.mark.parametrize(
    "line, clean",
    [
        ("  No Space   LEFT\ton device ", "no space left on device"),
        ("\x1b[31mversion \x1b[1m`GLIBC_2.27' not found\x1b[0m", "version 'glibc_2.27' not found"),
        ("version \u2018GLIBC_2.27\u2019", "version 'glibc_2.27'"),
        ("version \u00e2\u20ac\u02dcGLIBC_2.27\u00e2\u20ac\u2122", "version 'glibc_2.27'"),
        ("version \\'GLIBC_2.27\\'", "version 'glibc_2.27'"),
    ],
)
def test_colours_quotes_and_spaces_are_one_kind(line: str, clean: str) -> None:
    assert lines.clean(line) == clean


def test_what_systems_say_in_other_languages_becomes_english() -> None:
    text, words = lines.cleaned("N\u00e3o h\u00e1 espa\u00e7o dispon\u00edvel no dispositivo")
    assert text == "no space left on device" and {"space", "device"} <= words


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param("a\nb\r\nc", [(1, "a"), (2, "b"), (3, "c")], id="text"),
        pytest.param("\ufeffa", [(1, "a")], id="byte order mark"),
        pytest.param("progress 1%\rprogress 2%", [(1, "progress 1%"), (1, "progress 2%")], id="carriage returns"),
        pytest.param('{"msg": "a\\nb"}', [(1, '{"msg": "a'), (1, 'b"}')], id="lines inside of JSON"),
        pytest.param('"C:\\py\\numpy\\x.py"', [(1, '"C:\\py\\numpy\\x.py"')], id="a path of Windows"),
        pytest.param("C:\\\\py\\nb", [(1, "C:\\\\py"), (1, "b")], id="a path of Windows in JSON"),
        pytest.param("f\u00fcr".encode("cp1252"), [(1, "f\u00fcr")], id="another encoding"),
        pytest.param("a\nb".encode("utf-16"), [(1, "a"), (2, "b")], id="UTF-16"),
        pytest.param([b"a\n", "b\n"], [(1, "a"), (2, "b")], id="lines of a file"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_lines_are_numbered_as_an_editor_numbers_them(text: lines.Text, expected: list[tuple[int, str]]) -> None:
    assert [(number, original) for number, original, _clean, _words in lines.of(text)] == expected


def test_a_long_line_is_looked_at_in_pieces_that_overlap() -> None:
    text = "x" * (lines.PIECE - 5) + "no space left" + "y" * lines.PIECE
    pieces = [clean for _number, _original, clean, _words in lines.of(text)]
    assert len(pieces) == 3 and max(map(len, pieces)) <= lines.PIECE
    assert any("no space left" in piece for piece in pieces)


@pytest.mark.parametrize(
    "line, rest",
    [
        ("npm err! code enospc", "enospc"),
        ("npm err! gyp err! stack error: no", "error: no"),
        ("2026-11-22t10:11:12.000z #12 3.45 no space", "no space"),
        ("error: no space", "error: no space"),
    ],
)
def test_what_tools_put_in_front_is_taken_off(line: str, rest: str) -> None:
    assert lines.without_prefix(line) == rest


def test_a_line_is_shown_around_what_was_found_without_what_steers_a_terminal() -> None:
    shown = lines.shown("a" * 3000 + " No space left on device " + "b" * 3000, ["no space left on device"])
    assert "No space left on device" in shown and len(shown) <= lines.SHOWN + 6
    assert shown.startswith("...") and shown.endswith("...")
    assert lines.shown("\x1b[2Jone\u202etwo\x07", []) == "onetwo"


def test_letters_of_utf_8_that_were_taken_for_latin_1() -> None:
    assert lines.clean("n\u00c3\u00a3o h\u00c3\u00a1 espa\u00c3\u00a7o") == "n\u00e3o h\u00e1 espa\u00e7o"
    assert lines.clean("a lone \u00c3 stays") == "a lone \u00e3 stays"


@pytest.mark.parametrize("more", [', "stream": "stderr"', ',"stream":"stderr","time":"2026-01-02T03:04:05.1Z"', ""])
def test_what_docker_writes_behind_a_line_is_no_line_of_the_log(more: str) -> None:
    written = '{"log": "Retrying after connection broken\\n"' + more + "}\n"
    assert [line[1] for line in lines.of(written)] == ['{"log": "Retrying after connection broken']
