# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tests the FAISS of one runtime in a child process: builds its surroundings, runs it, takes everything away again."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import binascii
import inspect
import io
import json
import os
import shutil
import sys
import tempfile

from .. import child_process
from . import (
    judge as judge_search,
    loader as loader_test,
    faiss_child as search_child,
    js_child as search_child_js,
    node_child as search_child_node,
    numpy_child as search_child_numpy,
    frames as search_frames,
)
from ..causes import later as causes
from ..errors import AuditError

INDEXES = ('flat', 'ivf', 'hnsw')
# Two to eight seconds of one core, 180 MB. n and d are a small application's; k is what a page of results shows.
WORKLOAD = {'n': 10000, 'd': 384, 'k': 10, 'queries': 100, 'threads': 1, 'seed': 1}
LIMITS = {'n': (1, 100000000), 'd': (1, 65536), 'k': (1, 10000), 'queries': (1, 1000000), 'threads': (1, 1024),
          'seed': (0, 2 ** 32 - 1), 'soak': (0, 100000000)}

# What a child keeps of the caller's environment, by the runtime's kind. A kind that is not here cannot be tested yet.
_ENGINE = ('XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'DBUS_SESSION_BUS_ADDRESS', 'CONTAINERS_CONF',
           'CONTAINERS_CONF_OVERRIDE', 'CONTAINERS_STORAGE_CONF', 'CONTAINERS_REGISTRIES_CONF', 'STORAGE_DRIVER',
           'STORAGE_OPTS', 'DOCKER_HOST', 'DOCKER_CONFIG', 'DOCKER_CERT_PATH', 'DOCKER_TLS_VERIFY')
KINDS = {'python': (), 'container': _ENGINE, 'node': (), 'js': (), 'numpy': ()}
NODE = ('node', 'js')        # the kinds that Node runs
FALLBACKS = ('js', 'numpy')  # they have a flat index and no FAISS
_KEPT = ('PATH', 'HOME', 'USER', 'LOGNAME')
_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


def check_workload(workload, timeout, memory_limit_mb, min_recall):
    """Raises AuditError for what cannot be measured, before anything is started."""
    for name, (least, most) in sorted(LIMITS.items()):
        if not least <= workload.get(name, least) <= most:
            raise AuditError('workload.%s is %d; it can be %d to %d.' % (name, workload[name], least, most))
    if workload['k'] > workload['n']:
        raise AuditError('workload.k is %d, more than the %d vectors there are. Lower k or raise n.' % (
            workload['k'], workload['n']))
    unknown = sorted(set(workload['indexes']) - set(INDEXES))
    if unknown or not workload['indexes'] or len(set(workload['indexes'])) < len(workload['indexes']):
        raise AuditError('workload.indexes is %s; it wants one or more of %s, each once.' % (
            ', '.join(workload['indexes']) or 'empty', ', '.join(INDEXES)))
    if timeout < 1 or memory_limit_mb < 0:
        raise AuditError('timeout is %s and memory_limit_mb %s; they are at least 1, and at least 0 (no limit).' % (
            timeout, memory_limit_mb))
    for name, least in sorted(min_recall.items()):
        if least is not None and not 0 <= least <= 1:
            raise AuditError('min_recall.%s is %s; it is a share, from 0 to 1.' % (name, least))


def environment(kind, environ, runtime_env, temporary, threads):
    """The child's whole environment: nothing of the caller's that redirects an interpreter, a loader or a download."""
    env = dict((name, environ[name]) for name in _KEPT + KINDS[kind] if name in environ)
    env.setdefault('PATH', _PATH)
    env.update(LC_ALL='C', TMPDIR=temporary, PYTHONNOUSERSITE='1', PYTHONDONTWRITEBYTECODE='1')
    for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
        env[name] = str(threads)
    env.update(runtime_env)
    if sys.version_info[0] == 2:
        env = dict((_bytes(name), _bytes(value)) for name, value in env.items())
    return env


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode('utf-8')


def script(params, nonce, kind='python'):
    """The child's whole program as text, in the language of the runtime's kind."""
    start = '%s %s ' % (search_frames.MARKER, nonce)
    # JSON's strings are strings of both languages.
    given, start = json.dumps(json.dumps(params, sort_keys=True)), json.dumps(start)
    if kind in NODE:
        program = search_child_node.PROGRAM if kind == 'node' else search_child_js.program()
        return u'%s\nmain(JSON.parse(%s), %s);\n' % (program, given, start)
    call = 'main(json.loads(%s), %s)' % (given, start)
    source = inspect.getsource(search_child)
    if isinstance(source, bytes):
        source = source.decode('utf-8')
    if kind == 'numpy':
        source = u'%s\n\n%s' % (source, search_child_numpy.program())
    return u'%s\n\n%s\n' % (source, call)


def arguments(kind, memory_limit_mb):
    """What stands between the interpreter and the program on its standard input."""
    if kind not in NODE:
        return ['-']
    # V8 reserves far more addresses than it uses, so what is limited is its heap here, and what it holds by the child.
    return ['--expose-gc'] + (['--max-old-space-size=%d' % memory_limit_mb] if memory_limit_mb else []) + ['-']


def oom_kills(path='/proc/vmstat'):
    """How many processes this kernel has killed for memory; None where it does not count them (before Linux 4.13)."""
    try:
        with io.open(path, encoding='ascii') as counters:
            for line in counters:
                if line.startswith(u'oom_kill '):
                    return int(line.split()[1])
    except (IOError, OSError, ValueError):
        pass
    return None


def run(name, runtime, workload, timeout, memory_limit_mb, min_recall=None, environ=None):
    """A verification of one runtime. Does not raise for anything that FAISS, its interpreter or the host does."""
    result = {'candidate': name, 'runtime': runtime, 'workload': dict(
        (key, workload[key]) for key in ('n', 'd', 'k', 'queries', 'threads', 'seed'))}
    if runtime['kind'] not in KINDS or not runtime['argv']:
        message = 'a runtime of kind %s with the command %r cannot be tested by this version' % (
            runtime['kind'], runtime['argv'])
        return dict(result, ok=False, cause='unknown', message=message, remedy=causes.remedy('unknown'), backend=None,
                    stage=None, indexes=[])
    if runtime['kind'] in FALLBACKS:
        workload = dict(workload, indexes=['flat'])                      # it has no other
    if runtime['kind'] in NODE:
        workload = dict(workload, figures=True)                          # its program always measures
    figures = workload.get('figures', True)
    if not figures:
        workload = dict(workload, soak=0)
    # In a prefix of ours, and only there, Python may keep what it compiled: the next start takes half as long.
    bytecode = runtime['kind'] == 'python' and bool(runtime.get('prefix')) and figures
    params = dict(workload, timeout=timeout, memory_limit_mb=memory_limit_mb, bytecode=bytecode)
    nonce = binascii.hexlify(os.urandom(16)).decode('ascii')
    frames = search_frames.Frames(nonce)
    killed_before = oom_kills()
    temporary = None
    try:
        temporary = tempfile.mkdtemp(prefix='faiss-fleet-')
        env = environment(runtime['kind'], os.environ if environ is None else environ, runtime.get('env') or {},
                          temporary, workload['threads'])
        if bytecode:
            env.pop('PYTHONDONTWRITEBYTECODE', None)
        argv = list(runtime['argv']) + arguments(runtime['kind'], memory_limit_mb)
        outcome = child_process.run(argv, script(params, nonce, runtime['kind']), env, temporary, timeout, frames.feed)
    except (IOError, OSError) as exc:
        outcome = child_process.Outcome(None, None, False, exc, u'', 0, 0.0, False)
    finally:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)
    frames.close()
    killed_after = oom_kills()
    killed = None if killed_before is None or killed_after is None else killed_after - killed_before
    measured = workload['indexes'] if figures else []
    result.update(judge_search.judge(outcome, frames, timeout, measured, min_recall, killed), figures=figures)
    if runtime['kind'] in NODE and result['cause'] == 'python_missing':
        result.update(cause='command_missing', remedy=causes.remedy('command_missing'))
    if runtime['kind'] in FALLBACKS:
        result['backend'] = runtime['kind']
    if result['ok'] and figures and workload.get('loader') and runtime['kind'] in loader_test.KINDS:
        _through_the_loader(result, runtime, workload, timeout, os.environ if environ is None else environ)
    return result


def _through_the_loader(result, runtime, workload, timeout, environ):
    """Adds what the loader makes of it; where it fails, the runtime has not passed."""
    def surroundings(runtime_env, temporary):
        return environment(runtime['kind'], environ, runtime_env, temporary, workload['threads'])

    found = loader_test.run(runtime, workload, timeout, surroundings, result['python_version'])
    warning = found.pop('warning', None)
    log = found.pop('log', None)
    result.update(found)
    if warning:
        result['warnings'] = result['warnings'] + [warning]
    if log:
        result['log'] = u'%s\n%s' % (result['log'], log) if result['log'] else log
