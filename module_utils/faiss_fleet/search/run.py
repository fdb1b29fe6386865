# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs the search test of one runtime in a child process, and returns evidence: what it said, and how it ended.

The controller judges it (faiss_fleet/causes/search_test.py).
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import binascii
import inspect
import json
import os
import shutil
import sys
import tempfile

from .. import child_process, trust
from ..elf import starts
from ..errors import AuditError
from . import loader, oom, python_paths, shipped
from .frames import MARKER, Frames
from .programs import faiss_child

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


# Variables with directories or files whose code is run.
RUN_FROM = ('PYTHONPATH', 'NODE_PATH', 'LD_LIBRARY_PATH', 'LD_PRELOAD')
# The programs of a Python, first to last: each imports from those before it. The last one's main() is called.
BRIEF = ('faiss_child',)
PROGRAMS = {'python': ('faiss_child', 'faiss_figures'), 'container': ('faiss_child', 'faiss_figures'),
            'numpy': ('faiss_child', 'faiss_figures', 'numpy_fallback')}
TESTS = {'faiss_child': 'Test', 'faiss_figures': 'FiguresTest', 'numpy_fallback': 'NumpyTest'}
NODE_PROGRAMS = {'node': 'faiss_node.js', 'js': 'js_fallback.js'}
# Makes a package of texts: the programs are plain modules, although the interpreter may see no file of this host.
PACKAGE = u'''\
import json, sys, types
package = types.ModuleType('search_programs')
package.__path__ = []
sys.modules['search_programs'] = package
for name, text in json.loads(%s):
    module = types.ModuleType(str('search_programs.' + name))
    module.__package__ = 'search_programs'
    sys.modules[module.__name__] = module
    exec(compile(text, str(name + '.py'), 'exec'), module.__dict__)
'''
CALL = u"""\
last = sys.modules[str(%s)]
sys.modules['search_programs.faiss_child'].main(json.loads(%s), %s, last.%s)
"""


def python_script(names, call, files):
    """One text for an interpreter's standard input: the programs as modules, then the call."""
    texts = []
    for name in names:
        if name == 'faiss_child':
            source = inspect.getsource(faiss_child)               # the only one that every test needs
            texts.append((name, source if not isinstance(source, bytes) else source.decode('ascii')))
        else:
            texts.append((name, shipped.text_of(files, 'programs/%s.py' % name)))
    return PACKAGE % json.dumps(json.dumps(texts)) + call


def start_of(nonce):
    """What each line of an answer begins with."""
    return '%s %s ' % (MARKER, nonce)


def script(params, nonce, kind, files):
    """What the child reads from its standard input: a Python its program, a Node its parameters."""
    start = start_of(nonce)
    if kind in NODE:
        return json.dumps({'params': params, 'start': start}, sort_keys=True) + u''
    names = PROGRAMS[kind] if params['figures'] or kind in FALLBACKS else BRIEF
    call = CALL % (json.dumps('search_programs.' + names[-1]), json.dumps(json.dumps(params, sort_keys=True)),
                   json.dumps(start), TESTS[names[-1]])
    return python_script(names, call, files)


def arguments(kind, memory_limit_mb, directory):
    """What follows the interpreter on its command line."""
    if kind not in NODE:
        return ['-']
    # V8 reserves far more addresses than it uses, so what is limited is its heap here, and what it holds by the child.
    limit = ['--max-old-space-size=%d' % memory_limit_mb] if memory_limit_mb else []
    return ['--expose-gc'] + limit + [os.path.join(directory, 'programs', NODE_PROGRAMS[kind])]


def foreign_part(runtime, euid=os.geteuid):
    """(path, why) of the first that another user could replace and that root would run; None when there is none."""
    if euid() != 0:
        return None
    look, env = trust.Look(), runtime.get('env') or {}
    program = runtime['argv'][0]
    paths = [program, runtime.get('prefix') or '/']
    for name in RUN_FROM:
        paths += env.get(name, '').split(':')
    parts = [(look.chain, paths)]
    if program.startswith('/'):
        parts.append((look.chain, starts.beside(program)))
    if runtime['kind'] in ('python', 'numpy') and program.startswith('/'):
        parts.append((look.chain, python_paths.places(program)))
        # A prefix of ours holds what its list of files says, and its packages come first.
        if not runtime.get('prefix'):
            parts.append((look.inside, python_paths.files(parts[-1][1])))
    # One after the other, as far as the first: what is behind it may be anything, of any size.
    found = (trust.writer(path, euid, steps) for steps, paths in parts for path in paths if path.startswith('/'))
    return next((each for each in found if each), None)


def run(name, runtime, workload, timeout, memory_limit_mb, environ=None, files=None):
    """The test of one runtime: candidate, runtime, workload, figures and evidence.

    files: {name: bytes} of what the controller sent. Whatever FAISS, its interpreter or the host does is evidence and
    raises nothing.
    """
    environ, files = os.environ if environ is None else environ, files or {}
    kind = runtime['kind']
    result = {'candidate': name, 'runtime': runtime, 'workload': dict(
        (key, workload[key]) for key in ('n', 'd', 'k', 'queries', 'threads', 'seed'))}
    if kind not in KINDS or not runtime['argv']:
        refused = 'a runtime of kind %s with the command %r cannot be tested by this version' % (kind, runtime['argv'])
        return dict(result, figures=False, evidence={'refused': refused})
    foreign = foreign_part(runtime)
    if foreign:
        refused = '%s %s: root starts nothing that another user could replace' % foreign
        return dict(result, figures=False, evidence={'refused': refused, 'cause': 'permission_denied'})
    if kind in FALLBACKS:
        workload = dict(workload, indexes=['flat'])                      # it has no other
    figures = bool(workload.get('figures', True)) or kind == 'numpy'
    workload = dict(workload, figures=figures, soak=workload.get('soak', 0) if figures else 0)
    # In a prefix of ours, and only there, Python may keep what it compiled: the next start takes half as long.
    bytecode = kind == 'python' and bool(runtime.get('prefix')) and figures
    params = dict(workload, timeout=timeout, memory_limit_mb=memory_limit_mb, bytecode=bytecode)

    def start(directory, env, nonce):
        if bytecode:
            env.pop('PYTHONDONTWRITEBYTECODE', None)
        params['directory'] = directory
        argv = list(runtime['argv']) + arguments(kind, memory_limit_mb, directory)
        return argv, script(params, nonce, kind, files)

    def surroundings(runtime_env, directory):
        return environment(kind, environ, runtime_env, directory, workload['threads'])

    written = files if kind in FALLBACKS + NODE else {}
    evidence = observe(start, surroundings, runtime.get('env') or {}, timeout, written)
    said = evidence['said']
    if said['stage'] == 'done' and figures and workload.get('loader') and kind in loader.KINDS:
        python = said['found'].get('python_version')
        evidence['loader'] = loader.observed(observe, runtime, workload, timeout, surroundings, files, python)
    return dict(result, figures=figures, evidence=evidence)


def observe(start, surroundings, runtime_env, timeout, files):
    """Runs one child in a temporary directory that holds the files; returns its outcome, what it said, and OOM kills.

    start(directory, environment, nonce) gives the command and the text for its standard input.
    """
    nonce = binascii.hexlify(os.urandom(16)).decode('ascii')
    frames, before, directory = Frames(nonce), oom.kills(), None
    try:
        directory = tempfile.mkdtemp(prefix='faiss-fleet-')
        shipped.write(files, directory)
        env = surroundings(runtime_env, directory)
        argv, text = start(directory, env, nonce)
        outcome = child_process.run(argv, text, env, directory, timeout, frames.feed)
    except (IOError, OSError) as exc:
        outcome = child_process.Outcome(None, None, False, exc, u'', 0, 0.0, False)
    finally:
        if directory:
            shutil.rmtree(directory, ignore_errors=True)
    frames.close()
    return {'outcome': child_process.evidence(outcome), 'said': frames.evidence(), 'oom_kills': oom.since(before)}
