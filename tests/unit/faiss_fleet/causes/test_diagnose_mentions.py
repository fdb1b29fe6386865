# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is named in a log and did not fail: commands, options, facts of a host, the limits of other services."""

import pytest

from faiss_fleet.causes import diagnose as causes
from faiss_fleet.causes import rows as table_rows
from faiss_fleet.causes import table


def _causes(*lines):
    return [found['cause'] for found in causes.diagnose('\n'.join(lines), unknown=True)]


def test_what_is_only_mentioned_counts_where_the_line_says_that_something_failed():
    rows = [row for row in table_rows.index().rows if row.mention]
    assert {row.phrase for row in rows} == table.MENTIONED
    plain = [' x1 '.join(row.parts) for row in rows if not row.after]
    assert [text for text in plain if causes.diagnose(f'a {text} b')] == []
    assert [text for text in plain if not causes.diagnose(f'a {text} b failed')] == []


@pytest.mark.parametrize('command', [
    'RUN pip install --require-hashes -r requirements.txt', '$ pip install faiss-cpu', '+ pip install faiss-cpu',
    'Step 3/9 : RUN pip install faiss-cpu', '#8 [2/5] RUN pip install faiss-cpu', '=> [2/5] RUN pip install faiss-cpu',
    '[root@web1 ~]# pip install faiss-cpu', '(venv) user@web1:~/app$ pip install faiss-cpu',
    'g++ -o demo demo.cpp -lstdc++fs', '/usr/bin/c++ -shared -o x.so -lcudart deps/faiss/a.o error.o',
    'sudo apt-get install -y python-dev', '#8 0.345 + pip install faiss-cpu',
])
def test_a_command_is_no_evidence(command):
    assert _causes(command) == []


def test_what_a_command_printed_is_evidence():
    assert _causes('$ pip install faiss-cpu', '/bin/sh: 1: pip: not found') == ['command_missing']


@pytest.mark.parametrize('line, expected', [
    ("The command '/bin/sh -c pip install --require-hashes x' returned a non-zero code: 137", ['out_of_memory']),
    ('failed to solve: process "/bin/sh -c pip install --require-hashes x" did not complete successfully: '
     'exit code: 139',
     ['segfault']),
    ('executor failed running [/bin/sh -c pip install --require-hashes x]: exit code: 1', []),
])
def test_a_command_quoted_in_a_wrapper_is_no_evidence_and_its_exit_status_is(line, expected):
    assert [cause for cause in _causes(line) if cause != 'unknown'] == expected


@pytest.mark.parametrize('lines', [
    ('Collecting numpy<2.0,>=1.25.0 (from faiss-cpu)',), ('index.is_trained: True',),
    ('You are using Node.js v18.19.0',), ('napi version: 9',), ('Minimum nodes: 3',),
    ('x86-64-v2 (supported, searched)',), ('sys.version_info(major=3, minor=8)',),
    ('Setting up python-dev-is-python3 (3.9.2-1) ...',), ('checking for C++17 support... yes',),
    ('libcudart.so.11.0 => /usr/local/cuda/lib64/libcudart.so.11.0 (0x00007f2c)',),
    ('-- Using BLAS/LAPACK: OpenBLAS',), ('Checked 1200 objects, 0 corrupt',),
    ('*   CAfile: /etc/ssl/certs/ca-certificates.crt',), ('* successfully set certificate verify locations:',),
    ('* Establish HTTP proxy tunnel to github.com:443', '< HTTP/1.1 200 Connection established'),
    ('user.max_user_namespaces=28633',), ('BECOME password:',), ('remote_tmp = /tmp/.ansible',),
    ('AVX2 is not supported on this CPU, using the generic build',), ('ReadTimeout=30, ConnectTimeout: 10',),
])
def test_a_fact_is_no_failure(lines):
    assert _causes(*lines) == []


@pytest.mark.parametrize('line, expected', [
    ('Error response from daemon: Too Many Requests. docker pull limit', 'image_rate_limit'),
    ('requests.exceptions.HTTPError: 429 Client Error: Too Many Requests for url: https://huggingface.co/x', 'unknown'),
    ('{"message":"API rate limit exceeded for 192.0.2.6."}', None),
    ('npm error 429 Too Many Requests - GET https://registry.example/x', 'unknown'),
])
def test_the_limit_of_another_service_is_not_that_of_an_image_registry(line, expected):
    assert _causes(line)[:1] == ([expected] if expected else [])


@pytest.mark.parametrize('line', [
    'SyntaxError: Unexpected token { in JSON at position 12', 'ansible-playbook: error: no such option: --foo',
    'Error: image not found',
])
def test_words_that_another_cause_has_too(line):
    assert set(_causes(line)) <= {'unknown'}


def test_an_image_that_the_next_registry_has_is_not_missing():
    asked = 'Trying to pull a.example/x...Error reading manifest latest in a.example/x: name unknown: Repo not found'
    assert _causes(asked) == ['image_missing']
    assert _causes(asked, 'Writing manifest to image destination', 'Storing signatures') == []


@pytest.mark.parametrize('lines, expected', [
    (('swig_none -python x.i', 'make: swig_none: No such file or directory', 'make: *** [Makefile:2: all] Error 127'),
     ['command_missing']),
    (('make: Makefile: No such file or directory', 'make: *** No rule to make target. Stop.'), ['build_failed']),
    (('pyenv: python3.12: command not found',), ['python_missing']),
    (('npm error     Comma-separated list of packages whose install-time lifecycle scripts',), []),
])
def test_the_tool_that_wrote_the_line_decides(lines, expected):
    assert [cause for cause in _causes(*lines) if cause != 'unknown'][:1] == expected


@pytest.mark.parametrize('line', [
    "TypeError: Cannot read properties of undefined (reading 'indexOf')", 'Uncaught RangeError: Invalid array length',
    "SyntaxError: Expected property name or '}' in JSON at position 1", 'Error [ERR_ODD]: it is odd',
    'Exception in thread "main" java.lang.IllegalStateException: odd',
])
def test_an_exception_of_node_or_java_tells_most(line):
    lines = [line, '    at runScript (node:internal/vm:209:10)', '', 'Node.js v20.20.2']
    found = causes.diagnose('\n'.join(lines), unknown=True)
    assert [(each['cause'], each['line']) for each in found] == [('unknown', line)]


def test_a_program_that_failed_to_do_one_thing_and_went_on_is_well():
    lines = ('Failed to load python module uwsgi', 'Getting resources', 'Getting index', 'Serving')
    assert _causes(*lines[:2]) == ['unknown']
    assert _causes(*lines) == []


@pytest.mark.parametrize('line, expected', [
    ('ERROR - Child process for container dd46 raised exception 137', 'out_of_memory'),
    ('> segfault-handler@1.0.1 install /srv/segfault-handler', None), ('python[7]: segfault at 0 ip 0', 'segfault'),
    ('dpkg: warning: ignoring pre-dependency problem!', None),
    ('sha256sum: WARNING: 1 computed checksum did NOT match', 'hash_mismatch'),
])
def test_signals_and_warnings(line, expected):
    assert _causes(line)[:1] == ([expected] if expected else [])


RESCUED = ('TASK [Fetch it] ****', 'fatal: [web1]: FAILED! => {"stderr": "No space left on device"}',
           'TASK [Take the other way] ****', 'ok: [web1]', 'PLAY RECAP ****')
OUTCOME = '{} : ok=1 changed=0 unreachable=0 failed={} skipped=0 rescued=1 ignored=0'


def test_what_a_play_rescued_is_no_cause():
    assert _causes(*RESCUED, OUTCOME.format('web1', 0)) == []
    assert _causes(*RESCUED, OUTCOME.format('web1', 1)) == ['disk_full']
    assert _causes(*RESCUED, OUTCOME.format('web2', 0)) == ['disk_full']


@pytest.mark.parametrize('lines, expected', [
    (('ok.cpp:2:2: warning: #warning "BLAS not found" [-Wcpp]', '    2 | #warning "BLAS not found"'), []),
    (('> x@1.0.0 postinstall', '> node find.js || echo could not find CUDA', 'added 1 package'), []),
    (('WARNING: could not find CUDA, error ignored',), []),
    (('tar: none.tar: Cannot open: No such file or directory', 'tar: Error is not recoverable: exiting now'), []),
    (('gzip: stdin: not in gzip format', 'tar: Error is not recoverable: exiting now'), ['corrupt_artefact']),
])
def test_what_stands_around_a_line_decides(lines, expected):
    assert [cause for cause in _causes(*lines) if cause != 'unknown'] == expected


@pytest.mark.parametrize('line, expected', [
    ('openat(AT_FDCWD, "/lib/glibc-hwcaps/x86-64-v2/libx.so", O_RDONLY) = -1 ENOENT (No such file or directory)', []),
    ('rt_sigaction(SIGKILL, NULL, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, 8) = 0', []),
    ('clone3({flags=CLONE_VM}, 88) = -1 EPERM (Operation not permitted)', ['seccomp_clone3']),
    ('     32224:\tbinding file /lib/libc.so.6 [0] to /lib64/ld.so [0]: normal symbol `_dl_argv\' [GLIBC_PRIVATE]', []),
    ('E       AssertionError: GLIBC_2.28 not found in the table', []),
    ('E   ImportError: libopenblas.so.0: cannot open shared object file: No such file or directory',
     ['missing_shared_lib']),
    ('    warnings.warn("connection refused")', []),
])
def test_traces_of_calls_and_assertions_of_tests(line, expected):
    assert [cause for cause in _causes(line) if cause != 'unknown'] == expected


RETRY = 'npm info retry will retry, error on last attempt: Error: connect ETIMEDOUT 192.0.2.1:443'


def test_what_is_tried_again_counts_while_nothing_came_of_it():
    assert _causes(RETRY, 'npm http 304 https://registry.example/x') == []
    assert _causes(RETRY, 'npm http request GET https://registry.example/x', RETRY) == ['network']
    assert _causes(RETRY, 'npm ERR! code 1') == ['network']


@pytest.mark.parametrize('lines, expected', [
    (("foo.h:12:5: error: 'uint32_t' is not a member of 'std'",), ['build_failed']),
    (("foo.cpp:3:8: error: 'make_unique' is not a member of 'std'",), ['compiler_too_old']),
    (('/usr/bin/ld: skipping incompatible /usr/lib/libx.so when searching for -lx', 'g++: done'), []),
    (('/usr/bin/ld: skipping incompatible /usr/lib/libx.so when searching for -lx', '/usr/bin/ld: cannot find -lx'),
     ['arch_mismatch']),
    (('listen tcp 0.0.0.0:9090: bind: address already in use',), []),
    (('docker: Error response from daemon: listen tcp4 0.0.0.0:80: bind: address already in use',), ['engine_network']),
    (('Could not chdir to home directory /home/u: No such file or directory',
      "node: /lib64/libc.so.6: version `GLIBC_2.28' not found (required by node)"), ['glibc_too_old']),
    (("fatal: [web1]: FAILED! => {\"msg\": \"Assertion failed\"}",), []),
    (("node: ../src/x.cc:12: void f(): Assertion `(0) == (err)' failed.",), ['abort']),
    (('rpc error: rpc failed to reach quorum',), []), (('error: RPC failed; curl 56 reset',), ['git_blocked']),
    (("ERROR: file:///srv/x does not appear to be a Python project: neither 'setup.py' nor 'pyproject.toml' found.",),
     []),
])
def test_words_that_others_use_too(lines, expected):
    assert [cause for cause in _causes(*lines) if cause != 'unknown'][:1] == expected


ASKED = 'check: error. Url http://numbers.example/rng, exception Connection refused'


def test_an_address_that_answers_later_was_reached():
    assert _causes(ASKED) == ['network']
    assert _causes(ASKED, 'check: status OK, url http://numbers.example/rng, took 351ms') == []
    assert _causes(ASKED, 'check: status OK, url http://numbers.example/other, took 351ms') == ['network']
    assert _causes('npm http fetch GET https://registry.example/x attempt 1 failed with ECONNRESET',
                   'npm http fetch GET 200 https://registry.example/x 951ms') == []


@pytest.mark.parametrize('lines, expected', [
    (("Module parse failed: Unexpected character '\x7f' (1:0)",), ['bindings_missing']),
    (("Module parse failed: Unexpected character '\ufffd' (1:2)",), ['bindings_missing']),
    (("Module parse failed: Unexpected character '' (1:0)",), ['bindings_missing']),
    (("Module parse failed: Unexpected character '@' (1:0)",), ['unknown']),
    (('health check failed: 0', 'unit tests failed: none'), []), (('on_error: stop', 'onerror: ignore'), []),
    (('KeyError: true',), []), (('pkg.v2.ClientError: An error occurred',), ['unknown']),
    (('pkg.ReadError: bad block',), ['unknown']), (('pkg.ReadError: bad block', 'next', 'next', 'next'), []),
    (('tarfile.ReadError: not a tar',), ['corrupt_artefact']),
    (('Error: Package: abrt-client-2.1.11-60.el7.x86_64 (@base/7)', '    Requires: abrt = 2.1.11-60.el7',
      '    Updated By: abrt-2.1.11-61.el7.x86_64 (ol7)'), ['package_conflict']),
    (('Error: Package: 2:nodejs-18.x86_64 (nodesource)', '    Requires: libc.so.6(GLIBC_2.28)(64bit)'),
     ['glibc_too_old']),
    (('File "/v/faiss/class_wrappers.py", line 329, in replacement_search', '    assert d == self.d',
      'AssertionError'), ['faiss_error']),
    (('fatal: [h]: FAILED! => {"msg": "Unable to find any of pip3 to use.  pip needs to be installed."}',),
     ['command_missing']),
])
def test_failures_told_in_one_line(lines, expected):
    assert _causes(*lines)[:1] == expected


@pytest.mark.parametrize('line', [
    'permission denied: 0 times', 'Bad CRC: 0', 'network errors: 0', 'is damaged: false', 'KillSignal=SIGKILL',
    'PASS src/errors/enospc.test.js', 'test_sslerror.py ok', 'loaded bindings file build/Release/x.node',
    'Checksum type: CRC-32', 'supports filesystems: ext4, xfs, erofs, overlay', 'except socket.gaierror:',
    'clock skew: 0.002s within limits', 'soft lockup detector: enabled', 'cmake error codes documented',
    "  } catch (e) { if (e.code === 'EACCES') retry(); }",
])
def test_values_settings_and_names(line):
    assert [cause for cause in _causes(line) if cause != 'unknown'] == []


def test_a_line_of_source_that_a_mark_points_at():
    source = 'git__throw(GIT_ENOMEM, "Out of memory. Failed to allocate %d bytes.", (int)size);'
    assert _causes('u.h:71:14: warning: result unused [-Wunused-value]', '    ' + source, '    ^~~~~~~') == []
    assert _causes(source) == ['out_of_memory']


def test_dnf_and_conda_use_the_same_solver():
    told = 'requires /usr/bin/python3.6, but none of the providers can be installed'
    assert _causes(f'Problem 1: package anaconda-33.16-1.el8.x86_64 {told}', '- conflicting requests')[:1] == [
        'package_conflict']
    assert _causes('LibMambaUnsatisfiableError', f'  - package faiss-cpu-1.8.0-py311_0 {told}')[:1] == ['conda_unsat']


def test_what_ansible_says_of_one_module_on_a_host():
    assert _causes('192.0.2.5 | FAILED => SSH encountered an unknown error during the connection.') == ['unreachable']
    assert _causes('web1 | FAILED! => {"msg": "it broke"}') == ['unknown']
    assert _causes('web1 | SUCCESS => {"msg": "it works"}') == []


def test_a_venv_without_its_pip():
    assert _causes("Error: Command '['/v/bin/python3.4', '-Im', 'ensurepip', '--upgrade']' returned non-zero exit "
                   'status 1')[:1] == ['not_installed']


def test_apt_that_got_the_lock_in_the_end():
    lock = 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1551 (apt-get)'
    assert _causes(lock, 'All apt locks are free.') == ['package_lock']
    assert _causes(lock, 'All apt locks are free.', 'Hit:1 http://mirror.example/ubuntu jammy InRelease') == []


def test_a_wrong_sum_as_old_npms_print_it():
    assert _causes('11:40:21 npm ERR! Expected: e48f9c9404025477e7ee3c6060edcfa86b6b8cb7') == ['hash_mismatch']
    assert _causes('npm ERR! Expected: a package.json') == ['unknown']


def test_user_namespaces_that_are_switched_off():
    assert _causes('/proc/sys/user/max_user_namespaces is 0') == ['podman_userns']
    assert _causes('user.max_user_namespaces = 0') == ['podman_userns']
    assert _causes('user.max_user_namespaces = 28633') == []
