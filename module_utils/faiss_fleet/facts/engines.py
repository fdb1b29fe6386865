# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tells which container engines the host has and whether they would answer, without changing anything.

docker is asked over its socket. podman has no daemon: `podman info` costs 0.16 s of CPU and on a new host writes its
database first, so its answer is judged by what it needs to start a container; what is missing is named.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re
import socket

from . import runtimes
from .. import commands as programs, read_json

DOCKER_SOCKETS = ('/var/run/docker.sock', '/run/docker.sock')
RUNTIMES = ('crun', 'runc', 'youki', 'kata-runtime')
HELPERS = ('/usr/libexec/podman', '/usr/lib/podman', '/usr/local/libexec/podman', '/usr/local/lib/podman',
           '/usr/lib/cri-o-runc/sbin')
# What docker says of itself where its images live in containerd (the default of new installations from docker 29 on).
SNAPSHOTTER = 'io.containerd.snapshotter'
NAMESPACES = ('/proc/sys/user/max_user_namespaces', '/proc/sys/kernel/unprivileged_userns_clone')
MOST_ANSWER = 262144
# What makes an engine the one that answered. Who starts a container later is given the same.
ENVIRONMENT = ('CONTAINERS_CONF', 'CONTAINERS_STORAGE_CONF', 'DOCKER_HOST')


def commands(host):
    """Only podman is started: docker's daemon tells its version itself."""
    path = host.which('podman')
    return {('engine', 'podman'): [path, '--version']} if path else {}


def parse_version(text):
    """'4.3.1' of 'podman version 4.3.1'; None otherwise."""
    match = re.search(r'version ([0-9]+(?:\.[0-9]+)+[^\s,]*)', text)
    return match.group(1) if match else None


def docker_socket(host):
    """(path, error): the local socket docker would use; an error when DOCKER_HOST points elsewhere."""
    named = host.environ.get('DOCKER_HOST', '')
    if named.startswith('unix://'):
        return named[len('unix://'):], None
    if named:
        return None, 'DOCKER_HOST names %s, which is not this host.' % named
    runtime = host.environ.get('XDG_RUNTIME_DIR') or '/run/user/%d' % os.geteuid()
    for path in DOCKER_SOCKETS + (runtime + '/docker.sock',):
        if os.path.exists(host.at(path)):
            return path, None
    return None, 'None of %s is there. Start the daemon: systemctl start docker' % ', '.join(DOCKER_SOCKETS)


def ask(path, timeout, question='version'):
    """What a GET says over a Unix socket, as a dict. Raises OSError, or ValueError when it is no sense."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    deadline = programs.clock() + timeout
    connection.settimeout(timeout)
    try:
        connection.connect(path)
        connection.sendall(('GET /%s HTTP/1.0\r\nHost: localhost\r\n\r\n' % question).encode('ascii'))
        answer = b''
        # The limit is on the whole exchange: a daemon may send a byte a second.
        while len(answer) < MOST_ANSWER and programs.clock() < deadline:
            piece = connection.recv(65536)
            if not piece:
                break
            answer += piece
            if _body(answer) is not None:
                break
    finally:
        connection.close()
    body = _body(answer)
    if body is None:
        raise ValueError('it is no docker daemon: %r' % answer[:80])
    return body


def _body(answer):
    head, found, body = answer.partition(b'\r\n\r\n')
    if not found or not re.match(br'^HTTP/1\.[01] 200 ', head):
        return None
    try:
        said = read_json.loads(body[body.find(b'{'):body.rfind(b'}') + 1].decode('utf-8', 'replace'))
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def store_of(said):
    """'containerd' where docker names images by their manifests, by what GET /info said; None where it does not."""
    for entry in said.get('DriverStatus') or []:
        if isinstance(entry, list) and len(entry) == 2 and entry[0] == 'driver-type':
            return 'containerd' if str(entry[1]).startswith(SNAPSHOTTER) else None
    return None


def _store(host, path):
    try:
        return store_of(ask(path, host.timeout, 'info'))
    except (IOError, OSError, ValueError) as exc:
        host.gap('engines', 'docker does not tell where it keeps its images: %s' % exc)
        return None


def _docker(host, program):
    entry = {'name': 'docker', 'path': program, 'version': None, 'answers': False, 'answers_by': 'socket',
             'rootless': None}
    path, entry['error'] = docker_socket(host)
    objection = host.objection(program)
    if objection:
        host.gap('engines', objection)
        entry['error'] = objection
    if path is None or objection:
        return entry
    try:
        said = ask(host.at(path), host.timeout)
    except (IOError, OSError, ValueError) as exc:
        entry['error'] = 'The daemon at %s does not answer: %s' % (path, exc)
        return entry
    entry.update(answers=True, version=str(said.get('Version') or '') or None, store=_store(host, host.at(path)))
    return entry


def podman_wants(host, uid, user):
    """What podman lacks to start a container, as sentences; [] when nothing is known to be missing."""
    wants = []
    if not any(host.which(name, HELPERS) for name in RUNTIMES):
        wants.append('no OCI runtime (%s) is installed' % ', '.join(RUNTIMES))
    if not host.which('conmon', HELPERS):
        wants.append('conmon is not installed')
    if uid == 0:
        return wants
    for name in ('newuidmap', 'newgidmap'):
        if not host.which(name):
            wants.append('%s is not installed, which containers without root need' % name)
    for path in ('/etc/subuid', '/etc/subgid'):
        entries = [line.split(':')[0] for line in (host.text_or_none(path, 1 << 20) or '').splitlines()]
        if user not in entries and str(uid) not in entries:
            wants.append('%s has no entry for %s' % (path, user or uid))
    for path in NAMESPACES:
        if (host.text_or_none(path, 64) or '1').strip() == '0':
            wants.append('%s is 0' % path)
    return wants


def _podman(host, result, uid, user):
    version = parse_version(result.out)
    entry = {'name': 'podman', 'path': host.which('podman'), 'version': version, 'answers': False,
             'answers_by': 'requirements', 'rootless': uid != 0, 'error': None}
    if version is None:
        entry['error'] = result.error or 'It said: %s' % (result.err or result.out).strip()[:300]
        return entry
    wants = podman_wants(host, uid, user)
    entry['answers'] = not wants
    entry['error'] = '; '.join(wants) or None
    return entry


def describe(host, results, uid, user):
    """The record's "engines"."""
    engines = []
    if ('engine', 'podman') in results:
        engines.append(_podman(host, results['engine', 'podman'], uid, user))
    # podman-docker puts a script named docker there that starts podman: that is no second engine.
    docker = host.which('docker')
    if docker and not runtimes.is_script(host, docker) and 'podman' not in host.real(docker):
        engines.append(_docker(host, docker))
    set_here = dict((name, host.environ[name]) for name in ENVIRONMENT if host.environ.get(name))
    for entry in engines:
        entry['environment'] = dict((name, value) for name, value in set_here.items()
                                    if name.startswith('DOCKER') == (entry['name'] == 'docker'))
    return engines
