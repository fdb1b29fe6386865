# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a script, a playbook or make says once it went on: an error before that is no cause."""

import pytest

from faiss_fleet.causes import diagnose as causes

CHOWN = 'chown: /srv/var: Operation not permitted'


def _causes(*lines, **options):
    return [found['cause'] for found in causes.diagnose('\n'.join(lines), **options)]


@pytest.mark.parametrize('line', [
    'Installation complete!', 'Service started', '[ ok ] OK.', 'Server is now running', '     [exec] BUILD SUCCESSFUL',
    'LOG:  database system is ready to accept connections', '2021/05/24 20:11:31 [INFO]  start server on port :8080',
    'Uvicorn: listening on 0.0.0.0',
])
def test_all_went_well_in_the_end(line):
    assert _causes(CHOWN, line, unknown=True) == []
    assert _causes(line, CHOWN) == ['permission_denied']


@pytest.mark.parametrize('line', [
    'Error: cannot start the server: already listening on port 80', 'The service is not started',
])
def test_words_of_success_in_the_report_of_a_failure(line):
    assert _causes(CHOWN, line) == ['permission_denied']


def test_a_server_that_listens_does_not_load_a_library():
    assert _causes("ModuleNotFoundError: No module named 'faiss'", 'listening on :80') == ['not_installed']


def test_a_script_that_warns_of_what_its_command_could_not_do():
    log = ('app  | ' + CHOWN, 'app  | WARNING: the owner was not changed', 'app  | starting')
    assert _causes(*log) == []
    assert _causes(*log, 'Error: something else', unknown=True)[0] == 'permission_denied'


def test_what_make_ignores():
    log = ("rm: cannot remove 'x': Permission denied", "Makefile:6: recipe for target 'x' failed")
    assert _causes(*log)
    assert _causes(*log, 'make: [x] Error 1 (ignored)') == []
    assert _causes(*log, 'make: *** [x] Error 1')


def test_a_task_that_may_fail_begins_with_its_name():
    log = ('TASK [look] ****', "ImportError: No module named 'faiss'", 'fatal: [a]: FAILED! => {"failed": true}')
    assert _causes(*log) == ['not_installed']
    assert _causes(*log, '...ignoring', unknown=True) == []
    assert _causes(CHOWN, *log, '...ignoring') == ['permission_denied']


def test_pip_goes_on_from_a_wheel_that_it_could_not_build():
    log = ('Failed to build x', 'Installing collected packages: x')
    assert _causes(*log, 'Found existing installation: y 1', unknown=True) == []
    assert _causes("ModuleNotFoundError: No module named 'pybind11'", *log, 'Successfully installed x-1') == []


@pytest.mark.parametrize('line', [
    'Failed to set locale, defaulting to C', "Failed to synchronize cache for repo 'x', disabling.",
    'Could not create logging file: No such file or directory',
    "! app Warning pull access denied for app, repository does not exist or may require 'docker login'",
    'WARNING Found corrupted repodata_record file "/x.json"', 'info     libmamba Starting to download targets',
])
def test_a_tool_that_takes_another_way_says_so(line):
    assert _causes(line, unknown=True) == []


def test_a_repository_that_dnf_goes_on_without_counts_where_something_failed():
    log = ("Failed to synchronize cache for repo 'appstream', ignoring this repo.", 'Error: Unable to find a match: y')
    assert _causes(log[0]) == []
    assert _causes(*log) == ['centos_eol_mirror', 'no_matching_distribution']


def test_a_file_without_a_label_is_none_of_selinux():
    assert _causes("chcon: failed to get security context of '/x': No data available") == []
    assert _causes("chcon: failed to change context of '/x': Permission denied") == ['selinux_mount']


def test_zypper_waited_too_long():
    assert _causes("Timeout exceeded when accessing 'http://deb.example/x'.", '', 'Retrying in 30 seconds...',
                   '.....') == ['timeout']


def test_a_command_given_to_the_shell_is_no_archive():
    assert _causes('/bin/bash: -c: line 1: syntax error: unexpected end of file') == []
    assert _causes('gzip: stdin: unexpected end of file') == ['corrupt_artefact']


def test_openblas_that_ends_for_its_number_of_threads():
    warning = 'OpenBLAS warning: precompiled NUM_THREADS exceeded, adding auxiliary array for thread metadata.'
    assert _causes(warning, unknown=True) == []
    end = 'OpenBLAS : Program is Terminated. Because you tried to allocate too many memory regions.'
    assert _causes(warning, end) == ['process_limit']


def test_a_trap_is_how_a_program_ends_itself():
    assert _causes('Trace/breakpoint trap (core dumped)') == ['abort']


def test_a_module_of_ansible_that_an_old_python_cannot_read():
    log = ('File "/home/x/.ansible/tmp/ansible-tmp-1425.1-27/setup", line 569', 'except OSError, e:', '^',
           'SyntaxError: invalid syntax')
    assert _causes(*log) == ['ansible_target_python']
    assert _causes(*log[1:]) == []


@pytest.mark.parametrize('line', [
    "chown: changing ownership of '/var/lib/data': Invalid argument",
    'error: unpacking of archive failed on file /usr/bin/x: cpio: chown failed - Inappropriate ioctl for device',
])
def test_an_owner_that_the_user_namespace_does_not_have(line):
    assert _causes(line) == ['podman_userns']


def test_the_state_of_a_container_that_runs():
    state = '{"Status":"%s","Running":%s,"OOMKilled":false,"ExitCode":%d}'
    assert _causes(state % ('running', 'true', 0)) == []
    assert _causes(state % ('exited', 'false', 137))[0] == 'killed'
    assert _causes('connect: Connection refused', '{"status": "UP"}', unknown=True) == []
    assert _causes('connect: Connection refused', '{"status": "DOWN"}') == ['network']


def test_what_the_kernel_says_of_its_devices_is_no_failure_of_a_program():
    device = '[    1.354566] ACPI Error: Aborting method due to previous error (AE_NOT_FOUND)'
    assert _causes(device, unknown=True) == []
    assert _causes(device, '[   99.354566] Out of memory: Kill process 14093 (pip) score 452') == ['out_of_memory']


def test_what_could_become_corrupt_is_not():
    assert _causes('WARNING: This could result in the corruption of the package directories.') == []


@pytest.mark.parametrize('line', [
    'UserWarning: CUDA initialization: Found no NVIDIA driver on your system.',
    'libcuda.so.1 not found, running on CPU',
    'Could not find cuda drivers on your machine, GPU will not be used.',
    'MESA-LOADER: failed to open iris: iris_dri.so: cannot open shared object file: No such file or directory',
])
def test_a_warning_counts_where_something_failed(line):
    assert _causes(line, unknown=True) == []
    assert _causes(line, 'Error: something else', unknown=True)[0] in ('cuda_missing', 'missing_shared_lib')


def test_a_python_that_was_built_without_a_library_and_installed():
    log = ('Installing Python-3.9.1...', 'WARNING: The Python bz2 extension was not compiled. Missing the bzip2 lib?')
    assert _causes(*log) == ['headers_missing']
    assert _causes(*log, 'Installed Python-3.9.1 to /home/u/.pyenv/versions/3.9.1') == []


def test_a_node_that_is_too_new_is_not_too_old():
    log = ('npm WARN EBADENGINE Unsupported engine {', "npm WARN EBADENGINE   required: { node: '%s' },",
           "npm WARN EBADENGINE   current: { node: 'v19.2.0', npm: '9.1.0' }", 'npm WARN EBADENGINE }')
    assert _causes(*[line.replace('%s', '<14.7.0') for line in log]) == []
    assert _causes(*[line.replace('%s', '>=20') for line in log]) == ['node_too_old']


def test_what_is_tried_again_counts_where_nothing_came_after():
    log = ('curl: (56) Recv failure: Connection reset by peer', 'Retrying in 5 seconds...')
    assert _causes(*log) == ['network']
    assert _causes(*log, '.....') == ['network']
    assert _causes(*log, '100 5000k  100 5000k    0     0  10.0M') == []
    assert _causes(*log, '100 5000k', 'tar: This does not look like a tar archive') == ['network', 'corrupt_artefact']


@pytest.mark.parametrize('line', [
    "WARNING: The requested image's platform (linux/amd64) does not match the detected host platform (linux/arm64/v8)",
    'app.service: Failed to set up namespace, assuming containerized execution, ignoring: Permission denied',
])
def test_a_warning_of_an_engine_or_of_systemd_after_which_it_went_on(line):
    assert _causes(line, 'Hello from Docker!', 'This message shows that it works.', unknown=True) == []


def test_events_of_kubernetes_are_no_warnings():
    assert _causes('  Warning  Failed  10s  kubelet  Failed to pull image "x": manifest unknown') == ['image_missing']
    assert _causes('Warning FailedCreatePodSandBox: NetworkPlugin cni failed to set up pod') == ['engine_network']
