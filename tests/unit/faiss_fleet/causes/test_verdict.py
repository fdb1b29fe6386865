# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How lines of a log are judged together: errno, wrappers, tools that print the same line, and failures unknown."""

import pytest

from faiss_fleet.causes import diagnose as causes


def _causes(*lines, **options):
    return [found['cause'] for found in causes.diagnose('\n'.join(lines), **options)]


@pytest.mark.parametrize('line, errno, cause', [
    ('ImportError: /opt/x.so: failed to map segment from shared object: %s', 'Permission denied', 'selinux_exec'),
    ('ImportError: /opt/x.so: failed to map segment from shared object: %s', 'Operation not permitted',
     'noexec_mount'),
    ('OpenBLAS blas_thread_init: pthread_create failed for thread 1 of 8: %s', 'Resource temporarily unavailable',
     'process_limit'),
    ('OpenBLAS blas_thread_init: pthread_create failed for thread 1 of 8: %s', 'Operation not permitted',
     'seccomp_clone3'),
    ('E: Could not get lock /var/lib/dpkg/lock - open (11: %s)', 'Resource temporarily unavailable', 'package_lock'),
])
def test_errno_at_the_end_of_the_line_decides(line, errno, cause):
    assert _causes(line % errno)[0] == cause


WRAPPER = 'Error: Could not import faiss-node. Please install faiss-node as a dependency.'


def test_a_wrapper_counts_when_it_is_alone():
    assert _causes(WRAPPER) == ['bindings_missing']


def test_the_error_that_a_wrapper_passes_on_counts_in_its_place():
    assert _causes(WRAPPER, '', 'Error: /app/faiss-node.node: invalid ELF header') == ['arch_mismatch']


def test_a_wrapper_around_an_unknown_error_is_unknown():
    inner = "Error: Cannot read properties of undefined (reading 'indexOf')"
    assert _causes(WRAPPER, '', inner) == []
    found = causes.diagnose('\n'.join([WRAPPER, '', inner]), unknown=True)
    assert [(each['cause'], each['line'], each['line_number']) for each in found] == [('unknown', inner, 3)]


SOLVER = ('Error:', ' Problem: conflicting requests', '  - nothing provides conky needed by conky-manager-2.3.4-11')


def test_a_line_of_the_solver_counts_for_the_tool_of_the_log():
    assert _causes(*SOLVER) == ['package_conflict']
    assert _causes('$ conda install conky', *SOLVER) == ['conda_unsat']


@pytest.mark.parametrize('repository, cause', [
    ('http://mirror.centos.org/centos/7/os/x86_64', 'centos_eol_mirror'),
    ('http://mirror.example/centos/7.9.2009/os/x86_64', 'centos_eol_mirror'),
    ('http://repo.zabbix.example/zabbix/6.0/rhel/7/x86_64', 'repo_failed'),
    ('http://packages.ntop.example/centos/7/x86_64', 'repo_failed'),
])
def test_a_repository_is_known_by_its_address(repository, cause):
    assert _causes(repository + '/repodata/repomd.xml: [Errno 14] HTTP Error 404 - Not Found') == [cause]


@pytest.mark.parametrize('name, cause', [
    ('base/7/x86_64', 'centos_eol_mirror'), ('centos-sclo-rh', 'centos_eol_mirror'), ('zabbix', 'repo_failed')])
def test_a_repository_is_known_by_its_name(name, cause):
    assert _causes('Cannot find a valid baseurl for repo: ' + name) == [cause]


def test_what_pip_said_before_it_succeeded_does_not_count():
    lines = ("ERROR: pip's dependency resolver does not currently take into account all the packages.",
             'gensim 4.3.3 requires numpy<2.0,>=1.18.5, but you have numpy 2.2.5 which is incompatible.')
    assert _causes(*lines) == ['numpy2_abi']
    assert _causes(*((*lines, 'Successfully installed faiss-cpu-1.10.0 numpy-2.2.5'))) == []


def test_a_key_that_yum_imports_is_no_cause():
    missing = 'Public key for curl-7.29.0-59.el7_9.1.x86_64.rpm is not installed'
    assert _causes(missing) == ['package_key']
    assert _causes(missing, 'Importing GPG key 0xF4A80EB5:', 'Running transaction test') == []


@pytest.mark.parametrize('lines, line', [
    (('podman: starting', 'Error: something new happened', 'npm ERR! code 1'), 'Error: something new happened'),
    (('npm ERR! code EWHATEVER', 'npm ERR! a complete log is in /root/x.log'), 'npm ERR! code EWHATEVER'),
    (('Traceback (most recent call last):', '  File "a.py", line 1', 'ValueError: no such thing'),
     'ValueError: no such thing'),
    (('fatal: [web1]: FAILED! => {"msg": "odd"}',), 'fatal: [web1]: FAILED! => {"msg": "odd"}'),
])
def test_a_failure_that_no_row_knows_is_shown_by_its_most_telling_line(lines, line):
    assert _causes(*lines) == []
    found = causes.diagnose('\n'.join(lines), unknown=True)
    assert [(each['cause'], each['line']) for each in found] == [('unknown', line)]


@pytest.mark.parametrize('lines', [
    ('all is well',), ('ERROR:root:the application had a word to say',), ('0 errors, 3 warnings',),
    ('Error: one mirror is slow, trying another', 'Successfully installed six-1.16.0'),
])
def test_what_is_no_failure_of_a_tool_is_not_unknown(lines):
    assert _causes(*lines, unknown=True) == []


def test_a_known_cause_needs_no_unknown_line():
    lines = ('Error: something new happened', 'OSError: [Errno 28] No space left on device')
    assert _causes(*lines, unknown=True) == ['disk_full']


def test_the_remedy_speaks_to_the_host():
    found = causes.diagnose('libgomp.so.1: cannot open shared object file', family='apk', arch='aarch64')[0]
    assert found['remedy'] == causes.remedy('missing_shared_lib', 'apk', 'aarch64', found['line'])
    assert '`apk add libgomp`' in found['remedy']


@pytest.mark.parametrize('required, current, expected', [
    ('^17 || ^16 || ^10.19', 'v20.15.1', []), ('>=14 <18', 'v16.13.0', []), ('^16.1.0', 'v16.13.0', []),
    ('20 || >=22', 'v18.19.1', ['node_too_old']), ('^12.13.0 || ^14.15.0 || >=15.0.0', 'v14.6.0',
    ['node_too_old'])])
def test_an_engine_warning_counts_only_where_node_is_older(required, current, expected):
    lines = ('npm warn EBADENGINE Unsupported engine {', "npm warn EBADENGINE   package: 'x@1.0.0',",
             f"npm warn EBADENGINE   required: {{ node: '{required}' }},",
             f"npm warn EBADENGINE   current: {{ node: '{current}', npm: '10.7.0' }}")
    assert _causes(*lines) == expected


IGNORED = ('TASK [Look for it] ****', 'fatal: [web1]: FAILED! => {"rc": 2, "stderr": "No space left on device"}',
           '...ignoring')


def test_a_task_whose_failure_the_playbook_ignores_is_no_cause():
    assert _causes(*IGNORED[:2]) == ['disk_full']
    assert _causes(*IGNORED, unknown=True) == []
    assert _causes(*IGNORED, *IGNORED[:2]) == ['disk_full']


def test_what_came_before_an_ignored_task_stays():
    assert _causes('ImportError: libgomp.so.1: cannot open shared object file', *IGNORED) == ['missing_shared_lib']


@pytest.mark.parametrize('line', [
    "utils.cpp:(.text+0x32ec)\uff1a对\u2018omp_get_thread_num\u2019未定义的引用",
    "utils.cpp:(.text+0x32ec): Nicht definierter Verweis auf »omp_get_thread_num«",
    "utils.cpp:(.text+0x32ec): référence indéfinie vers « omp_get_thread_num »",
    "utils.cpp:(.text+0x32ec): referencia a `omp_get_thread_num' sin definir",
    "utils.cpp:(.text+0x32ec): неопределённая ссылка на «omp_get_thread_num»",
])
def test_an_undefined_reference_is_known_in_other_languages(line):
    assert _causes(line, 'collect2: error: ld returned 1 exit status') == ['openmp_missing']


def test_what_ldd_says_of_the_interpreters_own_symbols_is_no_cause():
    assert _causes('undefined symbol: PyExc_ValueError\t(./_swigfaiss.so)') == []
    assert _causes('ImportError: /opt/x.so: undefined symbol: PyCMethod_New') != []
