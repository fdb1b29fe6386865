# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a log says went wrong: on messages that people really got, on whole logs, and on input made to hurt."""
from __future__ import absolute_import, division, print_function

import io
import json
import os
import re
import time

import pytest

from faiss_fleet.causes import (
    diagnose as causes,
    rows as causes_rows,
    translations as causes_languages,
    table as causes_table,
)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))))
FIXTURES = os.path.join(ROOT, 'tests', 'fixtures', 'diagnosis')
LOGS = os.path.join(FIXTURES, 'logs')


def _json(path):
    with io.open(path, encoding='utf-8') as handle:
        return json.load(handle)


def _log(name):
    with io.open(os.path.join(LOGS, name + '.log'), 'rb') as handle:
        return handle.read()


def _causes(text):
    return [found['cause'] for found in causes.diagnose(text)]


def _root(text):
    return (_causes(text) or [None])[0]


ISSUES = _json(os.path.join(FIXTURES, 'issues.json'))
VARIANTS = _json(os.path.join(FIXTURES, 'variants.json'))
SEQUENCES = _json(os.path.join(FIXTURES, 'sequences.json'))
SUCCESSES = _json(os.path.join(FIXTURES, 'successes.json'))
TOOLS = _json(os.path.join(FIXTURES, 'tools.json'))
EXPECTED = sorted(_json(os.path.join(LOGS, 'expected.json')).items())


PARTS = sorted(set(entry['part'] for entry in ISSUES))


def _message(entry):
    return u'\n'.join(entry['lines'])


def _is_right(entry):
    """Whether the first cause is one of those wanted. Where no cause fits, silence will do; a harmless log needs it."""
    found = [each['cause'] for each in causes.diagnose(_message(entry), unknown=True)]
    if entry['cause'] == 'harmless':
        return found in ([], ['loader_benign'])
    if entry['cause'] == 'unknown':
        return not found or found[0] in ['unknown'] + entry['also']
    return found[:1] and found[0] in [entry['cause']] + entry['also']


@pytest.mark.parametrize('part', PARTS)
def test_excerpts_of_issues_get_their_cause(part):
    those = [entry for entry in ISSUES if entry['part'] == part]
    wrong = [(entry['source'], entry['cause'], _causes(_message(entry))) for entry in those if not _is_right(entry)]
    assert len(those) > 20
    assert wrong == []


@pytest.mark.parametrize('prefix', [u'#12 3.456 '] + [pytest.param(one, marks=pytest.mark.slow) for one in (
    u'web_1  | ', u'10:06:32 ', u'\u2502 ', u'0|index  | ', u'2026-01-02T03:04:05.123456+00:00 app[web.1]: ',
    u'[pod/web-abc/app] ', u'build\tRun tests\t2026-01-02T03:04:05.1234567Z ',
)])
def test_what_another_tool_puts_in_front_of_each_line_changes_little(prefix):
    _changes_little(lambda line: prefix + line)


@pytest.mark.slow
@pytest.mark.parametrize('written', [
    lambda line: json.dumps({'log': line + u'\n', 'stream': 'stderr'}, ensure_ascii=False),
    lambda line: json.dumps({'timestamp': '2026-01-02T03:04:05.1Z', 'message': line}, ensure_ascii=False),
    lambda line: u'\x1b[31m%s\x1b[39m' % line,
    lambda line: line + u'^M',
], ids=['docker', 'json', 'coloured', 'cat'])
def test_how_a_tool_writes_each_line_changes_little(written):
    _changes_little(written)


def _changes_little(written):
    wrong = {True: 0, False: 0}
    for entry in ISSUES:
        behind = dict(entry, lines=[written(line) for line in entry['lines']])
        wrong[entry['cause'] == 'harmless'] += not _is_right(behind)
    harmless = sum(entry['cause'] == 'harmless' for entry in ISSUES)
    assert wrong[True] <= harmless // 100
    assert wrong[False] <= (len(ISSUES) - harmless) // 100


@pytest.mark.parametrize('cause', sorted(TOOLS))
def test_what_tools_print_by_their_sources_has_its_cause(cause):
    wanted = None if cause == 'unknown' else cause  # no name for what has none
    assert [(message, _causes(message)) for message in TOOLS[cause] if _root(message) != wanted] == []


def test_excerpts_are_short_have_a_source_and_a_cause_of_the_list():
    for entry in ISSUES:
        assert re.match(r'[\w.-]+/[\w.-]+#\d+', entry['source']) or re.match(r'https?://', entry['source']), entry
        assert 0 < len(entry['lines']) <= 12 and max(len(line) for line in entry['lines']) <= 900, entry['source']
        assert set([entry['cause']] + entry['also']) <= set(causes.CAUSES) | set(['harmless']), entry['source']


def test_doubtful_labels_are_of_excerpts_and_give_a_reason():
    labels = dict((_message(entry), entry['cause']) for entry in ISSUES)
    for entry in _json(os.path.join(FIXTURES, 'relabelled.json'))['messages']:
        assert labels[entry['message']] == entry['class']
        assert entry['reason']


@pytest.mark.parametrize('half', ['develop', 'held_out', 'held_out_again', 'fresh_1', 'fresh_2', 'fresh_3',
                                  'fresh_4', 'fresh_5'])
def test_real_variants_get_their_class(half):
    those = [variant for variant in VARIANTS if variant['half'] == half]
    wrong = [(variant['class'], _causes(variant['message']), variant['message']) for variant in those
             if _root(variant['message']) != variant['class']]
    assert len(those) > 20
    assert wrong == []


def test_variants_have_a_source():
    assert all(re.match(r'[\w.-]+/[\w.-]+#\d+$|https?://', variant['source']) for variant in VARIANTS)


def test_variants_are_told_once():
    messages = [variant['message'] for variant in VARIANTS]
    assert sorted(message for message in set(messages) if messages.count(message) > 1) == []


@pytest.mark.parametrize('entry', SEQUENCES, ids=lambda entry: entry['root'])
def test_among_several_errors_the_root_comes_first(entry):
    found = _causes(u'\n'.join(entry['lines']))
    assert found[0] == entry['root']
    assert len(entry['lines']) > 1


@pytest.mark.parametrize('lines', SUCCESSES, ids=[lines[-1][:40] for lines in SUCCESSES])
def test_a_step_that_went_well_has_no_cause(lines):
    assert [found['cause'] for found in causes.diagnose(u'\n'.join(lines), unknown=True)] == []
    assert _causes(u'\r\n'.join(lines)) == []


def test_a_success_does_not_mend_what_comes_after_it():
    failed = u'npm ERR! network connect ECONNREFUSED 10.0.0.1:443'
    assert _causes(u'added 3 packages in 2s\n' + failed) == ['network']
    assert _causes(failed + u'\nadded 3 packages in 2s') == []


def test_a_success_mends_only_what_its_tool_tried_again():
    assert _causes(u'OSError: [Errno 28] No space left on device\nSuccessfully installed six-1.16.0') == ['disk_full']


def test_a_success_in_a_later_batch_mends_too():
    noise = [u'line %d' % number for number in range(9000)]
    lines = [u'http://mirror/centos/7/os/x86_64/repodata/repomd.xml: [Errno 14] curl#7'] + noise + [u'Complete!']
    assert _causes(u'\n'.join(lines[:-1])) == ['centos_eol_mirror']
    assert _causes(u'\n'.join(lines)) == []


def test_what_a_success_mends_is_listed():
    for _phrases, fixed in causes_table.RESOLVED:
        assert set(fixed) <= set(causes.CAUSES)


@pytest.mark.parametrize('name, expected', EXPECTED, ids=[name for name, _expected in EXPECTED])
def test_a_log_yields_the_root_first(name, expected):
    found = _causes(_log(name))
    assert found[0] == expected['root']
    assert found == expected['causes']


def test_every_log_has_its_expectation():
    logs = sorted(name[:-4] for name in os.listdir(LOGS) if name.endswith('.log'))
    assert logs == [name for name, _expected in EXPECTED]
    assert len(logs) >= 25


def test_lines_of_success_are_no_causes():
    with io.open(os.path.join(FIXTURES, 'harmless.log'), encoding='utf-8') as handle:
        lines = handle.read().splitlines()
    assert [(line, _causes(line)) for line in lines if _causes(line)] == []
    assert _causes(u'\n'.join(lines)) == []


# --- the list and the table

def test_each_cause_has_a_meaning_and_a_rank():
    for cause in causes.CAUSES:
        assert causes.meaning(cause).endswith('.')
        assert causes.rank(cause) >= 5


def test_the_causes_that_stages_give_by_themselves_are_listed():
    assert set('segfault abort timeout out_of_memory garbage_output wrong_answer low_recall not_installed '
               'python_missing read_only permission_denied hash_mismatch corrupt_artefact unreachable interrupted '
               'prediction unknown'.split()) <= set(causes.CAUSES)


def test_causes_are_named_once():
    assert len(set(causes.CAUSES)) == len(causes.CAUSES)


def _sample(row):
    return u' x1 '.join(row.parts) + (u' failed' if row.mention else u'')


def test_no_phrase_is_hidden_behind_an_earlier_one():
    """A phrase that another row always answers first is dead. Those with more conditions are tried by messages."""
    plain = [row for row in causes_rows.index().rows if not row.regex and not row.after]
    assert len(plain) > 1000
    hidden = [(row.cause, row.phrase, _root(_sample(row))) for row in plain
              if _root(_sample(row)) not in (row.cause, row.shared, None)]
    assert hidden == []
    # What ends or begins with a space does not fit at the edge of a line, and some exclude their own sample.
    assert [row.phrase for row in plain if _root(u'a ' + _sample(row) + u' b') is None] == []


def _never_used(entries, texts):
    """Those of (cause, first phrase, numbers of rows) of which no text uses a row; ends with the last of them."""
    seen = set()
    for text in texts:
        if not entries:
            break
        used = causes.rows_used(text) - seen
        if used:
            seen |= used
            entries = [entry for entry in entries if not entry[2] & used]
    return entries


def test_every_entry_of_the_table_is_used_by_a_message():
    entries, start = [], 0
    for cause, phrases, _options in causes_table.rows():
        entries.append((cause, phrases[0], set(range(start, start + len(phrases)))))
        start += len(phrases)
    texts = [_sample(row) for row in causes_rows.index().rows] + [text for _cause, text in CONDITIONED]
    texts += [text for texts in TOOLS.values() for text in texts] + [variant['message'] for variant in VARIANTS]
    entries = _never_used(entries, texts + [_log(name).decode('utf-8') for name, _expected in EXPECTED])
    # There are many excerpts of issues: those that are of the causes wanted come first.
    wanted = set(entry[0] for entry in entries)
    issues = sorted(ISSUES, key=lambda issue: issue['cause'] not in wanted)
    assert [entry[:2] for entry in _never_used(entries, [_message(issue) for issue in issues])] == []


CONDITIONED = [
    ('glibc_too_old', "/usr/bin/ld: libfoo.so: undefined reference to `exp@GLIBC_2.29'"),
    ('glibcxx_too_old', "/usr/bin/ld: libfoo.so: undefined reference to `_ZSt4cout@GLIBCXX_3.4.29'"),
    ('corrupt_artefact', 'Downloading faiss.tar.gz\n<!DOCTYPE html>'),
    ('process_limit', 'bash: fork: retry: Resource temporarily unavailable'),
    ('cpu_isa', 'app exited with code 132'), ('segfault', 'worker exit status: 139'), ('segfault', 'exited (135)'),
    ('abort', 'returncode=-6'), ('out_of_memory', 'signal: 9'), ('abort', './run.sh: line 3:  42 Aborted   ./search'),
    ('glibc_too_old', 'libfoo.so: undefined symbol: fcntl64'), ('interrupted', 'terminated by signal 15'),
    ('out_of_memory', '/opt/run.sh: line 7:   123 Killed                  python3 build.py'),
    ('build_tool_missing', 'make: c++: No such file or directory'),
    ('musl', 'Error relocating ./x: _ZNSs4_Rep: symbol'),
    ('compiler_too_old', u'g++: \u043e\u0448\u0438\u0431\u043a\u0430: \u00ab-std=gnu++14\u00bb'),
    ('cpu_isa', u'Ung\u00fcltiger Maschinenbefehl (Speicherabzug geschrieben)'),
    ('disk_full', u'tar: Auf dem Ger\u00e4t ist kein Speicherplatz mehr verf\u00fcgbar'),
    ('node_too_old', 'ReferenceError: fetch is not defined'), ('corrupt_artefact', 'the archive is truncated'),
    ('network', "failed to resolve 'index.example.org' ([Errno -2])"),
    ('externally_managed', 'error: externally-managed-environment'),
    ('command_missing', '/bin/sh: 1: frobnicate: not found'),
    (None, '[WARNING]: Module remote_tmp /home/a/.ansible/tmp did not exist and was created with a mode of 0700'),
    ('engine_network', 'docker: starting\nlisten tcp 0.0.0.0:80: bind: address already in use'),
    ('arch_mismatch', 'ld: skipping incompatible /usr/lib/libx.so when searching for -lx\nld: cannot find -lx'),
    ('missing_shared_lib', 'Referenced from: /x.node\n  Reason: image not found'),
    ('ansible_remote_tmp', 'fatal: [web1]: UNREACHABLE! => {"msg": "x"}\nCould not chdir to home directory /home/a: x'),
    ('python_missing', 'pyenv: python3.12: command not found'),
    ('prebuild_network', 'prebuild-install http 503 https://example.org/x-v1.tar.gz'),
    ('numpy2_abi', 'Please install numpy<2 and import it again'),
    ('node_too_old', 'You are using Node v12.1.0, please upgrade'), ('node_too_old', 'Minimum Node version: 18'),
    ('corrupt_artefact', 'Unable to extract archive'), ('build_failed', 'A lifecycle script of x failed'),
]


@pytest.mark.parametrize('cause, text', CONDITIONED)
def test_rows_with_conditions(cause, text):
    assert _root(text) == cause


@pytest.mark.parametrize('text', ['exit code: 0', 'code 1320', 'version 1.132', 'exit status 13', 'signal 90',
                                  'took 139 ms', 'killed time while waiting', 'port 137'])
def test_numbers_that_are_no_exit_codes(text):
    assert _causes(text) == []


# --- how a line may look

GLIBC = u"node: /lib64/libm.so.6: version `GLIBC_2.27' not found (required by node)"


@pytest.mark.parametrize('text', [
    pytest.param(GLIBC.replace(u'`', u'\u2018').replace(u"'", u'\u2019'), id='curly quotes'),
    pytest.param(GLIBC.replace(u'`', u"'"), id='straight quotes'),
    pytest.param(GLIBC.replace(u'`', u'\u00e2\u20ac\u02dc').replace(u"'", u'\u00e2\u20ac\u2122'), id='mojibake'),
    pytest.param(u'\x1b[31m' + GLIBC + u'\x1b[0m', id='colour'),
    pytest.param(u'#12 3.456 ' + GLIBC, id='docker build'),
    pytest.param(u'npm ERR! ' + GLIBC, id='npm'),
    pytest.param(u'2026-11-22T10:00:00.123Z ' + GLIBC, id='timestamp'),
    pytest.param(u'Nov 22 10:00:00 host app[12]: ' + GLIBC, id='syslog'),
    pytest.param(u'50%\r100%\r' + GLIBC + u'\r\n', id='carriage returns'),
    pytest.param(u'{"msg": "first\\nsecond: ' + GLIBC + u'\\nthird", "rc": 1}', id='escaped newlines'),
    pytest.param(u'node: /lib64/libm.so.6: version\n`GLIBC_2.27\' not found', id='wrapped'),
    pytest.param(u'npm ERR! node: /lib64/libm.so.6: version\nnpm ERR! `GLIBC_2.27\' not found', id='wrapped, prefixed'),
    pytest.param(u'x' * 50000 + u' ' + GLIBC + u' ' + u'y' * 50000, id='long line'),
    pytest.param(GLIBC.upper(), id='upper case'),
    pytest.param(u'\ufeff' + GLIBC, id='byte order mark'),
])
def test_a_message_is_known_in_any_clothes(text):
    assert _root(text) == 'glibc_too_old'
    assert _root(text.encode('utf-8')) == 'glibc_too_old'


@pytest.mark.parametrize('english, others', causes_languages.TRANSLATED, ids=lambda value: value if value[0] else '')
def test_what_systems_say_in_other_languages_is_known(english, others):
    for other in others:
        assert english in causes.clean(u'x: %s.' % other.upper())


@pytest.mark.parametrize('cause, text', [
    ('glibc_too_old', u'/lib64/libc.so.6: Version \xbbGLIBC_2.28\xab nicht gefunden (ben\xf6tigt von ./node)'),
    ('glibc_too_old', u'\u9519\u8bef\uff1a\u4f9d\u8d56\u68c0\u6d4b\u5931\u8d25\uff1a\n'
                      u'\tlibc.so.6(GLIBC_2.18)(64bit) \u88ab fim-0.2.1-1.x86_64 \u9700\u8981'),
    ('missing_shared_lib', u'ImportError: libgomp.so.1: Kann die Shared-Object-Datei nicht \xf6ffnen: '
                           u'Datei oder Verzeichnis nicht gefunden'),
    ('build_tool_missing', u'make: g++\uff1a\u547d\u4ee4\u672a\u627e\u5230'),
    ('command_missing', u'bash: pip3: commande introuvable'),
    ('cpu_isa', u'\u975e\u6cd5\u6307\u4ee4 (\u6838\u5fc3\u5df2\u8f6c\u50a8)'),
    ('out_of_memory', u'\u5df2\u6740\u6b7b'),
    ('centos_eol_mirror', u'\u6ca1\u6709\u53ef\u7528\u8f6f\u4ef6\u5305 devtoolset-7\u3002\n'
                          u'\u9519\u8bef\uff1a\u65e0\u987b\u4efb\u4f55\u5904\u7406'),
])
def test_messages_in_other_languages_get_their_cause(cause, text):
    assert _root(text) == cause
    assert _root(text.encode('utf-8')) == cause


def test_other_encodings():
    assert _root(GLIBC.encode('utf-16')) == 'glibc_too_old'
    assert _root(GLIBC.replace(u'`', u'\u2018').encode('cp1252')) == 'glibc_too_old'


def test_files_are_read_line_by_line():
    for handle in (io.BytesIO(GLIBC.encode('utf-8')), io.StringIO(u'a\n' + GLIBC), iter([u'a\n', GLIBC])):
        assert _root(handle) == 'glibc_too_old'


def test_the_line_and_its_number_are_told():
    found = causes.diagnose(u'one\ntwo\n\x1b[31m  %s \x1b[0m\nfour\n' % GLIBC)
    assert found == [{'cause': 'glibc_too_old', 'line': GLIBC, 'line_number': 3,
                      'remedy': causes.remedy('glibc_too_old')}]


def test_a_long_line_is_shown_around_what_was_found():
    shown = causes.diagnose(u'x ' * 3000 + GLIBC + u' y' * 3000)[0]['line']
    assert 'GLIBC_2.27' in shown
    assert len(shown) < 500


def test_control_characters_are_not_shown():
    assert causes.diagnose(u'\u202e\x00' + GLIBC + u'\x07')[0]['line'] == GLIBC


@pytest.mark.parametrize('text', [
    u'', b'', u'\n\n\n', b'\x00' * 1000, bytes(bytearray(range(256))) * 10, u'\ud7ff\u0301'],
    ids=['empty', 'no bytes', 'empty lines', 'zeroes', 'every byte', 'odd letters'])
def test_nothing_is_an_empty_list(text):
    assert causes.diagnose(text) == []


def test_lines_far_apart_are_not_joined():
    assert _causes(u'node: libm.so.6: version\n\n\nhello\n') == []


def test_line_numbers_are_right_across_batches():
    lines = [u'line %d of a log' % number for number in range(1, 10001)]
    lines[8999] = GLIBC
    assert causes.diagnose(u'\n'.join(lines))[0]['line_number'] == 9000


@pytest.mark.parametrize('text', [
    pytest.param(u'error: ' * 200000, id='one line of words'),
    pytest.param(u"version 'glibc_ " * 50000, id='half a phrase'),
    pytest.param(u'a' * 1500000, id='one word'),
    pytest.param(u'\\' * 500000, id='backslashes'),
    pytest.param(u"'\"" * 250000, id='quotes'),
    pytest.param(u'\x1b[' * 250000, id='escapes'),
    pytest.param(u'killed ' * 100000, id='a row with an expression'),
    pytest.param(u'signal=' * 100000 + u' 9', id='exit codes'),
    pytest.param(u'npm ERR! ' * 100000, id='prefixes'),
    pytest.param(u'\n'.join(u'error %d: no such file, not found' % number for number in range(15000)), id='many lines'),
])
def test_hostile_input_takes_bounded_time(text):
    before = time.process_time() if hasattr(time, 'process_time') else time.clock()
    causes.diagnose(text)
    after = time.process_time() if hasattr(time, 'process_time') else time.clock()
    assert after - before < 5
