# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds the host's Nodes: version by --version, N-API by the headers beside it or Node's table of releases.

`node --version` costs 3 ms of CPU; starting JavaScript to ask process.versions costs 40 to 60, so that is done for one
Node at most, and only when neither headers nor table know the release.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import posixpath
import re

from . import runtimes
from .. import read_json

NAME = re.compile(r'^node(js)?$')
DIRECTORIES = ('~/.nvm/versions/node/*/bin', '/usr/local/n/versions/node/*/bin', '/usr/local/node*/bin',
               '/usr/local/lib/nodejs/*/bin', '~/.volta/tools/image/node/*/bin')
MOST_STARTED = 8

# Node-API version by release line: (major, lowest release of that line with it, Node-API). From the version matrix of
# Node's own documentation. A line that is not here is asked by starting it.
NAPI = (
    (10, (10, 0, 0), 3), (10, (10, 16, 0), 4), (10, (10, 17, 0), 5), (10, (10, 20, 0), 6), (10, (10, 23, 0), 7),
    (12, (12, 0, 0), 4), (12, (12, 11, 0), 5), (12, (12, 17, 0), 6), (12, (12, 19, 0), 7), (12, (12, 22, 0), 8),
    (14, (14, 0, 0), 6), (14, (14, 12, 0), 7), (14, (14, 17, 0), 8),
    (16, (16, 0, 0), 8), (18, (18, 0, 0), 8), (18, (18, 17, 0), 9), (20, (20, 0, 0), 8), (20, (20, 3, 0), 9),
    (22, (22, 0, 0), 9), (22, (22, 14, 0), 10), (24, (24, 0, 0), 10),
)
MODULES = {10: '64', 12: '72', 14: '83', 16: '93', 18: '108', 20: '115', 22: '127', 24: '137'}


def search(host, search_paths=()):
    """[(path, aliases)] of Nodes, each binary once."""
    order, groups = [], {}
    patterns = [directory.replace('~', host.home(), 1) for directory in DIRECTORIES]
    for path in runtimes.programs(host, runtimes.directories(host, patterns, search_paths), NAME):
        if runtimes.is_script(host, path):
            host.gap('nodes', '%s is a script, not started, since it may start anything.' % path)
            continue
        key = host.real(path)
        if key not in groups:
            order.append(key)
        groups.setdefault(key, []).append(path)
    return [(groups[key][0], groups[key][1:]) for key in order]


def commands(host, found):
    return dict((('node', host.real(path)), [path, '--version']) for path, _ in found[:MOST_STARTED])


def parse_version(text):
    """(16, 20, 2) of 'v16.20.2'; None when it is no version."""
    match = re.match(r'^v([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})', text.strip())
    return tuple(int(part) for part in match.groups()) if match else None


def napi_by_release(version):
    """Node-API of a release, or None when the table does not know its line."""
    found = None
    for major, since, napi in NAPI:
        if major == version[0] and version >= since:
            found = napi
    return found


def from_header(text):
    """{"napi", "modules"} of a node_version.h; values it does not hold are None."""
    napi = re.search(r'^#\s*define\s+(?:NODE_API_SUPPORTED_VERSION_MAX|NAPI_VERSION)\s+([0-9]{1,4})\s*$', text, re.M)
    modules = re.search(r'^#\s*define\s+NODE_MODULE_VERSION\s+([0-9]{1,6})\s*$', text, re.M)
    numbers = [re.search(r'^#\s*define\s+NODE_%s_VERSION\s+([0-9]{1,9})\s*$' % part, text, re.M)
               for part in ('MAJOR', 'MINOR', 'PATCH')]
    return {'version': tuple(int(found.group(1)) for found in numbers) if all(numbers) else None,
            'napi': int(napi.group(1)) if napi else None, 'modules': modules.group(1) if modules else None}


def _static(host, path, version):
    """(napi, modules, how) without starting JavaScript."""
    for root in (posixpath.dirname(posixpath.dirname(path)), posixpath.dirname(posixpath.dirname(host.real(path)))):
        header = host.text_or_none(posixpath.join(root, 'include/node/node_version.h'), 65536)
        said = from_header(header) if header else {}
        # Headers of another release than the program's say nothing of it.
        if said.get('napi') and said['version'] == version:
            return said['napi'], said['modules'], 'headers'
    return napi_by_release(version), MODULES.get(version[0]), 'release table'


def npm_version(host, path):
    """Version in the package.json of the npm beside a Node; None when there is none."""
    directory = posixpath.dirname(path)
    roots = [posixpath.join(posixpath.dirname(directory), 'lib/node_modules/npm'),
             posixpath.join(posixpath.dirname(posixpath.dirname(host.real(path))), 'lib/node_modules/npm'),
             posixpath.dirname(posixpath.dirname(host.real(posixpath.join(directory, 'npm'))))]
    for root in roots + ['/usr/share/nodejs/npm', '/usr/share/npm']:
        try:
            said = read_json.loads(host.text_or_none(posixpath.join(root, 'package.json'), 1 << 20) or '{}')
        except ValueError:
            continue
        if isinstance(said, dict) and said.get('name') == 'npm':
            return str(said.get('version'))
    return None


def describe(host, found, results):
    """The record's "nodes"."""
    nodes, asked = [], False
    for path, aliases in found:
        entry = {'path': path, 'realpath': host.real(path), 'aliases': aliases, 'version': None, 'napi': None,
                 'modules': None, 'napi_method': None, 'npm': npm_version(host, path), 'error': None}
        nodes.append(entry)
        result = results.get(('node', host.real(path)))
        version = parse_version(result.out) if result else None
        if version is None:
            entry['error'] = _why(result)
            continue
        entry['version'] = '%d.%d.%d' % version
        entry['napi'], entry['modules'], entry['napi_method'] = _static(host, path, version)
        if entry['napi'] is None and not asked:
            asked = True
            said = host.run_all({'napi': [path, '-p', 'process.versions.napi+" "+process.versions.modules']})['napi']
            words = said.out.split()
            if len(words) == 2 and all(re.match(r'[0-9]{1,6}\Z', word) for word in words):
                entry['napi'], entry['modules'], entry['napi_method'] = int(words[0]), words[1], 'process.versions'
        if entry['napi'] is None:
            entry['napi_method'] = None
            entry['error'] = 'Its N-API version is not known: neither its headers nor the table of releases name it.'
    return nodes


def _why(result):
    if result is None:
        return 'Not started: more than %d Nodes are on this host.' % MOST_STARTED
    words = [line for line in (result.err + '\n' + result.out).splitlines() if line.strip()]
    return result.error or 'It ended with %s and said: %s' % (result.rc, words[0][:300] if words else 'nothing')
