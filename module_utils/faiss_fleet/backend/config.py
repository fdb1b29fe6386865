# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a setting is: its JSON, the environment file made from it, and what it may never point at."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os
import re

from .. import read_json
from ..errors import AuditError

SCHEMA = 1
BACKENDS = ('faiss', 'js')
EVIDENCE = ('verified',)           # Measured again by each run; alone it is no reason to touch the file.
ENV_MARK = '# Written by faiss-fleet from '
ENV_HEADER = ENV_MARK + '%s. What is edited here is lost.\n'
_PLAIN = re.compile(r'^[A-Za-z0-9_./:@%+,=-]*$')
_CONTROL = re.compile(u'[\x00-\x1f\x7f-\x9f\u2028\u2029]')     # The characters themselves: 2.7's re knows no \u.
_SPECIAL = re.compile(r'(["\\`$])')

try:
    TEXT = (str, unicode)
except NameError:
    TEXT = (str,)


def env_path(path):
    """Where the environment file of a setting lies: beside it, with .env in place of .json."""
    return os.path.splitext(path)[0] + '.env'


def check_path(path):
    """The path, tidied. Raises AuditError unless it is absolute and ends in .json."""
    tidy = os.path.normpath(path)
    odd = '..' in path.split('/') or _CONTROL.search(_unicode(path))
    if odd or not path.startswith('/') or not tidy.endswith('.json'):
        raise AuditError('vector_backend__path is %r. Give an absolute path without .. that ends in .json, such as '
                         '/etc/faiss-fleet/backend.json; backend.env is written beside it.' % str(path),
                         cause='unknown', remedy='Give an absolute path that ends in .json.')
    return tidy


def parse(data):
    """(setting, None), or (None, why these bytes are no setting of ours). An absent file is None: (None, None)."""
    if data is None:
        return None, None
    try:
        found = read_json.loads(data.decode('utf-8'))
    except UnicodeDecodeError:
        return None, 'it is not UTF-8 text'
    except ValueError as exc:
        return None, 'it is not JSON (%s)' % exc
    if not isinstance(found, dict):
        return None, 'it is JSON, but not an object'
    if found.get('schema') != SCHEMA:
        return None, 'its schema is %r, not %d' % (found.get('schema'), SCHEMA)
    problem = _shape(found)
    return (None, problem) if problem else (found, None)


def _shape(found):
    """Why this object is no setting, or None."""
    if found.get('backend') not in BACKENDS:
        return 'its backend is %r, not one of %s' % (found.get('backend'), ', '.join(BACKENDS))
    if not isinstance(found.get('socket'), TEXT + (type(None),)):
        return 'its socket is neither a text nor null'
    runtime = found.get('runtime')
    if runtime is None:
        return None if found['backend'] == 'js' else 'its backend is faiss, but it has no runtime'
    if not isinstance(runtime, dict):
        return 'its runtime is not an object'
    argv, env = runtime.get('argv'), runtime.get('env')
    if not isinstance(runtime.get('kind'), TEXT):
        return 'its runtime has no kind'
    if not isinstance(argv, list) or not all(isinstance(part, TEXT) for part in argv):
        return 'its runtime has no argv'
    if found['backend'] == 'faiss' and not argv:
        return 'its argv is empty'
    if not isinstance(env, dict) or not all(isinstance(part, TEXT) for part in env.values()):
        return 'the env of its runtime is not an object of texts'
    if not isinstance(runtime.get('prefix'), TEXT + (type(None),)):
        return 'the prefix of its runtime is neither a text nor null'
    if not isinstance(found.get('provider'), TEXT + (type(None),)):
        return 'its provider is neither a text nor null'
    return None


def text(setting):
    """The file's content, the same bytes for the same setting on every Python."""
    return (json.dumps(setting, indent=2, sort_keys=True, separators=(',', ': ')) + '\n').encode('ascii')


def same(left, right):
    """True when two settings differ in their evidence at most."""
    return _content(left) == _content(right)


def _content(setting):
    return dict((name, value) for name, value in setting.items() if name not in EVIDENCE)


def predicted(setting, before):
    """What check mode can say of a setting never tried: the one that is set, if it is for the same candidate."""
    if before is None:
        return setting
    if all(before.get(name) == setting.get(name) for name in ('backend', 'provider', 'candidate', 'policy')):
        return before
    return setting


def _unicode(value):
    return value if not isinstance(value, bytes) else value.decode('utf-8', 'replace')


def quoted(name, value):
    """The value as systemd's EnvironmentFile= and sh both read it. Raises AuditError for what neither can carry."""
    value = _unicode(value)
    try:
        value.encode('utf-8')
    except UnicodeEncodeError:
        value = u'\x00'                 # Half a surrogate pair: bytes that were never text.
    if _CONTROL.search(value):
        raise AuditError('%s has a line break, a control character or bytes that are not UTF-8, which no environment '
                         'file can carry. Rename that path or file on the host.' % name, cause='unknown',
                         remedy='Rename the path.')
    if _PLAIN.match(value):
        return value
    return u'"%s"' % _SPECIAL.sub(u'\\\\\\1', value)


def env_text(setting, path):
    """backend.env of a setting at this path. Every name is there, so that none is inherited from elsewhere."""
    runtime = setting.get('runtime') or {'kind': None, 'argv': [], 'env': {}, 'prefix': None}
    python = runtime['argv'][0] if runtime.get('kind') == 'python' and runtime['argv'] else ''
    values = [
        ('FAISS_FLEET_BACKEND', setting['backend']),
        ('FAISS_FLEET_PROVIDER', setting.get('provider') or ''),
        ('FAISS_FLEET_SETTING', path),
        ('FAISS_FLEET_PYTHON', python),
        ('FAISS_FLEET_PREFIX', runtime.get('prefix') or ''),
        ('FAISS_FLEET_PYTHONPATH', runtime['env'].get('PYTHONPATH', '')),
    ]
    if setting.get('socket'):
        values.append(('FAISS_FLEET_SOCKET', setting['socket']))
    if runtime.get('kind') == 'node':
        # Only there: a NODE_PATH of no use here may be the application's own.
        values += [('FAISS_FLEET_NODE', runtime['argv'][0]), ('NODE_PATH', runtime['env'].get('NODE_PATH', ''))]
    lines = [u'%s=%s\n' % (name, quoted(name, value)) for name, value in values]
    return (_unicode(ENV_HEADER % os.path.basename(path)) + u''.join(lines)).encode('utf-8')


def refuse_unproven(setting, passed):
    """Raises AuditError unless a search test passed for exactly this candidate and this way to start it."""
    problem = _shape(setting) if setting.get('schema') == SCHEMA else 'its schema is %r' % setting.get('schema')
    if problem:
        raise AuditError('The configuration asked for is not one: %s. Nothing was changed.' % problem)
    if setting['backend'] != 'faiss':
        return
    for proof in passed:
        if proof.get('candidate') != setting.get('candidate') or proof.get('ok') is not True:
            continue
        if proof.get('runtime') in (None, setting['runtime']):
            return
    raise AuditError(
        'The configuration asked for points at %s, which did not pass the search test in this run. Nothing was '
        'changed. Run audit.yml whole, so that it is tested first.' % setting.get('candidate'), cause='not_installed',
        remedy='Run audit.yml whole, so that it is tested first.')


def refuse_missing(setting):
    """Raises AuditError unless what the setting starts is on this host now."""
    if setting['backend'] != 'faiss':
        return
    runtime = setting['runtime']
    program, prefix = runtime['argv'][0], runtime.get('prefix')
    if not program.startswith('/') or not os.path.isfile(program) or not os.access(program, os.X_OK):
        problem = 'the program %s' % program
    elif prefix is not None and not os.path.isdir(prefix):
        problem = 'the directory %s' % prefix
    else:
        return
    raise AuditError('The configuration asked for needs %s, which is not on this host (any more). Nothing was changed. '
                     'Run audit.yml again; it installs what is missing.' % problem, cause='not_installed',
                     remedy='Run audit.yml again; it installs what is missing.')
