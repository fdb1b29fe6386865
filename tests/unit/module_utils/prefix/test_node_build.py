# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The build on a host, a script in place of cmake; real compilers are in tests/integration/test_node_host_build.py."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import hashlib
import io
import json
import tarfile
import time

import pytest

from ansible.module_utils.faiss_fleet import child_process
from ansible.module_utils.faiss_fleet.prefix import contents, node_build, install as prefix_place, on_host
from ansible.module_utils.faiss_fleet.errors import AuditError


DIGEST = '0123456789abcdef'


MAKES = u"""#!/bin/sh
echo "-- cmake $*"
[ "$1" != --build ] || printf addon > "$2/faiss-node.node"
"""


FAILS = u"""#!/bin/sh
echo 'CMake Error at /usr/share/cmake/Modules/FindPackageHandleStandardArgs.cmake:230 (message):'
echo '  Could NOT find BLAS (missing: BLAS_LIBRARIES)'
exit 1
"""


HANGS = u'#!/bin/sh\nsleep 60 & wait\n'


def archive(path):
    """Sources as the controller packs them."""
    files = {'source/CMakeLists.txt': b'project(x)\n', 'prefix/node_modules/faiss-node/package.json': b'{}'}
    directories = ['source', 'prefix', 'prefix/node_modules', 'prefix/node_modules/faiss-node']
    listing = json.dumps(dict((name, {'size': len(data)}) for name, data in files.items())).encode()
    manifest = {'schema': 1, 'strategy': 'node', 'digest': DIGEST, 'lock': {'a': 1}, 'files': 2,
                'unpacked_bytes': len(listing) + sum(len(data) for data in files.values())}
    with tarfile.open(str(path), 'w:gz') as tar:
        def add(name, data):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        add('manifest.json', json.dumps(manifest).encode())
        add('manifest-files.json', listing)
        for name in directories:
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE
            tar.addfile(info)
        for name, data in sorted(files.items()):
            add(name, data)
    return hashlib.sha256(path.read_binary()).hexdigest()


class Host:
    """A directory that stands for a host, and the module's arguments there."""

    def __init__(self, tmpdir):
        self.tmpdir = tmpdir
        self.log = child_process.Tail(on_host.LOG_LIMIT)
        path = tmpdir.join('sources.tar.gz')
        self.parent = tmpdir.join('fleet', 'node')
        self.params = prefix_place.checked(dict(
            prefix=str(self.parent.join(DIGEST)), archive=str(path), sha256=archive(path),
            min_free_bytes=1, lock_timeout=5, timeout=30, flags='-O2', jobs=2,
            cmake=str(self.program('cmake', MAKES)), compiler=str(self.program('g++', MAKES))))

    def program(self, name, text):
        path = self.tmpdir.join(name)
        path.write_text(text, encoding='utf-8')
        path.chmod(0o755)
        return path

    def build(self, check_mode=False, **changes):
        params = dict(self.params, **changes)

        def fill(partial, handle):
            return node_build.fill(partial, handle, params, lambda name: None, self.log, u'', 2)
        return prefix_place.present(params, check_mode, fill)

    def left(self):
        return sorted(path.basename for path in self.parent.listdir())


@pytest.fixture
def host(tmpdir):
    return Host(tmpdir)


def test_what_was_built_is_a_prefix_like_any_other(host):
    assert host.build()['changed'] is True
    prefix = host.parent.join(DIGEST)
    assert prefix.join('node_modules/faiss-node/build/Release/faiss-node.node').read() == 'addon'
    manifest = prefix_place.read_manifest(str(prefix))
    assert (manifest['digest'], manifest['lock']) == (DIGEST, {'a': 1})
    assert manifest['built']['compiler'] == str(host.tmpdir.join('g++'))
    assert contents.damage(str(prefix)) is None
    assert '--parallel 2' in prefix.join('build.log').read()
    assert host.left() == sorted([DIGEST, prefix_place.MADE])


def test_a_second_build_does_nothing_and_needs_no_archive(host):
    host.build()
    host.program('cmake', FAILS)
    assert host.build(archive=None, sha256=None)['changed'] is False


def test_an_addon_that_was_damaged_is_built_anew(host):
    host.build()
    host.parent.join(DIGEST, 'node_modules/faiss-node/build/Release/faiss-node.node').write('cut')
    assert 'damaged' in host.build()['because']


def test_check_mode_foretells_and_makes_nothing(host):
    assert host.build(check_mode=True)['changed'] is True
    assert not host.parent.check()


@pytest.mark.parametrize('text, changes, cause, words', [
    pytest.param(FAILS, {}, 'build_failed', 'Could NOT find BLAS', id='cmake refuses'),
    pytest.param(HANGS, {'timeout': 1}, 'timeout', 'did not end within 1 s', id='too slow'),
    pytest.param(MAKES, {'cmake': '/nowhere/cmake'}, 'build_tool_missing', '/nowhere/cmake is not on', id='no cmake'),
    pytest.param(MAKES, {'compiler': ''}, 'build_tool_missing', 'g++ is not on this host', id='no compiler'),
    pytest.param(MAKES, {'sha256': '0' * 64}, 'hash_mismatch', 'has sha256', id='other sources'),
])
def test_a_failed_build_has_its_cause_and_leaves_nothing(host, text, changes, cause, words):
    host.program('cmake', text)
    started = time.time()
    with pytest.raises(AuditError) as found:
        host.build(**changes)
    assert found.value.cause == cause and words in str(found.value) and found.value.remedy
    assert cause != 'build_failed' or words in found.value.said
    assert host.left() == [prefix_place.MADE]
    assert time.time() - started < 20


def test_the_whole_log_is_there_after_a_failure(host):
    host.program('cmake', FAILS)
    with pytest.raises(AuditError):
        host.build()
    assert host.log.text().startswith('$ ' + str(host.tmpdir.join('cmake')))
    assert 'Could NOT find BLAS' in host.log.text()


def test_a_flood_of_words_is_bounded(host):
    host.program('cmake', u'#!/bin/sh\nyes flood | head -c 4000000\nexit 1\n')
    with pytest.raises(AuditError):
        host.build()
    assert on_host.LOG_LIMIT - len('flood\n') <= len(host.log.text()) <= on_host.LOG_LIMIT


def test_words_of_a_compiler_may_be_any_bytes(host):
    host.program('cmake', u'#!/bin/sh\nprintf "error: \\342\\200\\230x\\342\\200\\231 \\377"\nexit 1\n')
    with pytest.raises(AuditError) as found:
        host.build()
    assert 'error: ' in str(found.value)


def test_a_killed_build_is_cleaned_by_the_next(host):
    host.parent.join(DIGEST + '.partial-1-source', 'source').ensure(dir=True)
    assert host.build()['leftovers'] == [str(host.parent.join(DIGEST + '.partial-1-source'))]


def test_a_devtoolset_runs_in_its_own_directories():
    found = node_build.environment('/opt/rh/devtoolset-11/root/usr/bin/g++', '/work')
    assert found['PATH'].startswith('/opt/rh/devtoolset-11/root/usr/bin:')
    assert found['LD_LIBRARY_PATH'].split(':')[0] == '/opt/rh/devtoolset-11/root/usr/lib64'
    assert 'LD_LIBRARY_PATH' not in node_build.environment('/usr/bin/g++', '/work')


@pytest.mark.parametrize('meminfo, expected', [
    pytest.param(u'MemAvailable:   16000000 kB\n', 8, id='plenty'),
    pytest.param(u'MemAvailable:    1500000 kB\n', 2, id='room for two'),
    pytest.param(u'MemAvailable:     100000 kB\n', 1, id='hardly any'),
    pytest.param(u'', 8, id='unknown'),
])
def test_no_more_jobs_than_the_memory_takes(meminfo, expected):
    assert node_build.jobs(meminfo, 8) == expected
