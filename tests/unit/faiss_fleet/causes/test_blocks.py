# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Lines that belong together: a warning of CMake, a test program of configure, a script of npm, a help, a traceback."""

import pytest

from faiss_fleet.causes import blocks, lines


def _said(method, *log):
    each = blocks.Blocks()
    alone = method in ('probed', 'scripted', 'announced')
    return [getattr(each, method)(*((line,) if alone else (line, lines.clean(line)))) for line in log]


WARNING = ('CMake Warning at CMakeLists.txt:3 (message):', '  Could not find X.', '',
           'Call Stack (most recent call first):', '  CMakeLists.txt:9 (include)')


@pytest.mark.parametrize('prefix', ['', '#8 12.3 ', 'npm ERR! ', '2024-01-02T03:04:05Z '])
def test_a_warning_of_cmake_ends_where_the_indentation_does(prefix):
    log = tuple(prefix + line for line in (*WARNING, '-- Configuring done', '  Could not find Y.'))
    assert _said('warned', *log) == [True] * 5 + [False, False]


@pytest.mark.parametrize('kind', ['Warning', 'Deprecation Warning', 'Warning (dev)'])
def test_every_kind_of_warning(kind):
    assert _said('warned', f'CMake {kind} at x:1:', '  text') == [True, True]


def test_an_error_of_cmake_is_no_warning_and_ends_one():
    assert _said('warned', 'CMake Error at x:1:', '  text') == [False, False]
    assert _said('warned', *WARNING[:2], 'CMake Error at x:1:', '  text') == [True, True, False, False]


def test_a_test_program_of_configure_ends_at_the_next_check():
    log = ('configure:3120: gcc -o conftest conftest.c', 'conftest.c:9: fatal error: x.h: No such file or directory',
           'checking for y.h... no', 'y.h: No such file or directory')
    assert _said('probed', *log) == [True, True, False, False]


def test_what_configure_ends_with_is_no_test_program():
    log = ('configure:3120: gcc -o conftest conftest.c', 'ld: cannot find -lx', 'configure:3200: error: no x')
    assert _said('probed', *log) == [True, True, False]


def test_indentation_is_counted_behind_prefixes():
    assert lines.behind_prefix('npm err!   text') is not None
    assert _said('warned', 'npm ERR! CMake Warning at x:1:', 'npm ERR!   text', 'npm ERR! text') == [True, True, False]


def test_what_cmake_tried_is_a_test_program_until_it_says_what_it_found():
    log = ('performing c++ source file test have_x failed with the following output:', 'change dir: /tmp',
           "c++: error: unrecognized command-line option '-mx'", 'gmake[1]: *** [x] error 1', 'cmake error at x:1:')
    assert _said('probed', *log) == [True] * 4 + [False]


def test_a_script_of_a_package_is_no_output():
    log = ('> x@1.0.0 install', '> node-gyp rebuild || echo failed', 'make: g++: not found', '> quoted')
    assert _said('scripted', *log) == [True, True, False, False]


def test_help_ends_with_its_indentation():
    log = ('Usage:', '  tool [options]', '', 'Options:', '  --tls-verify  verify it', 'no such option: --x', '  x')
    assert _said('helped', *log) == [True] * 5 + [False, False]
    assert _said('helped', '  usage: setup.py cmd', '     or: setup.py --help', '  error: invalid command') == [
        True, True, False]


def test_the_source_in_a_traceback_is_below_its_place_and_deeper():
    log = ('Traceback (most recent call last):', '  File "a.py", line 3, in f', '    raise OSError("disk full")',
           '  File "<frozen x>", line 9, in g', 'OSError: disk full')
    assert _said('quoted', *log) == [False, False, True, False, False]


def test_the_stack_that_a_warning_announces_belongs_to_it():
    said = _said('announced', 'failed to load native impl; falling back on java impl. stacktrace follows.',
                 'java.lang.unsatisfiedlinkerror: unknown', 'at jnr.ffi.asmruntime.x(asmruntime.java:48)',
                 'caused by: java.io.ioexception: x', 'listening', 'java.lang.unsatisfiedlinkerror: unknown')
    assert said == [False, True, True, True, False, False]
