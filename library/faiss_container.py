#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import contextlib
import gzip
import io
import os
import shutil
import signal

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet import commands
from ansible.module_utils.faiss_fleet.prefix import container_image, remove as prefix_removal, unpack
from ansible.module_utils.faiss_fleet.facts import engines
from ansible.module_utils.faiss_fleet.backend import lock as setting_lock
from ansible.module_utils.faiss_fleet.prefix import manifest as prefixes
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.locks import HostLock
from ansible.module_utils.faiss_fleet.prefix.install import lock_path

CONTAINERD = '/var/lib/containerd'

ARGUMENT_SPEC = dict(
    state=dict(type='str', choices=['present', 'absent'], default='present'),
    prefix=dict(type='str', required=True),
    engine=dict(type='str'),
    id=dict(type='str'),
    reference=dict(type='str'),
    archive=dict(type='str'),
    sha256=dict(type='str'),
    min_free_bytes=dict(type='int', default=0),
    lock_timeout=dict(type='int', default=600),
)


def lock(params):
    return HostLock(lock_path(params['prefix']), setting_lock.holder(), params['lock_timeout'])


def storage_of(engine, need, exists=os.path.isdir):
    """(directory, bytes) of where the engine puts an image that takes so much unpacked; (None, need) if unknown."""
    status, out, _err = engine.ask('info', '--format', '{{.Store.GraphRoot}}')
    if status == 0 and out.startswith('/'):
        return out.strip(), need
    status, out, _err = engine.ask('info', '--format', '{{.DockerRootDir}}\n{{.DriverStatus}}')
    directory, _found, driver = out.partition('\n')
    if status != 0 or not directory.startswith('/'):
        return None, need
    if engines.SNAPSHOTTER not in driver:
        return directory.strip(), need
    # containerd keeps the layers beside what it unpacks of them, in a place of its own unless docker started it.
    own = os.path.join(directory.strip(), 'containerd')
    return own if exists(os.path.join(own, 'daemon')) else CONTAINERD, 2 * need


def check_room(engine, need, statvfs=os.statvfs):
    """Raises AuditError when the file system of the engine's storage has less free; a place nobody tells is let be."""
    directory, need = storage_of(engine, need)
    if directory is None:
        return
    while not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    found = statvfs(directory)
    free = found.f_bavail * found.f_frsize
    if free < need:
        remedy = 'Free space there (`%s image prune` removes what nothing uses), or move the engine\'s storage.' % (
            os.path.basename(engine.path))
        raise AuditError('%s has %d MB free and the image needs %d MB. %s' % (
            directory, free // 10 ** 6, -(-need // 10 ** 6), remedy), cause='disk_full', remedy=remedy)


def present(params, check_mode, run):
    container_image.check(params['id'], params['reference'])
    if not params['engine']:
        raise AuditError('No engine was given. Give the path of podman or docker.')
    engine = container_image.Engine(params['engine'], run)
    wanted = params['id'] or params['reference']
    there = engine.id_of(wanted) is not None
    if check_mode:
        return dict(changed=not there, image=wanted, because='it is there' if there else 'the engine does not have it')
    if container_image.lock_of(params['prefix']) is None:
        raise AuditError('%s is not the prefix of a container. Put it in place first.' % params['prefix'])
    with lock(params):
        if not there:
            check_room(engine, params['min_free_bytes'])
            check_archive(params)
        with plain(None if there else params['archive']) as archive:
            brought = container_image.bring(engine, params['prefix'], params['id'], params['reference'], archive)
    because = 'the engine did not have it' if brought else 'it is there'
    return dict(changed=brought, image=wanted, because=because)


def check_archive(params):
    if not params['id']:
        return
    if not params['archive'] or not prefixes.SHA256.match(params['sha256'] or ''):
        raise AuditError('The engine does not have the image %s, and no archive with its sha256 was given to load it '
                         'from. Give archive and sha256.' % params['id'])
    with io.open(params['archive'], 'rb') as handle:
        unpack.check_sha256(handle, params['sha256'], params['archive'])


@contextlib.contextmanager
def plain(archive):
    """The archive without its compression, beside it: podman 4.3 takes a compressed one for none."""
    if archive is None:
        yield None
        return
    path = archive + '.tar'
    try:
        with gzip.open(archive, 'rb') as source, io.open(path, 'wb') as out:
            shutil.copyfileobj(source, out, 1 << 20)
        yield path
    finally:
        if os.path.exists(path):
            os.unlink(path)


def absent(params, check_mode, run):
    prefix = params['prefix']
    if not prefix_removal.is_ours(prefix):
        return dict(changed=False, because='there is no prefix of ours')
    there = container_image.lock_of(prefix)
    if there is None:
        return dict(changed=False, because='it is not the prefix of a container')
    if check_mode:
        engine = container_image.Engine(params['engine'] or there['engine']['path'], run)
        ours = engine.id_of(container_image.name_of(prefix)) is not None
        return dict(changed=ours, because='its image was brought' if ours else 'its image was there before')
    with lock(params):
        done = container_image.take_away_of(prefix, run)
    return dict(changed=done is not None, because=done or 'no image was brought for it')


def runner(module, environ=os.environ):
    """Runs commands in the caller's environment, which says which engine it is, without what redirects programs."""
    for name in set(environ) - set(commands.clean_environment(environ)):
        del environ[name]
    return lambda argv: module.run_command(argv, environ_update={'LC_ALL': 'C'}, handle_exceptions=False)


def interrupted(number, frame):
    raise AuditError('It was ended by signal %d. Run again.' % number, cause='interrupted', remedy='Run again.')


def main():
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    started = commands.clock()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    failure, result = None, {}
    try:
        params = dict(module.params, prefix=prefixes.check(module.params['prefix']))
        act = present if params['state'] == 'present' else absent
        result = act(params, module.check_mode, runner(module))
    except AuditError as exc:
        failure = exc
    except (IOError, OSError) as exc:
        failure = unpack.as_audit_error(exc, exc.filename or module.params['prefix'])
    if module.params['archive'] and not module.check_mode:
        module.cleanup(module.params['archive'])
    seconds = round(commands.clock() - started, 3)
    if failure is not None:
        module.fail_json(msg=str(failure), cause=failure.cause or 'unknown', remedy=failure.remedy, said=failure.said,
                         seconds=seconds, changed=False)
    module.exit_json(seconds=seconds, **result)


if __name__ == '__main__':
    main()
