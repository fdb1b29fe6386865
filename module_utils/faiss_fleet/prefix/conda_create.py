# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Has a host's own conda, mamba or micromamba create a prefix from a lock, away from everything that its user has.

conda writes its prefix into files, so it creates it at its place. A mark beside it tells that it is not done; a run
that finds the mark while nobody works there ends what is left of that creation and throws it away.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import json
import os
import shutil

from .. import child_process, trust
from . import contents, install as prefix_place, on_host, unpack
from . import manifest as prefixes
from ..backend.lock import holder
from ..errors import AuditError
from ..locks import HostLock
from ..search import python_paths

META = 'conda-meta'
# Of each package's record: where it lay while it was installed, which is gone by then.
PLACES = ('auth', 'extracted_package_dir', 'link', 'package_tarball_full_path', 'requested_spec', 'requested_specs',
          'schannel')
# How a host reaches its channels is the host's matter: what Ansible gave the task goes on.
NETWORK = ('http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'SSL_CERT_FILE',
           'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE')
# By this variable a conda is known whose module was killed.
CREATES = 'FAISS_FLEET_CREATES'


def command(kind, conda, prefix, listing, work, offline):
    """The command line. micromamba reads no settings and has a root of ours; the others get theirs by environment."""
    argv = [conda, 'create', '--yes', '--quiet', '--prefix', prefix, '--file', listing]
    argv += ['--root-prefix', os.path.join(work, 'root'), '--no-rc'] if kind == 'micromamba' \
        else ['--no-default-packages']
    return argv + (['--offline'] if offline else [])


def environment(conda, prefix, work, environ=os.environ):
    """What conda runs in: home, settings, caches and lists of environments are all under `work`."""
    found = dict((name, environ[name]) for name in NETWORK if environ.get(name))
    pkgs = os.path.join(work, 'root', 'pkgs')
    found.update({
        'PATH': '%s:%s' % (os.path.dirname(conda), on_host.SYSTEM_PATH), 'LC_ALL': 'C', CREATES: prefix,
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
    directories = [path for path in _listed(base) if os.path.isdir(path) and not os.path.islink(path)]
    names = [os.path.split(path) for directory in directories for path in _listed(directory, '.creating')]
    found = [(directory, name[1:-len('.creating')]) for directory, name in names if name.startswith('.')]
    return [os.path.join(directory, digest) for directory, digest in found if prefixes.DIGEST.match(digest)]


def _listed(directory, end=''):
    """Paths of what is in a directory and has this end; no glob, as a prefix may have a bracket in it."""
    names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    return [os.path.join(directory, name) for name in names if name.endswith(end)]


def discard_unfinished(prefix, timeout):
    """Throws away what a killed creation left at the prefix; waits for one that is under way."""
    with HostLock(prefix_place.lock_path(prefix), holder(), timeout):
        if not os.path.lexists(mark_of(prefix)):
            return
        child_process.kill_marked(CREATES, prefix)     # what still creates it though its module is gone
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
            discard_unfinished(params['prefix'], params['lock_timeout'])
        try:
            return prefix_place.present(params, check_mode, fill)
        except AuditError:
            if check_mode or not os.path.lexists(mark):
                raise                            # else another run began between our look at the mark and its lock


def fill(partial, handle, params, log):
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
        on_host.write(os.path.join(work, 'condarc'), '{}\n')
        listing = os.path.join(work, 'explicit.txt')
        on_host.write(listing, explicit(packages, source, secrets, offline))
        if os.path.lexists(prefix):
            os.rename(prefix, partial + prefix_place.OLD)  # damaged; prefix_place brings it back when this fails
        on_host.write(mark, holder() + '\n')
        argv = command(params['kind'], params['conda'], prefix, listing, work, offline)
        create(argv, environment(params['conda'], prefix, work), work, params, log)
        if not offline:
            check_fetched(packages, os.path.join(work, 'root', 'pkgs'))
        tidy(prefix, packages)
        made = {'by': params['conda'], 'kind': params['kind'], 'mode': params['mode']}
        on_host.finish(prefix, dict(manifest, created=made))
        os.rename(prefix, partial)
        done = True
        return prefix_place.read_manifest(partial)
    finally:
        if not done and os.path.lexists(mark) and os.path.lexists(prefix):
            shutil.rmtree(prefix, ignore_errors=True)
        if os.path.lexists(mark) and not os.path.lexists(prefix):
            os.unlink(mark)
        shutil.rmtree(work, ignore_errors=True)


def create(argv, env, work, params, log):
    outcome, text = on_host.run(argv, env, work, params['timeout'], log,
                                lambda said: hidden(said, params['secrets'] or {}))
    name = '%s (%s)' % (params['conda'], params['kind'])
    if outcome.start_error is not None:
        raise AuditError('%s could not be started: %s' % (name, outcome.start_error), cause='command_missing')
    if outcome.timed_out:
        remedy = 'Raise faiss_install__attempt_timeout, or set faiss_install__conda_on_host to "".'
        raise AuditError('%s did not end within %d s; it was ended and what it made was removed. %s'
                         % (name, params['timeout'], remedy), cause='timeout', remedy=remedy)
    if outcome.exit_code != 0:
        remedy = 'Read the whole log, or let the controller make the environment: faiss_install__conda_on_host: "".'
        raise on_host.failure(name, outcome, text, 'unknown', remedy)


def tidy(prefix, packages):
    """Judges what conda noted about itself against the lock, and takes places and secrets out of it."""
    expected = dict((package['file'], package) for package in packages)
    found = {}
    for path in _listed(os.path.join(prefix, META), '.json'):
        with io.open(path, encoding='utf-8') as handle:
            record = json.load(handle)
        package = expected.get(record.get('fn'))
        found[record['name']] = record['version']
        url = package['url'] if package else None
        record = dict((name, value) for name, value in record.items() if name not in PLACES)
        record.update(url=url, channel=url.rsplit('/', 2)[0] if url else None)
        on_host.write(path, json.dumps(record, indent=1, sort_keys=True) + '\n')
    wanted = dict((package['name'], package['version']) for package in packages)
    if found != wanted:
        odd = sorted(set(found.items()) ^ set(wanted.items()))
        raise AuditError('What conda created is not what the lock names: %s differ. It is removed.'
                         % ', '.join(' '.join(each) for each in odd), cause='corrupt_artefact')
    lines = ['%s#sha256:%s' % (package['url'], package['sha256']) for package in packages]
    on_host.write(os.path.join(prefix, META, 'faiss-fleet.explicit.txt'), '@EXPLICIT\n%s\n' % '\n'.join(lines))
    # The history has the addresses that were asked. An empty one is what tells conda that this is an environment.
    on_host.write(os.path.join(prefix, META, 'history'), '')
