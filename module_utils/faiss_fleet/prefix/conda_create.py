# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Has a host's own conda, mamba or micromamba create a prefix from a lock, away from everything that its user has.

conda writes its prefix into files, so it creates it at its place. A mark beside it tells that it is not done; a run
that finds the mark while nobody works there ends what is left of that creation and throws it away.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import glob
import io
import json
import os
import shutil
import signal

from .. import child_process, commands, trust
from . import contents, install as prefix_place, remove, unpack
from . import manifest as prefixes
from ..errors import AuditError
from ..locks import HostLock
from ..search import python_paths

META = 'conda-meta'
LOG_LIMIT = 1 << 20
TAIL = 15
SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin'
# Of each package's record: where it lay while it was installed, which is gone by then.
PLACES = ('auth', 'extracted_package_dir', 'link', 'package_tarball_full_path', 'requested_spec', 'requested_specs',
          'schannel')
# How a host reaches its channels is the host's matter: what Ansible gave the task goes on.
NETWORK = ('http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'SSL_CERT_FILE',
           'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE')
# By this variable a conda is known whose module was killed.
CREATES = 'FAISS_FLEET_CREATES'


def command(kind, conda, prefix, listing, work, offline):
    """The command line. micromamba reads no settings and has a root of ours; the others are told by environment."""
    argv = [conda, 'create', '--yes', '--quiet', '--prefix', prefix, '--file', listing]
    argv += ['--root-prefix', os.path.join(work, 'root'), '--no-rc'] if kind == 'micromamba' \
        else ['--no-default-packages']
    return argv + (['--offline'] if offline else [])


def environment(conda, prefix, work, environ=os.environ):
    """What conda runs in: home, settings, caches and lists of environments are all under `work`."""
    found = dict((name, environ[name]) for name in NETWORK if environ.get(name))
    pkgs = os.path.join(work, 'root', 'pkgs')
    found.update({
        'PATH': '%s:%s' % (os.path.dirname(conda), SYSTEM_PATH), 'LC_ALL': 'C', CREATES: prefix,
        'HOME': os.path.join(work, 'home'), 'TMPDIR': os.path.join(work, 'tmp'),
        'CONDA_PKGS_DIRS': pkgs, 'CONDA_ENVS_PATH': os.path.join(work, 'envs'),
        'CONDARC': os.path.join(work, 'condarc'),
        'MAMBA_ROOT_PREFIX': os.path.join(work, 'root'), 'CONDA_ALLOW_SOFTLINKS': 'false',
        'CONDA_REGISTER_ENVS': 'false',
        # conda itself lies in the base environment, and would leave its bytecode there.
        'PYTHONDONTWRITEBYTECODE': '1'})
    return found


def real_url(url, secrets):
    """The address to ask for a package that the lock names by its public one. secrets: {public: real}."""
    for shown, real in sorted(secrets.items()):
        if url.startswith(shown.rstrip('/') + '/'):
            return real.rstrip('/') + url[len(shown.rstrip('/')):]
    return url


def shipped(source, package):
    return os.path.join(source, 'packages', package['subdir'], package['file'])


def explicit(packages, source, secrets, offline):
    """The list that conda gets. Without sums: conda before 4.4 knows md5 alone, and we compare sha256 ourselves."""
    lines = ['file://' + shipped(source, package) if offline else real_url(package['url'], secrets)
             for package in packages]
    return '@EXPLICIT\n%s\n' % '\n'.join(lines)


def hidden(text, secrets):
    """The text with public addresses in place of those with a secret."""
    for shown, real in sorted(secrets.items()):
        text = text.replace(real.rstrip('/'), shown.rstrip('/'))
    return text


def check(path, package):
    """Raises AuditError unless the file is the package that was locked."""
    found = contents.sha256(path)
    if found != package['sha256']:
        remedy = 'Find out who changed the package or its mirror.'
        raise AuditError('%s came with sha256 %s, and the lock has %s. What was made of it is removed. %s'
                         % (package['url'], found, package['sha256'], remedy), cause='hash_mismatch', remedy=remedy)


def check_fetched(packages, pkgs):
    """Raises AuditError unless all that conda fetched into its cache, which was empty before, is what was locked."""
    files = {}
    for root, _, names in os.walk(pkgs):
        for name in names:
            files.setdefault(name, []).append(os.path.join(root, name))
    for package in packages:
        found = files.get(package['file'])
        if not found:
            raise AuditError('%s was not left in the package cache, so it cannot be compared with the lock. Set '
                             'faiss_install__conda_on_host to offline.' % package['url'], cause='hash_mismatch',
                             remedy='Set faiss_install__conda_on_host to offline.')
        for path in found:
            check(path, package)


def check_trusted(conda, euid=os.geteuid):
    """Raises AuditError where root would run a conda that another user could replace, or what it imports."""
    if euid() != 0:
        return
    python = os.path.join(os.path.dirname(conda), 'python')
    for path in [conda] + python_paths.places(python if os.path.exists(python) else conda):
        found = trust.writer(path, euid)
        if found:
            remedy = 'Let root alone own and write it, or leave faiss_install__conda_on_host empty.'
            raise AuditError('%s was not started as root, since %s %s. Nothing was changed. %s'
                             % ((conda,) + found + (remedy,)), cause='permission_denied', remedy=remedy)


def mark_of(prefix):
    return os.path.join(os.path.dirname(prefix), '.%s.creating' % os.path.basename(prefix))


def unfinished(base):
    """The prefixes under <base>/<strategy>/ beside which there is a mark."""
    names = [os.path.split(path) for path in sorted(glob.glob(os.path.join(base, '*', '.*.creating')))]
    found = [(directory, name[1:-len('.creating')]) for directory, name in names if not os.path.islink(directory)]
    return [os.path.join(directory, digest) for directory, digest in found if prefixes.DIGEST.match(digest)]


def orphans(prefix, proc='/proc'):
    """Processes that still create the prefix though their module is gone."""
    wanted, found = ('%s=%s' % (CREATES, prefix)).encode('utf-8'), []
    for path in glob.glob(os.path.join(proc, '[0-9]*', 'environ')):
        try:
            with io.open(path, 'rb') as handle:
                if wanted in handle.read().split(b'\0'):
                    found.append(int(os.path.basename(os.path.dirname(path))))
        except (IOError, OSError):
            continue                             # ended meanwhile, or another user's
    return sorted(found)


def discard_unfinished(prefix, holder, timeout, kill=os.kill):
    """Throws away what a killed creation left at the prefix; waits for one that is under way."""
    with HostLock(prefix_place.lock_path(prefix), holder, timeout):
        if not os.path.lexists(mark_of(prefix)):
            return
        for pid in orphans(prefix):
            try:
                kill(pid, signal.SIGKILL)
            except OSError as exc:
                if exc.errno != errno.ESRCH:
                    raise
        if os.path.lexists(prefix):
            shutil.rmtree(prefix)
        os.unlink(mark_of(prefix))


def present(params, check_mode, fill):
    """As prefix_place.present, for a prefix that is created at its place."""
    mark = mark_of(params['prefix'])
    while True:
        if os.path.lexists(mark):
            if check_mode:
                return dict(changed=True, because='an earlier creation did not end', bytes=params['min_free_bytes'],
                            leftovers=[])
            discard_unfinished(params['prefix'], params['holder'], params['lock_timeout'])
        try:
            return prefix_place.present(params, check_mode, fill)
        except AuditError:
            if check_mode or not os.path.lexists(mark):
                raise                            # else another run began between our look at the mark and its lock


def fill(partial, handle, params, log, run=child_process.run, environ=os.environ):
    """Makes the prefix of the open archive, moves it to `partial` and returns its manifest. See prefix_place."""
    prefix, work = params['prefix'], partial + '-work'
    source, secrets = os.path.join(work, 'source'), params['secrets'] or {}
    mark, done = mark_of(prefix), False
    os.mkdir(work)
    try:
        os.chmod(work, 0o700)                    # the list may have a channel's secret in it
        for name in ('home', 'tmp', 'root', 'root/pkgs', 'envs'):
            os.mkdir(os.path.join(work, name))
        manifest = unpack.unpack(handle, source, params['digest'], params['archive'])
        packages, offline = manifest['lock']['packages'], params['mode'] == 'offline'
        for package in packages if offline else []:
            check(shipped(source, package), package)
        _write(os.path.join(work, 'condarc'), '{}\n')
        listing = os.path.join(work, 'explicit.txt')
        _write(listing, explicit(packages, source, secrets, offline))
        if os.path.lexists(prefix):
            os.rename(prefix, partial + remove.OLD)  # damaged; prefix_place brings it back when this fails
        _write(mark, params['holder'] + '\n')
        argv = command(params['kind'], params['conda'], prefix, listing, work, offline)
        create(argv, environment(params['conda'], prefix, work, environ), work, params, log, run)
        if not offline:
            check_fetched(packages, os.path.join(work, 'root', 'pkgs'))
        tidy(prefix, packages)
        finish(prefix, manifest, {'by': params['conda'], 'kind': params['kind'], 'mode': params['mode']})
        os.rename(prefix, partial)
        done = True
        with io.open(os.path.join(partial, prefixes.MANIFEST), encoding='utf-8') as made:
            return prefixes.parse_manifest(made.read(), prefix)
    finally:
        if not done and os.path.lexists(mark) and os.path.lexists(prefix):
            shutil.rmtree(prefix, ignore_errors=True)
        if os.path.lexists(mark) and not os.path.lexists(prefix):
            os.unlink(mark)
        shutil.rmtree(work, ignore_errors=True)


def create(argv, env, work, params, log, run):
    said = child_process.Tail(LOG_LIMIT)
    log.feed(('$ %s\n' % ' '.join(argv)).encode('utf-8'))
    outcome = run(['/bin/sh', '-c', 'exec nice -n 10 "$@" 2>&1', 'conda'] + argv, u'', env, work, params['timeout'],
                  said.feed)
    text = hidden(said.text() + outcome.log, params['secrets'] or {})
    log.feed(text.encode('utf-8'))
    name = '%s (%s)' % (params['conda'], params['kind'])
    if outcome.start_error is not None:
        raise AuditError('%s could not be started: %s' % (name, outcome.start_error), cause='command_missing')
    if outcome.timed_out:
        remedy = 'Raise faiss_install__attempt_timeout, or set faiss_install__conda_on_host to "".'
        raise AuditError('%s did not end within %d s; it was ended and what it made was removed. %s'
                         % (name, params['timeout'], remedy), cause='timeout', remedy=remedy)
    if outcome.exit_code != 0:
        raise _failure(name, outcome, text)


def _failure(name, outcome, text):
    ended = 'was ended by %s' % outcome.signal if outcome.signal else 'ended with status %s' % outcome.exit_code
    last = '\n'.join(text.strip().splitlines()[-TAIL:]) or '(it said nothing)'
    return AuditError(commands.native((u'%s %s: %s' % (name, ended, last)).encode('utf-8')),
                      cause='unknown', said=text, remedy='Read the whole log, or let the controller make the '
                      'environment: faiss_install__conda_on_host: "".')


def tidy(prefix, packages):
    """Judges what conda noted about itself against the lock, and takes places and secrets out of it."""
    expected = dict((package['file'], package) for package in packages)
    found = {}
    for path in sorted(glob.glob(os.path.join(prefix, META, '*.json'))):
        with io.open(path, encoding='utf-8') as handle:
            record = json.load(handle)
        package = expected.get(record.get('fn'))
        found[record['name']] = record['version']
        url = package['url'] if package else None
        record = dict((name, value) for name, value in record.items() if name not in PLACES)
        record.update(url=url, channel=url.rsplit('/', 2)[0] if url else None)
        _write(path, json.dumps(record, indent=1, sort_keys=True) + '\n')
    wanted = dict((package['name'], package['version']) for package in packages)
    if found != wanted:
        odd = sorted(set(found.items()) ^ set(wanted.items()))
        raise AuditError('What conda created is not what the lock names: %s differ. It is removed.'
                         % ', '.join(' '.join(each) for each in odd), cause='corrupt_artefact')
    lines = ['%s#sha256:%s' % (package['url'], package['sha256']) for package in packages]
    _write(os.path.join(prefix, META, 'faiss-fleet.explicit.txt'), '@EXPLICIT\n%s\n' % '\n'.join(lines))
    # The history has the addresses that were asked. An empty one is what tells conda that this is an environment.
    _write(os.path.join(prefix, META, 'history'), '')


def finish(prefix, manifest, made):
    """Writes the manifest, last of all."""
    files = {}
    for root, directories, names in os.walk(prefix):
        os.chmod(root, 0o755)
        for name in directories + names:
            full = os.path.join(root, name)
            path = os.path.relpath(full, prefix)
            if os.path.islink(full):
                files[path] = contents.listed(full)
            elif os.path.isfile(full):
                os.chmod(full, 0o755 if os.stat(full).st_mode & 0o100 else 0o644)
                files[path] = contents.listed(full)
    listing = json.dumps(files, indent=1, sort_keys=True) + '\n'
    _write(os.path.join(prefix, prefixes.FILES), listing)
    size = sum(entry.get('size', 0) for entry in files.values()) + len(listing)
    _write(os.path.join(prefix, prefixes.MANIFEST), json.dumps(
        dict(manifest, files=len(files), unpacked_bytes=size, created=made), indent=1, sort_keys=True) + '\n')


def _write(path, text):
    # conda may have linked the file to its cache: a new file, not other words in a shared one.
    if os.path.lexists(path):
        os.unlink(path)
    with io.open(path, 'wb') as out:
        out.write(text.encode('utf-8'))
    os.chmod(path, 0o644)
