# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What guards a host's conda, a script in its place; a real one is in tests/integration/test_conda_on_host.py."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import hashlib
import io
import json
import os
import signal
import tarfile
import time

import pytest

from ansible.module_utils.faiss_fleet import child_process
from ansible.module_utils.faiss_fleet.prefix import conda_create, contents, install as prefix_place, on_host
from ansible.module_utils.faiss_fleet.errors import AuditError

from tests import needs

DIGEST = '0123456789abcdef'


DATA = b'a package'


SECRET = 'https://user:word@h/ch'


PACKAGE = {'name': 'python', 'version': '3.13.2', 'subdir': 'linux-64', 'file': 'python-3.13.2-0.tar.bz2',
           'url': 'https://h/ch/linux-64/python-3.13.2-0.tar.bz2', 'sha256': hashlib.sha256(DATA).hexdigest()}


# Its arguments: create --yes --quiet --prefix P --file LIST
CREATES = u"""#!/bin/sh
prefix=$5 list=$7
mkdir -p "$prefix/bin" "$prefix/conda-meta"
echo made > "$prefix/bin/python"
chmod 775 "$prefix/bin/python"
cat "$list"
echo "$@" > "$HOME/seen"
url=$(tail -n 1 "$list")
sed "s|URL|$url|" > "$prefix/conda-meta/python-3.13.2-0.json" <<'EOT'
{"name": "python", "version": "3.13.2", "fn": "python-3.13.2-0.tar.bz2", "url": "URL"}
EOT
echo "+$url" > "$prefix/conda-meta/history"
printf 'a package' > "$CONDA_PKGS_DIRS/python-3.13.2-0.tar.bz2"
"""


SWAPS = CREATES.replace(u"printf 'a package'", u"printf 'another'")


FAILS = CREATES + u'echo "CondaHTTPError: HTTP 000 CONNECTION FAILED for url <$url>"\nexit 1\n'


HANGS = CREATES + u'sleep 60\n'


def archive(path, data):
    """A lock with its package as the controller packs them."""
    listing = b'{}'
    manifest = {'schema': 1, 'strategy': 'conda', 'digest': DIGEST, 'lock': {'packages': [PACKAGE]}, 'files': 1,
                'unpacked_bytes': len(listing) + len(data)}
    with tarfile.open(str(path), 'w:gz') as tar:
        def add(name, content):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        add('manifest.json', json.dumps(manifest).encode())
        add('manifest-files.json', listing)
        for name in ('packages', 'packages/linux-64'):
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE
            tar.addfile(info)
        add('packages/linux-64/' + PACKAGE['file'], data)
    return hashlib.sha256(path.read_binary()).hexdigest()


class Host:
    """A directory that stands for a host, and the module's arguments there."""

    def __init__(self, tmpdir):
        self.tmpdir = tmpdir
        self.log = child_process.Tail(on_host.LOG_LIMIT)
        self.parent = tmpdir.join('fleet [1]', 'conda')
        self.prefix = self.parent.join(DIGEST)
        path = tmpdir.join('lock.tar.gz')
        self.params = prefix_place.checked(dict(
            prefix=str(self.prefix), archive=str(path), sha256=archive(path, DATA), min_free_bytes=1,
            lock_timeout=5, timeout=30, conda=str(tmpdir.join('conda')), kind='conda',
            mode='offline', secrets={}))
        self.conda(CREATES)

    def conda(self, text):
        path = self.tmpdir.join('conda')
        path.write_text(text, encoding='utf-8')
        path.chmod(0o755)

    def create(self, check_mode=False, **changes):
        params = dict(self.params, **changes)
        return conda_create.present(params, check_mode, lambda partial, handle: conda_create.fill(
            partial, handle, params, self.log))

    def still_creating(self):
        return child_process.marked(conda_create.CREATES, self.prefix)

    def left(self):
        return sorted(path.basename for path in self.parent.listdir())


@pytest.fixture
def host(tmpdir):
    return Host(tmpdir)


@pytest.mark.parametrize('mode', ['offline', 'online'])
def test_what_conda_created_is_a_prefix_like_any_other(host, mode):
    assert host.create(mode=mode)['changed'] is True
    manifest = prefix_place.read_manifest(str(host.prefix))
    assert (manifest['digest'], manifest['created']['mode']) == (DIGEST, mode)
    assert contents.damage(str(host.prefix)) is None
    assert host.prefix.join('bin/python').stat().mode & 0o777 == 0o755
    assert host.left() == sorted([DIGEST, prefix_place.MADE])
    host.conda(FAILS)
    assert host.create(archive=None, sha256=None)['changed'] is False


def test_check_mode_touches_nothing(host):
    assert host.create(check_mode=True)['changed'] is True
    assert not host.parent.check()


def test_a_channels_secret_is_asked_and_nowhere_kept(host):
    host.create(mode='online', secrets={'https://h/ch': SECRET})
    record = json.loads(host.prefix.join('conda-meta/python-3.13.2-0.json').read())
    assert record['url'] == PACKAGE['url']
    assert record['channel'] == 'https://h/ch'
    assert host.prefix.join('conda-meta/history').read() == ''
    assert 'https://h/ch/linux-64/python' in host.log.text()
    texts = [path.read() for path in host.parent.visit(lambda path: path.isfile())]
    assert 'word' not in ''.join(texts) + host.log.text()


def test_a_package_that_was_swapped_on_its_way_is_refused(host):
    host.conda(SWAPS)
    with pytest.raises(AuditError) as caught:
        host.create(mode='online')
    assert caught.value.cause == 'hash_mismatch'
    assert host.left() == [prefix_place.MADE]


def test_a_shipped_package_is_checked_before_conda_sees_it(host):
    path = host.tmpdir.join('other.tar.gz')
    with pytest.raises(AuditError) as caught:
        host.create(archive=str(path), sha256=archive(path, b'b package'))
    assert caught.value.cause == 'hash_mismatch'
    assert host.log.text() == ''
    assert host.left() == [prefix_place.MADE]


def test_what_conda_said_is_evidence_and_nothing_is_left(host):
    host.conda(u'#!/bin/sh\necho "OSError: [Errno 28] No space left on device"\nexit 1\n')
    with pytest.raises(AuditError) as caught:
        host.create()
    assert caught.value.cause == 'unknown' and 'No space left' in caught.value.said and caught.value.remedy
    assert host.left() == [prefix_place.MADE]


def test_one_that_hangs_is_ended(host):
    host.conda(HANGS)
    with pytest.raises(AuditError) as caught:
        host.create(timeout=1)
    assert caught.value.cause == 'timeout'
    assert host.still_creating() == []
    assert host.left() == [prefix_place.MADE]


def test_a_damaged_prefix_is_created_anew_and_stays_when_that_fails(host):
    host.create()
    host.prefix.join('bin/python').write('cut')
    host.conda(FAILS)
    with pytest.raises(AuditError):
        host.create()
    assert host.prefix.join('bin/python').read() == 'cut'
    host.conda(CREATES)
    assert host.create()['changed'] is True
    assert host.prefix.join('bin/python').read() == 'made\n'
    assert host.left() == sorted([DIGEST, prefix_place.MADE])


def test_a_killed_creation_counts_for_nothing_and_the_next_run_ends_what_is_left_of_it(host):
    host.conda(HANGS)
    child = os.fork()
    if child == 0:
        try:
            host.create()
        finally:
            os._exit(0)
    deadline = time.time() + 20
    while not host.prefix.join('conda-meta/history').check() and time.time() < deadline:
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert host.still_creating() != []
    assert conda_create.unfinished(str(host.parent.dirpath())) == [str(host.prefix)]
    assert not host.prefix.join('manifest.json').check()
    assert host.create(check_mode=True)['changed'] is True
    host.conda(CREATES)
    assert host.create()['changed'] is True
    assert host.still_creating() == []
    assert contents.damage(str(host.prefix)) is None
    assert host.left() == sorted([DIGEST, prefix_place.MADE])


@pytest.mark.parametrize('kind, offline, expected', [
    ('conda', True, ['--no-default-packages', '--offline']),
    ('mamba', False, ['--no-default-packages']),
    ('micromamba', True, ['--root-prefix', '/w/root', '--no-rc', '--offline']),
])
def test_command_lines(kind, offline, expected):
    found = conda_create.command(kind, '/c', '/p', '/w/list', '/w', offline)
    assert found == ['/c', 'create', '--yes', '--quiet', '--prefix', '/p', '--file', '/w/list'] + expected


def test_conda_sees_nothing_of_the_users():
    found = conda_create.environment('/opt/c/bin/conda', '/p', '/w', {'HOME': '/root', 'CONDA_PREFIX': '/opt/c',
                                                                     'https_proxy': 'http://proxy'})
    assert found['https_proxy'] == 'http://proxy'
    assert 'CONDA_PREFIX' not in found
    for name in ('HOME', 'CONDARC', 'CONDA_PKGS_DIRS', 'CONDA_ENVS_PATH', 'TMPDIR', 'MAMBA_ROOT_PREFIX'):
        assert found[name].startswith('/w/')


@pytest.mark.parametrize('part', ['bin/conda', 'lib/python3.11', 'lib/python3.11/site-packages'])
def test_root_runs_no_conda_that_another_user_could_change(tmpdir, part):
    needs.root()
    for name in ('bin/conda', 'bin/python3.11', 'lib/python3.11/os.py'):
        tmpdir.ensure(name)
    tmpdir.ensure('lib/python3.11/site-packages', dir=True)
    tmpdir.join('bin/python').mksymlinkto('python3.11')
    conda = str(tmpdir.join('bin/conda'))
    conda_create.check_trusted(conda)
    os.chown(str(tmpdir.join(part)), 54321, 54321)
    with pytest.raises(AuditError, match='%s is owned by user id 54321' % part):
        conda_create.check_trusted(conda)
    conda_create.check_trusted(conda, euid=lambda: 54321)
