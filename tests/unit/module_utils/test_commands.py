# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Commands answer, fail, hang, chatter and leave children behind; none of it raises or takes longer than its limit."""

from __future__ import absolute_import, division, print_function

import select
import sys
import time

from ansible.module_utils.faiss_fleet import commands


def test_answers_are_kept_apart_by_key():
    results = commands.run_all({"a": ["/bin/sh", "-c", "echo out; echo err >&2; exit 3"], "b": ["/bin/echo", "hi"]})
    assert results["a"] == commands.Result(3, "out\n", "err\n", None)
    assert results["b"].out == "hi\n"


def test_more_commands_than_run_at_once_are_all_run():
    results = commands.run_all(dict((number, ["/bin/echo", str(number)]) for number in range(11)))
    assert [results[number].out for number in range(11)] == ["%d\n" % number for number in range(11)]


def test_a_command_that_is_not_there_says_so():
    result = commands.run_all({"a": ["/nonexistent/command"]})["a"]
    assert result.rc is None
    assert result.error == "/nonexistent/command could not be started: No such file or directory."


def test_a_file_that_is_no_program_says_so(tmpdir):
    path = tmpdir.join("program")
    path.write("\x00\x01")
    path.chmod(0o755)
    assert "could not be started: Exec format error" in commands.run_all({"a": [str(path)]})["a"].error


def test_a_hanging_command_is_ended_with_its_children():
    started = time.time()
    result = commands.run_all({"a": ["/bin/sh", "-c", "echo before; sleep 60 & sleep 60"]}, timeout=1)["a"]
    assert time.time() - started < 15
    assert result.error == "/bin/sh gave no answer within 1 s and was ended."
    assert result.out == "before\n"


class LateSelect:
    """Sees nothing at the first look, by which time the command has written and ended."""

    error = select.error

    def __init__(self):
        self.looks = 0

    def select(self, streams, *rest):
        self.looks += 1
        if self.looks == 1:
            time.sleep(0.3)
            return [], [], []
        return select.select(streams, *rest)


def test_what_is_written_just_before_the_end_is_not_lost(monkeypatch):
    monkeypatch.setattr(commands, "select", LateSelect())
    assert commands.run_all({"echo": ["/bin/echo", "heard"]})["echo"].out == "heard\n"


def test_a_grandchild_that_keeps_the_pipe_open_does_not_hold_up_the_answer():
    started = time.time()
    result = commands.run_all({"a": ["/bin/sh", "-c", "echo done; sleep 20 &"]}, timeout=10)["a"]
    assert time.time() - started < 15
    assert (result.out, result.error) == ("done\n", None)


def test_output_is_bounded():
    program = "import sys\nfor _ in range(300): sys.stdout.write('x' * 10000)"
    result = commands.run_all({"a": [sys.executable, "-c", program]})["a"]
    assert len(result.out) == commands.MOST_OUTPUT
    assert result.rc == 0


def test_bytes_that_are_no_utf8_are_kept():
    result = commands.run_all({"a": ["/bin/sh", "-c", "printf '\\377'"]})["a"]
    assert result.out == commands.native(b"\xff")


def test_what_redirects_interpreters_and_the_loader_is_left_out():
    environ = {
        "PATH": "/bin",
        "HOME": "/root",
        "PYTHONPATH": "/x",
        "LD_PRELOAD": "/x.so",
        "BASH_ENV": "/x",
        "LANG": "de_DE",
    }
    assert commands.clean_environment(environ) == {"PATH": "/bin", "HOME": "/root", "LC_ALL": "C"}


def test_no_process_is_left_when_the_caller_is_interrupted(monkeypatch):
    started = []
    real = commands._Running.__init__

    def remember(self, *arguments):
        real(self, *arguments)
        started.append(self.process)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands._Running, "__init__", remember)
    monkeypatch.setattr(commands, "_wait", interrupt)
    try:
        commands.run_all({"a": ["/bin/sleep", "60"]})
    except KeyboardInterrupt:
        pass
    assert started[0].poll() is not None


def test_a_clock_that_is_set_changes_no_time_limit(monkeypatch):
    monkeypatch.setattr(commands.time, 'time', lambda: 0)
    assert 'gave no answer' in commands.run_all({'a': ['/bin/sleep', '60']}, timeout=0.2)['a'].error


def test_the_end_of_a_text_begins_at_a_whole_word():
    text = 'one https://me:hunter2@h/ two'
    assert [commands.last(text, most) for most in (len(text), 15, 3)] == [text, 'two', 'two']
    assert commands.last('Authorization: Basic bWU6cw==\n' + 'and more of that' * 2, 45).startswith('and more')


def test_nothing_to_run_is_nothing():
    assert commands.run_all({}) == {}
