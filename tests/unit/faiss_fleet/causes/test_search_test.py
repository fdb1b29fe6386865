# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import errno
import json

import pytest

from faiss_fleet.causes import diagnose as causes
from faiss_fleet.causes import search_test
from faiss_fleet.target.child_process import Outcome, evidence
from faiss_fleet.target.search.frames import Frames

ENDED = Outcome(0, None, False, None, u'', 0, 1.5, False)
FLAT = {'index': 'flat', 'factory': 'Flat', 'recall_at_k': 1.0}
HNSW = {'index': 'hnsw', 'factory': 'HNSW16', 'recall_at_k': 0.99}


def said(*frames):
    found = Frames('word')
    for frame in frames:
        found.feed(('faiss-fleet-answer word %s\n' % json.dumps(frame)).encode('ascii'))
    return found


def at(stage, index=None):
    return said({'stage': stage, 'index': index})


def done(*reports):
    return said({'stage': 'throughput', 'found': {'known_answer': True, 'save_load': True, 'indexes': list(reports)}},
                {'stage': 'done'})


def failed(kind, message, cause=None, stage='import'):
    return said({'stage': stage, 'failed': {'type': kind, 'message': message, 'cause': cause,
                                            'trace': 'Traceback (most recent call last):\n' + message}})


def judge(outcome, frames, oom_kills=None, indexes=("flat", "hnsw"), **options):
    # As it comes from a host: through JSON.
    found = {"outcome": evidence(outcome), "said": frames.evidence(), "oom_kills": oom_kills}
    return search_test.judge(json.loads(json.dumps(found)), 30, list(indexes), **options)


def test_all_steps_done_is_a_pass():
    result = judge(ENDED, done(FLAT, HNSW))
    assert (result['ok'], result['cause'], result['message'], result['remedy']) == (True, None, None, None)
    assert (result['stage'], result['exit_code'], result['warnings'], result['log']) == ('done', 0, [], None)


@pytest.mark.parametrize('outcome, frames, cause, words', [
    pytest.param(ENDED._replace(exit_code=None, signal='SIGILL'), at('import'), 'cpu_isa', 'stage import', id='SIGILL'),
    pytest.param(ENDED._replace(exit_code=None, signal='SIGSEGV'), at('recall', 'hnsw'),
                 'segfault', 'stage recall (hnsw)', id='SIGSEGV'),
    pytest.param(ENDED._replace(exit_code=132), at('import'), 'cpu_isa', 'SIGILL', id='SIGILL through an engine'),
    pytest.param(ENDED._replace(exit_code=139), at('import'), 'segfault', 'SIGSEGV', id='SIGSEGV through an engine'),
    pytest.param(ENDED._replace(exit_code=None, signal='SIGBUS'), at('import'), 'segfault', 'SIGBUS', id='SIGBUS'),
    pytest.param(ENDED._replace(exit_code=None, signal='SIGABRT', log=u"  what():  regex_error\nAborted"),
                 at('known_answer'), 'abort', 'what():  regex_error', id='uncaught C++ exception'),
    pytest.param(ENDED._replace(exit_code=None, signal='SIGABRT', log=u"instance of 'std::bad_alloc'"), at('recall'),
                 'out_of_memory', 'SIGABRT', id='uncaught bad_alloc'),
    pytest.param(ENDED._replace(exit_code=None, signal='SIGKILL', timed_out=True), at('import'), 'timeout', '30 s',
                 id='hang'),
    pytest.param(ENDED._replace(exit_code=None, signal='SIGALRM'), at('import'), 'timeout', 'SIGALRM',
                 id='its own alarm'),
    pytest.param(ENDED._replace(exit_code=None, signal='SIGTERM'), at('import'), 'interrupted', 'SIGTERM',
                 id='SIGTERM'),
    pytest.param(ENDED, Frames('word'), 'garbage_output', 'exit code 0 without an answer, before it began',
                 id='silence'),
    pytest.param(ENDED, at('import'), 'garbage_output', 'at stage import', id='ended in the middle'),
    pytest.param(ENDED._replace(exit_code=1, log=u'OpenBLAS error: Memory allocation still failed after 10 retries'),
                 at('import'), 'out_of_memory', 'Memory', id='OpenBLAS without memory'),
    pytest.param(ENDED._replace(exit_code=127, log=u'/opt/x/python: error while loading shared libraries: libfoo.so.1: '
                                u'cannot open shared object file: No such file or directory'),
                 Frames('word'), 'missing_shared_lib', 'libfoo', id='interpreter lacks a library'),
    pytest.param(ENDED._replace(exit_code=None, start_error=OSError(errno.ENOENT, 'No such file', '/x/python')),
                 Frames('word'), 'python_missing', '/x/python', id='no interpreter'),
    pytest.param(ENDED._replace(exit_code=None, start_error=OSError(errno.ENOSPC, 'No space left', '/tmp')),
                 Frames('word'), 'disk_full', 'No space', id='full disk'),
    pytest.param(ENDED, done(FLAT), 'garbage_output', 'not every step', id='says done too early'),
    pytest.param(ENDED, said({'stage': 'done'}), 'garbage_output', 'not every step', id='says done at once'),
    pytest.param(ENDED, done(dict(FLAT, recall_at_k=0.999), HNSW), 'wrong_answer', '0.9990', id='flat is not exact'),
    pytest.param(ENDED, done(FLAT, dict(HNSW, recall_at_k=0.34)), 'low_recall', 'HNSW16 finds 0.3400', id='poor HNSW'),
])
def test_every_end_has_its_cause(outcome, frames, cause, words):
    result = judge(outcome, frames)
    assert (result['ok'], result['cause']) == (False, cause)
    assert words in result['message']
    assert result['remedy'] == causes.remedy(cause)


@pytest.mark.parametrize('kind, message, cause', [
    pytest.param('MemoryError', 'MemoryError', 'out_of_memory', id='MemoryError'),
    pytest.param('RuntimeError', 'RuntimeError: std::bad_alloc', 'out_of_memory', id='bad_alloc'),
    pytest.param('ModuleNotFoundError', "ModuleNotFoundError: No module named 'faiss'", 'not_installed', id='no faiss'),
    pytest.param('ImportError', "ImportError: No module named numpy", 'not_installed', id='no numpy on 2.7'),
    pytest.param('ModuleNotFoundError', "ModuleNotFoundError: No module named 'packaging'", 'not_installed',
                 id='no packaging'),
    pytest.param('ImportError', "ModuleNotFoundError: No module named 'faiss.swigfaiss'",
                 'loader_missing_module', id='no compiled part'),
    pytest.param('ImportError', "ImportError: No module named swigfaiss", 'loader_missing_module', id='its name alone'),
    pytest.param('ImportError', "ImportError: /lib64/libm.so.6: version `GLIBC_2.27' not found (required by "
                 "/x/libfaiss.so)", 'glibc_too_old', id='glibc'),
    pytest.param('ImportError', "ImportError: /lib64/libstdc++.so.6: version `GLIBCXX_3.4.21' not found (required by "
                 "/x/libfaiss.so)", 'glibcxx_too_old', id='libstdc++'),
    pytest.param('ImportError', 'ImportError: libgomp.so.1: cannot open shared object file: No such file or directory',
                 'missing_shared_lib', id='libgomp'),
    pytest.param('ValueError', 'ValueError: nobody has seen this', 'unknown', id='unheard of'),
    pytest.param('SystemExit', 'SystemExit: 0', 'garbage_output', id='a package that ends the interpreter'),
])
def test_an_exception_is_diagnosed_and_kept_verbatim(kind, message, cause):
    result = judge(ENDED, failed(kind, message))
    assert result['cause'] == cause
    assert message in result['message']


@pytest.mark.parametrize('left, cause', [(False, 'out_of_memory'), (True, 'noexec_mount')])
def test_a_library_that_cannot_be_mapped_lacks_memory_or_is_mounted_noexec(left, cause):
    frames = failed('ImportError', 'ImportError: libopenblas.so: failed to map segment from shared object')
    frames.failed['memory_left'] = left
    assert judge(ENDED, frames)['cause'] == cause


def test_a_wrong_answer_names_the_step_that_was_wrong():
    known = judge(ENDED, failed('Wrong', 'HNSW16 does not find', 'wrong_answer', 'known_answer'))
    assert (known['cause'], known['known_answer'], known['save_load']) == ('wrong_answer', False, None)
    saved = judge(ENDED, failed('Wrong', 'Flat answers otherwise', 'wrong_answer', 'save_load'))
    assert (saved['known_answer'], saved['save_load']) == (None, False)


def test_a_cause_that_is_not_of_the_list_is_not_believed():
    assert judge(ENDED, failed('Wrong', 'text', 'made_up'))['cause'] == 'unknown'


@pytest.mark.parametrize(
    "kills, kind, cause, words",
    [
        pytest.param(None, "python", "killed", "does not count", id="no counters"),
        pytest.param({"cgroup": None, "host": None}, "python", "killed", "does not count", id="kernel does not count"),
        pytest.param({"cgroup": 1, "host": 1}, "python", "out_of_memory", "counted a kill", id="its cgroup"),
        pytest.param({"cgroup": None, "host": 1}, "python", "out_of_memory", "counted a kill", id="host alone counts"),
        pytest.param({"cgroup": 0, "host": 1}, "python", "killed", "counted no kill", id="another one's kill"),
        pytest.param({"cgroup": 0, "host": 1}, "container", "out_of_memory", "counted a kill", id="in a container"),
        pytest.param({"cgroup": 0, "host": 0}, "python", "killed", "counted no kill", id="counted none"),
    ],
)
def test_sigkill_is_out_of_memory_only_where_the_kernel_counted_one(kills, kind, cause, words):
    result = judge(ENDED._replace(exit_code=None, signal="SIGKILL"), at("recall"), oom_kills=kills, kind=kind)
    assert result["cause"] == cause and words in result["message"]
    assert result["remedy"] == causes.remedy(cause)


def test_the_harmless_line_about_avx2_is_no_cause():
    log = u"INFO:faiss.loader:Could not load library with AVX2 support due to:\nModuleNotFoundError(\"No module " \
          u"named 'faiss.swigfaiss_avx2'\")\nINFO:faiss.loader:Successfully loaded faiss."
    assert judge(ENDED._replace(log=log), done(FLAT, HNSW))['ok'] is True
    crashed = judge(ENDED._replace(log=log, exit_code=None, signal='SIGSEGV'), at('recall'))
    assert crashed['cause'] == 'segfault'


def test_thresholds_are_the_callers():
    assert judge(ENDED, done(FLAT, dict(HNSW, recall_at_k=0.5)), min_recall={'hnsw': 0.4})['ok'] is True
    assert judge(ENDED, done(FLAT, HNSW), min_recall={'hnsw': 0.995, 'ivf': 1})['cause'] == 'low_recall'


@pytest.mark.parametrize('outcome, words', [
    pytest.param(ENDED._replace(exit_code=None, signal='SIGSEGV'), 'SIGSEGV', id='crash at exit'),
    pytest.param(ENDED._replace(exit_code=None, signal='SIGKILL', timed_out=True), 'did not end by itself',
                 id='hang at exit'),
    pytest.param(ENDED._replace(log_dropped=5), '5 bytes of the log', id='flood'),
    pytest.param(ENDED._replace(stuck=True), 'stuck in the kernel', id='stuck'),
])
def test_what_did_not_stop_the_test_is_a_warning(outcome, words):
    result = judge(outcome, done(FLAT, HNSW))
    assert result['ok'] is True
    assert words in ' '.join(result['warnings'])


def test_a_busy_host_is_told():
    result = judge(ENDED, done(dict(FLAT, cpu_share=0.98), dict(HNSW, cpu_share=0.41)))
    assert result['ok'] is True and '41 %' in result['warnings'][0]
    assert judge(ENDED, done(dict(FLAT, cpu_share=0.98), HNSW))['warnings'] == []


def test_garbage_is_shown_when_it_stands_in_place_of_an_answer():
    frames = Frames('word')
    frames.feed(b'Usage: nologin\n')
    result = judge(ENDED._replace(exit_code=1), frames)
    assert result['cause'] == 'garbage_output'
    assert 'Usage: nologin' in result['message'] and 'Usage: nologin' in result['log']


def found(kind="python", figures=True, **more):
    seen = {"outcome": evidence(ENDED), "said": done(FLAT).evidence(), "oom_kills": None, **more}
    return {"candidate": "x", "runtime": {"kind": kind, "argv": ["x"]}, "figures": figures, "evidence": seen}


def test_a_verification_keeps_what_was_tested_and_drops_the_evidence():
    result = search_test.verification(found(), 30, ["flat"])
    assert (result["candidate"], result["ok"], result["backend"]) == ("x", True, "faiss")
    assert "evidence" not in result
    assert search_test.verification(found("js"), 30, ["flat", "ivf"])["backend"] == "js"


def test_a_runtime_that_this_version_cannot_test():
    odd = {**found(), "evidence": {"refused": "a runtime of kind browser cannot be tested"}}
    result = search_test.verification(odd, 30, ["flat"])
    assert (result["ok"], result["cause"], result["indexes"]) == (False, "unknown", [])
    assert "browser" in result["message"]


@pytest.mark.parametrize("broken", [{"outcome": None}, {"said": {}}, {"said": 5}, {"outcome": {"start_error": 1}}])
def test_evidence_that_cannot_be_read_is_a_failure_of_the_host(broken):
    result = search_test.verification(found(**broken), 30, ["flat"])
    assert (result["ok"], result["cause"]) == (False, "garbage_output")


@pytest.mark.parametrize(
    "loader, ok, words",
    [
        pytest.param({"refused": "this one is 2.7.18"}, False, "cannot use it: this one is 2.7.18", id="old Python"),
        pytest.param(
            {"outcome": evidence(ENDED), "said": failed("X", "no frame").evidence()}, False, "no frame", id="it failed"
        ),
        pytest.param(
            {"outcome": evidence(ENDED._replace(timed_out=True)), "said": Frames("w").evidence()},
            False,
            "no end within 30 s",
            id="hang",
        ),
        pytest.param(
            {
                "outcome": evidence(ENDED._replace(start_error=OSError(2, "No such file", "/x/node"))),
                "said": Frames("w").evidence(),
            },
            False,
            "cannot be started: /x/node",
            id="no interpreter",
        ),
        pytest.param(
            {"outcome": evidence(ENDED._replace(exit_code=3)), "said": Frames("w").evidence()},
            False,
            "exit code 3 and without an answer",
            id="silence",
        ),
        pytest.param({"skipped": "no Python 3.6"}, True, "no Python 3.6", id="nothing to run it"),
        pytest.param(
            {"outcome": evidence(ENDED), "said": said({"stage": "done", "found": {"mode": "worker"}}).evidence()},
            True,
            "",
            id="passed",
        ),
    ],
)
def test_a_faiss_that_the_loader_cannot_use_has_not_passed(loader, ok, words):
    result = search_test.verification(found(loader=loader), 30, ["flat"])
    assert result["ok"] is ok
    assert words in (" ".join(result["warnings"]) if ok else result["message"])
    if ok:
        assert result["loader"] is None or result["loader"]["mode"] == "worker"
    else:
        assert (result["cause"], result["stage"], result["loader"]) == ("loader_failed", "loader", None)
        assert result["remedy"] == causes.remedy("loader_failed")
