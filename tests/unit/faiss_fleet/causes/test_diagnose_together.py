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
    ('ImportError: /opt/x.so: failed to map segment from shared object: %s', 'Cannot allocate memory', 'out_of_memory'),
    ('x: error while loading shared libraries: libx.so: cannot open shared object file: %s',
     'No such file or directory', 'missing_shared_lib'),
    ('x: error while loading shared libraries: libx.so: cannot open shared object file: %s', 'Permission denied',
     'permission_denied'),
    ('x: error while loading shared libraries: libx.so: cannot open shared object file: %s', 'Error 24', 'file_limit'),
    ('libx.so: cannot apply additional memory protection after relocation: %s', 'Permission denied', 'selinux_exec'),
    ('libx.so: cannot apply additional memory protection after relocation: %s', 'Cannot allocate memory',
     'out_of_memory'),
    ('libx.so: cannot enable executable stack as shared object requires: %s', 'Permission denied', 'selinux_exec'),
    ('libx.so: cannot enable executable stack as shared object requires: %s', 'Invalid argument', 'glibc_too_new'),
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
             'faiss-cpu 1.7.4 requires numpy<2.0,>=1.25.0, but you have numpy 2.2.5 which is incompatible.')
    assert _causes(*lines) == ['numpy2_abi']
    assert _causes(*((*lines, 'Successfully installed faiss-cpu-1.10.0 numpy-2.2.5'))) == []


@pytest.mark.parametrize('line', [
    'gensim 4.3.3 requires numpy<2.0,>=1.18.5, but you have numpy 2.2.5 which is incompatible.',
    "ERROR: foo 1.0 has requirement numpy<2, but you'll have numpy 2.0.1 which is incompatible.",
    '{"level": "info", "message": "foo 1.0 requires numpy>=2, but you have numpy 1.26.4 which is incompatible."}',
])
def test_what_pip_says_of_packages_that_are_not_faiss_is_no_cause(line):
    assert _causes(line) == []


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


@pytest.mark.parametrize('symbol, cause', [
    ('fcntl64', 'musl'), ('__strcpy_chk', 'musl'), ('pthread_setname_np', 'musl'), ('gnu_get_libc_version', 'musl'),
    ('_ZN2v86Object14GetPrototypeV2Ev', 'node_abi'), ('napi_create_object', 'node_abi'),
    ('_ZNSs4_Rep20_S_empty_rep_storageE', 'musl'), ('_ZSt28__throw_bad_array_new_lengthv', 'musl'),
    ('sqlite3_bind_int', 'missing_shared_lib'), ('EVP_sha256', 'missing_shared_lib')])
def test_the_name_that_musl_misses_says_whose_it_is(symbol, cause):
    assert _causes(f'Error relocating /app/x.node: {symbol}: symbol not found')[0] == cause


def test_a_library_that_is_not_there_is_the_reason_for_names_that_are_not():
    lines = ('Error relocating /usr/lib/libgdal.so: sqlite3_bind_int: symbol not found',
             'Error loading shared library libsqlite3.so.0: No such file or directory (needed by /usr/lib/libgdal.so)')
    assert _causes(*lines) == ['missing_shared_lib']


TRACE = 'time="2022-02-26T17:07:02Z" level=debug msg="newuidmap: open of uid_map failed: Permission denied"'


@pytest.mark.parametrize('lines, expected', [
    ((TRACE,), ['podman_userns']),  # nothing else says more
    ((TRACE, 'Error: write /tmp/x: no space left on device'), ['disk_full']),
    (('info TOOL Using c++11 compiler standard.', 'ERR! OMG CMake executable is not found.'), ['build_tool_missing']),
    (('DEBU[0000] exec: "dbus-launch": executable file not found in $PATH',), []),
    (('DEBU[0000] exec: "dbus-launch": executable file not found in $PATH', 'Error: something'), ['command_missing']),
    (('debug3: mux_client_request_session: session request sent',), []),
])
def test_a_trace_counts_where_no_other_line_names_a_cause(lines, expected):
    assert _causes(*lines) == expected


RECAP = 'web1 : ok=5 changed=1 unreachable=0 failed={} skipped=0'


def test_a_play_in_which_no_task_failed_has_no_cause():
    said = 'ok: [web1] => checking: ImportError: No module named yum'
    warned = '[WARNING]: No python interpreters found for host web1'
    assert _causes(said, warned, 'PLAY RECAP ***', RECAP.format(0), unknown=True) == []
    assert _causes(warned, 'PLAY RECAP ***', RECAP.format(1)) == ['python_missing']
    # The recap of another host does not excuse the task that failed.
    failed = 'fatal: [web2]: FAILED! => {"msg": "No space left on device"}'
    assert _causes(failed, 'PLAY RECAP ***', RECAP.format(0)) == ['disk_full']
    assert _causes(failed, '...ignoring', 'PLAY RECAP ***', RECAP.format(0)) == []
    assert _causes('PLAY RECAP ***', RECAP.format(0), 'tar: No space left on device') == ['disk_full']


def test_a_host_that_answers_takes_back_what_was_warned_of_and_not_what_failed():
    assert _causes('[WARNING]: No python interpreters found for host a (tried x)', 'a | SUCCESS => {') == []
    assert _causes('/bin/sh: 1: /usr/bin/python: not found', 'b | SUCCESS => {') == ['python_missing']


@pytest.mark.parametrize('lines, expected', [
    (('ERROR: unsatisfiable constraints:', '  node (missing):', '    required by: world[node]'),
     ['no_matching_distribution', 'package_conflict']),
    (('ERROR: unable to select packages:', '  swig4 (no such package):'),
     ['no_matching_distribution', 'package_conflict']),
    (('ERROR: unable to select packages:', '  musl-1.2.5-r0:', '    breaks: world[musl=1.2.3]'), ['package_conflict']),
    (('No package swig4 available.', 'Error: Nothing to do'), ['no_matching_distribution']),
    (('No package devtoolset-9-gcc available.',), ['centos_eol_mirror']),
    (('Vous pouvez essayer d\'utiliser --skip-broken pour contourner le problème',), ['package_conflict']),
    (('$ yum -y update --skip-broken', 'RUN yum install -y gcc --skip-broken'), []),
])
def test_what_package_managers_lack_is_told_from_what_contradicts(lines, expected):
    assert _causes(*lines) == expected


def test_a_killed_container_that_had_memory_left():
    assert _causes('ExitCode:137,', 'OOMKilled:true,') == ['out_of_memory']
    assert _causes('ExitCode:137,', 'OOMKilled:false,')[0] == 'killed'


@pytest.mark.parametrize('line', [
    'error:0906D06C:PEM routines:PEM_read_bio:no start line',
    'error:0B080074:x509 certificate routines:X509_check_private_key:key values mismatch',
])
def test_an_entry_of_the_error_queue_of_openssl(line):
    assert _causes(line) == ['tls']


@pytest.mark.parametrize('line', [
    'src/index.cpp:12:5: error: expected primary-expression before x',
    '#31 417.2 /opt/faiss/wrap.cxx:6573:41: error: SWIGTYPE_p was not declared in this scope',
    'npm ERR! ../src/binding.cc:88:10: error: no matching function for call',
    "Makefile:20: recipe for target 'swigfaiss.o' failed",
])
def test_what_a_compiler_prints_is_a_failed_build(line):
    assert _causes(line) == ['build_failed']
    assert _causes(line, 'cc1plus: out of memory allocating 65536 bytes') == ['oom_build']


def test_what_a_script_of_a_package_said_is_more_than_what_npm_says_of_it():
    npm = ('npm error code 1', 'npm error command failed', 'npm error command sh -c node ./script/install')
    said = 'npm error Error: Failed to find libx.so in the package'
    assert _causes(*npm, unknown=True) == ['build_failed']
    found = causes.diagnose('\n'.join((*npm, said)), unknown=True)
    assert [found[0]['cause'], found[0]['line']] == ['unknown', said]


def test_what_a_client_says_in_the_end_is_not_why():
    end = 'ERRO[0014] error waiting for container: context canceled'
    assert _causes('docker: Error response from daemon: something odd', end, unknown=True)[0] == 'unknown'
    assert _causes(end) == ['interrupted']


@pytest.mark.parametrize('line', [
    'ReferenceError: profile is not defined', 'error: import "./x" failed to resolve',
    'the output was cut: [truncated]',
    'N: Download is performed unsandboxed as root as file x (13: Permission denied)',
    'node_modules/canvas: Running install script, failed in 13.3s (skipped as optional)'])
def test_words_that_are_like_those_of_an_error(line):
    assert _causes(line) == []


def test_an_engine_warning_over_several_lines():
    lines = ('npm WARN EBADENGINE Unsupported engine {', 'npm WARN EBADENGINE   required: {',
             "npm WARN EBADENGINE     node: '{}',", "npm WARN EBADENGINE     npm: '^6.11.0'",
             'npm WARN EBADENGINE   },',
             "npm WARN EBADENGINE   current: { node: 'v16.1.0', npm: '7.13.0' }")
    for wanted, expected in (('^12.14.1 || ^14.0.0', []), ('>=18', ['node_too_old'])):
        assert _causes(*(line.replace("'{}'", f"'{wanted}'") for line in lines)) == expected


@pytest.mark.parametrize('lines, expected', [
    # ENOSPC of inotify is a limit, and no full disk
    (('Unable to add watch for path /data, errno 28',), ['file_limit']),
    (('write /data/x: errno 28',), ['disk_full']),
    # a lock that may not be opened is held by nobody
    (('E: Could not open lock file /var/lib/apt/lists/lock - open (13: Permission denied)',
      'E: Unable to lock directory /var/lib/apt/lists/'), ['permission_denied']),
    (('E: Could not get lock /var/lib/apt/lists/lock - open (11: Resource temporarily unavailable)',
      'E: Unable to lock directory /var/lib/apt/lists/'), ['package_lock']),
    # a peer dependency that npm overrides, and one that it refuses
    (('npm warn ERESOLVE overriding peer dependency', 'npm warn Could not resolve dependency:'), []),
    (('npm error ERESOLVE could not resolve', 'npm error Could not resolve dependency:'), ['package_conflict']),
    # newer grammar in what is installed, and a mistake in one's own script
    (('  File "/usr/lib/python3.6/site-packages/x/y.py", line 3', '    if (a := b):', 'SyntaxError: invalid syntax'),
     ['python_version']),
    (('  File "run.py", line 3', '    x = = 1', 'SyntaxError: invalid syntax'), []),
    (("ModuleNotFoundError: No module named 'tomllib'",), ['python_version']),
    (("ModuleNotFoundError: No module named 'sentence_transformers'",), ['not_installed']),
    # status lines of CMake name what it found
    (('-- Found Python: /usr/bin/python3.9 found components: Development.Module',), []),
    (('CMake Error: Could NOT find Python (missing: Python_INCLUDE_DIRS Development.Module)',), ['headers_missing']),
    # what Python defines: the wheel of FAISS itself, or any other library made for another release of Python
    (('ImportError: /x/faiss/_swigfaiss.so: undefined symbol: _PyThreadState_Current',), ['loader_missing_module']),
    (('ImportError: /x/rpm/_rpm.so: undefined symbol: PySlice_AdjustIndices',), ['cxx11_abi_mismatch']),
    # a target of CMake that is not there says by its name what is missing
    (('CMake Error in faiss/CMakeLists.txt:', '  Target "faiss" links to:', '    CUDA::cublas',
      '  but the target was not found.  Possible reasons include:'), ['cuda_missing']),
    (('CMake Error in CMakeLists.txt:', '  Target "x" links to:', '    OpenMP::OpenMP_CXX',
      '  but the target was not found.  Possible reasons include:'), ['openmp_missing']),
    (('CMake Error in CMakeLists.txt:', '  Target "x" links to:', '    foo::foo',
      '  but the target was not found.  Possible reasons include:'), ['build_failed']),
    # pip went on without the package wheel, or did not
    (("ModuleNotFoundError: No module named 'wheel.bdist_wheel'", 'Failed building wheel for x',
      'Successfully installed x-2.19'), []),
    (("ModuleNotFoundError: No module named 'wheel.bdist_wheel'",), ['pip_too_old']),
    (('start: Unable to connect to Upstart: Failed to connect to socket: Connection refused',), ['cgroup_v2']),
])
def test_words_that_mean_something_else_beside_others(lines, expected):
    assert _causes(*lines) == expected


def test_a_report_without_a_colon_tells_most():
    found = causes.diagnose('error building at STEP "RUN x": exit status 1', unknown=True)
    assert [each['cause'] for each in found] == ['unknown']
    assert _causes('Unable to find image \'alpine:latest\' locally', 'latest: Pulling from x', unknown=True) == []


CMAKE_WARNING = ('CMake Warning at CMakeLists.txt:378 (find_package):',
                 '  Could not find a package configuration file provided by "Bonmin" with any',
                 '  of the following names:', '', '    BonminConfig.cmake', '',
                 'Call Stack (most recent call first):', '  CMakeLists.txt:104 (include)')


@pytest.mark.parametrize('prefix', ['', '      ', '#12 3.456 ', 'npm ERR! '])
def test_a_warning_of_cmake_is_none_of_its_errors(prefix):
    assert _causes(*[prefix + line for line in CMAKE_WARNING], unknown=True) == []
    error = ('CMake Error at CMakeLists.txt:9 (find_package):', *CMAKE_WARNING[1:])
    assert _causes(*[prefix + line for line in CMAKE_WARNING + error]) == ['headers_missing']


PROBE = ('configure:3855: gcc -V >&5', "gcc: error: unrecognized command line option '-V'", 'configure:3866: $? = 1')


def test_what_configure_tries_counts_where_it_ends_in_an_error():
    assert _causes(*PROBE, unknown=True) == []
    assert _causes(*PROBE, 'configure:3899: error: C compiler cannot create executables') == ['build_tool_missing']
    assert _causes(*PROBE, 'configure:3899: error: no reason is given') == ['compiler_too_old']


def test_a_warning_of_an_engine_that_goes_on_is_no_cause():
    warning = 'WARN[0000] Failed to detect the owner for the current cgroup: stat /sys/fs/cgroup/x: no such file'
    assert _causes('$ podman version', warning, 'Version:      3.0.1', unknown=True) == []
    assert _causes(warning) == ['cgroup_v2']
    assert _causes(warning, 'Error: it failed for a reason that no row knows') == ['cgroup_v2']
    assert _causes(warning, 'ERRO[0000] no space left on device') == ['disk_full', 'cgroup_v2']


def test_an_error_in_the_log_of_chromium_counts_where_something_failed():
    bus = '[5106:0430/080859.519737:ERROR:bus.cc(408)] Failed to connect to the bus: Connection refused'
    assert _causes(bus, unknown=True) == []
    assert _causes('[pid=253][err] ' + bus, 'listening on 6464', unknown=True) == []
    missing = './electron: error while loading shared libraries: libgbm.so.1: cannot open shared object file'
    assert _causes(bus, missing) == ['missing_shared_lib']
    assert _causes('[1:0430/080859.5:FATAL:x.cc(1)] Failed to connect to the bus: Connection refused') == ['network']


def test_a_warning_of_python_counts_where_something_failed():
    warning = '/usr/lib/python3/x/__init__.py:146: UserWarning: A NumPy version >=1.17.3 is required for this version'
    assert _causes(warning, unknown=True) == []
    assert _causes(warning, 'Error: it failed for a reason that no row knows') == ['numpy_too_old']


def test_what_apt_could_not_fetch_has_the_reason_that_is_given():
    assert _causes('Err:9 http://deb.example/debian stretch/main amd64 Packages', '  404  Not Found') == ['repo_failed']
    assert _causes("Err:1 http://x  Temporary failure resolving 'x'") == ['network']
    assert _causes('Err:1 http://x stable Release', '  Could not connect to x:80, connection timed out')[0] == 'network'


def test_a_program_that_the_container_does_not_have():
    runc = 'docker: Error response from daemon: runc create failed: unable to start process: exec: "/run.sh": '
    assert _causes(runc + 'stat /run.sh: no such file or directory: unknown') == ['command_missing']
    assert _causes(runc.replace('/run.sh', 'docker-entrypoint.sh') + 'executable file not found in $PATH') == [
        'command_missing']


RETRY = 'Pageserver not responding yet: tcp connect error: Connection refused (os error 61) retrying (1)...'


def test_what_was_tried_again_is_no_cause_where_the_program_went_on():
    assert _causes(RETRY) == ['network']
    assert _causes(RETRY, RETRY.replace('(1)', '(2)')) == ['network']
    assert _causes(RETRY, 'Pageserver started', unknown=True) == []
    assert _causes(RETRY, 'Error: no pageserver') == ['network']


@pytest.mark.parametrize('event, causes', [
    ('FailedMount  18m  kubelet  Unable to attach or mount volumes: timed out waiting for the condition', ['timeout']),
    ('FailedMount  18m  kubelet  MountVolume.SetUp failed for volume "a" : exit status 32', ['unknown']),
    ('FailedScheduling  3m  default-scheduler  0/1 nodes are available: 1 Insufficient memory.', ['out_of_memory']),
])
def test_what_delays_a_container_of_kubernetes_is_no_cause_where_it_started(event, causes):
    failed = '  Warning  ' + event
    assert _causes(failed, unknown=True) == causes
    assert _causes(failed, '  Normal   Started  3m  kubelet  Started container x', unknown=True) == []
    assert _causes('  Normal   Started  3m  kubelet  Started container x', failed, unknown=True) == causes


@pytest.mark.parametrize('prefix', [
    '│ ', '➤ YN0000: │ ', '➤ YN0000: │ a@npm:7.6.2 STDERR ', '.../node_modules/a install: ', 'packages/a build: ',
    'remote:        ', 'web:build: ', '[0] ', '^C',
])
@pytest.mark.parametrize('line, cause', [
    ('Killed', 'out_of_memory'), ('sh: 1: tsc: not found', 'command_missing'),
    ('bash: /usr/local/bin/pip: No such file or directory', 'command_missing'),
    ('error: install script from "a" exited with 1', 'build_failed'),
])
def test_what_a_tool_puts_in_front_of_a_line_does_not_hide_it(prefix, line, cause):
    assert _causes(prefix + line) == [cause]


def test_the_prefix_of_npm_is_no_error_of_what_is_behind_it():
    download = 'Downloading https://github.com/a/b/releases/download/v1/x.tgz'
    assert _causes('Error ' + download.lower()) == ['git_blocked']
    assert _causes('npm error ' + download, 'npm error Error: connect ETIMEDOUT 192.0.2.1:443') == ['network']
    assert _causes('Error: spawn /usr/lib/python3.9/site-packages/a/run.sh ENOENT') == ['command_missing']


def test_what_a_terminal_shows_of_ctrl_c_does_not_hide_the_level_of_a_line():
    assert _causes('^C[2026-01-02 03:04:05 +0000] [1] [INFO] SIGTERM received, stopping', unknown=True) == []
    assert _causes('2026/01/02 03:04:05 [notice] 1#1: signal 15 (SIGTERM) received from 1, exiting') == []
    assert _causes('^CTraceback (most recent call last): KeyboardInterrupt') == ['interrupted']


@pytest.mark.parametrize('line', [
    '2025-10-27 08:15:24.878913: I external/local_tsl/cudart_stub.cc:31] Could not find cuda drivers on your machine',
    'W1214 10:00:30.977242    3115 checks.go:846] connection refused',
    "        [WARNING IsDockerSystemdCheck]: detected \"cgroupfs\" as the Docker cgroup driver. cgroup v2 is not used",
    "npm verbose   code: 'ERESOLVE',", "5868 warn   code: 'ERESOLVE',",
])
def test_lines_that_a_tool_marks_as_less_than_an_error(line):
    assert _causes(line, unknown=True) == []
