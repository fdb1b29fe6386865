# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The brief search test: import FAISS, search with known answers, save and load. Runs in the interpreter under test.

That may be any Python from 2.7 on, and needs only numpy and faiss. Answers go out as marked lines on the standard
output of the start; file descriptor 1 then becomes standard error, so that nothing which FAISS, numpy or a start-up
file prints can get between them.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import fcntl
import fnmatch
import json
import mmap
import os
import re
import resource
import signal
import sys
import tempfile
import traceback

# One vector's neighbours in a line of points: known without computing anything (see known_answer).
LINE, LINE_D, LINE_K = 200, 24, 5
KNOWN = {'flat': 'Flat', 'ivf': 'IVF4,Flat', 'hnsw': 'HNSW16'}


class Wrong(Exception):
    """FAISS answered, and the answer is wrong. cause: a name of the closed list."""

    def __init__(self, cause, text):
        super(Wrong, self).__init__(text)
        self.cause = cause


class Channel:
    """Standard output of the start, kept for marked lines alone."""

    def __init__(self, start):
        self._start = start
        self._descriptor = os.dup(1)
        fcntl.fcntl(self._descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        os.dup2(2, 1)

    def say(self, **frame):
        # It begins with a newline, for a start-up file may have left half a line.
        data = ('\n%s%s\n' % (self._start, json.dumps(frame, sort_keys=True))).encode('ascii')
        while data:
            data = data[os.write(self._descriptor, data):]


def text_of(value):
    """Text that survives JSON on both Pythons, whatever bytes are in a message."""
    if isinstance(value, bytes):
        return value.decode('utf-8', 'replace')
    return value.encode('utf-8', 'replace').decode('utf-8')


def leave_process_one():
    """Goes on in a child where this is the first process of a container that has no init: the kernel ignores signals
    that would end such a process, the alarm too. Its own end is told as a shell would tell it."""
    if os.getpid() != 1:
        return
    child = os.fork()
    if child:
        _child, status = os.waitpid(child, 0)
        os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


def prepare(params):
    """Limits and surroundings, before numpy or FAISS can look at them."""
    leave_process_one()
    sys.path[:] = [path for path in sys.path if path]   # a directory named faiss where it was started is not FAISS
    sys.dont_write_bytecode = not params.get('bytecode')
    for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
        os.environ[name] = str(params['threads'])
    # Where killing the client does not reach the process (a container), or the caller itself was killed.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(params['timeout']) + 5)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if params['memory_limit_mb']:
        limit = params['memory_limit_mb'] << 20
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        import faulthandler
    except ImportError:
        return                                             # 2.7
    faulthandler.enable(2)                                 # says in the log where Python stood when a signal came


def peak_rss():
    """Bytes. Not ru_maxrss, which begins with the size of the process that forked this one."""
    return status('VmHWM:')


def status(name):
    """Bytes of one line of /proc/self/status; None where there is none."""
    try:
        with open('/proc/self/status') as status:
            for line in status:
                if line.startswith(name):
                    return int(line.split()[1]) * 1024
    except (IOError, OSError, ValueError):
        pass
    return None


def memory_left():
    """Whether this process may still have as much memory as FAISS alone takes. The dynamic loader's own text for a
    library that found no room ("failed to map segment") is the same as for one on a file system mounted noexec."""
    try:
        mmap.mmap(-1, 128 << 20).close()
    except (EnvironmentError, ValueError, MemoryError):
        return False
    return True


def mapped_files():
    """Paths of the files mapped into this process; [] where /proc does not tell."""
    try:
        with open('/proc/self/maps') as maps:
            return sorted(set(line.split(None, 5)[5].strip() for line in maps if len(line.split(None, 5)) == 6))
    except (IOError, OSError):
        return []


def isa_loaded(modules, files, level=None):
    """(name, how it is known) of the build in use: ('avx2', 'mapped file'), ('generic', ...), or (None, None).

    FAISS names its builds swigfaiss_avx2, swigfaiss_avx512 and so on. The file that is mapped is believed before the
    name of a module. level is what a FAISS that chooses at run time says of itself.
    """
    if level:
        return level.lower().replace('none', 'generic'), 'dispatch at run time'
    mapped = _builds(os.path.basename(path) for path in files)
    imported = _builds(name.split('.', 1)[1] for name in modules if name.startswith('faiss.'))
    if mapped:
        # A build that was mapped and then gave up stays mapped; the one in use is imported too.
        return ','.join(sorted(mapped & imported or mapped)), 'mapped file'
    return (','.join(sorted(imported)), 'module') if imported else (None, None)


def _builds(names):
    found = [re.match(r'_?swigfaiss(?:_([a-z0-9_]+?))?(?:\.|$)', name) for name in names]
    return set(build.group(1) or 'generic' for build in found if build)


def faiss_version(faiss):
    """The distribution's version where that is known: 1.9.0.post1 calls itself 1.9.0, and 1.6.1 says nothing."""
    said = getattr(faiss, '__version__', None)
    try:
        names = os.listdir(os.path.dirname(os.path.dirname(os.path.abspath(faiss.__file__))))
    except OSError:
        return said                              # an archive, or closed to this user
    for pattern in ('faiss_cpu-*.dist-info', 'faiss-*.dist-info', 'faiss_gpu-*.dist-info', 'faiss*-*.egg-info'):
        for name in sorted(fnmatch.filter(names, pattern)):
            # faiss_cpu-1.9.0.post1.dist-info, faiss-1.7.3-py3.11.egg-info, faiss-1.7.3.egg-info
            version = re.sub(r'\.(dist|egg)$', '', name.split('-')[1])
            if said is None or version.startswith(said):
                return version
    return said


class Test:
    """The steps in their order. Each returns what it found; progress is said before whatever may crash."""

    STEPS = ('import', 'known_answer')
    SAVES_KNOWN = True     # whether the small indexes of known_answer are saved and loaded

    def __init__(self, params, progress):
        self.params = params
        self.progress = progress

    def step_import(self):
        import faiss
        import numpy
        self.faiss, self.numpy = faiss, numpy
        level = None
        if hasattr(faiss, 'SIMDConfig') and faiss.SIMDConfig.has_dynamic_dispatch():
            level = faiss.SIMDConfig.get_level_name()
        files = mapped_files()
        isa, how = isa_loaded(sys.modules, files, level)
        if hasattr(faiss, 'omp_set_num_threads'):
            faiss.omp_set_num_threads(self.params['threads'])
        options = getattr(faiss, 'get_compile_options', lambda: None)()
        return {
            'faiss_version': faiss_version(faiss), 'numpy_version': numpy.__version__,
            'faiss_location': text_of(os.path.dirname(faiss.__file__)), 'isa_loaded': isa, 'isa_source': how,
            'compile_options': options.strip() if options else None,
        }

    def step_known_answer(self):
        """Points on a line, a quarter of a step beside one: the nearest are that one, the next, the one before...

        All numbers are small multiples of a quarter, so float32 holds every distance exactly, in any order of sums.
        """
        numpy = self.numpy
        place = [(number * 77) % LINE for number in range(LINE)]         # vector's number -> its place in the line
        number_at = dict((at, number) for number, at in enumerate(place))
        direction = numpy.array([1 if axis % 3 else -1 for axis in range(LINE_D)], dtype='float32')
        vectors = numpy.ascontiguousarray(numpy.array(place, dtype='float32')[:, None] * direction)
        starts = [10, 57, 101, 150, 188]
        queries = numpy.ascontiguousarray((numpy.array(starts, dtype='float32') + 0.25)[:, None] * direction)
        offsets = [0, 1, -1, 2, -2]
        ids = [[number_at[start + offset] for offset in offsets] for start in starts]
        distances = [[LINE_D * (offset - 0.25) ** 2 for offset in offsets] for _start in starts]
        for name in self.params['indexes']:
            self.progress(name)
            index = self.faiss.index_factory(LINE_D, KNOWN[name])
            if not index.is_trained:
                index.train(vectors)
            index.add(vectors)
            if name == 'ivf':
                index.nprobe = 4                                          # all lists: exact
            found_distances, found = index.search(queries, LINE_K)
            if self.SAVES_KNOWN:
                self._same_after_save(index, queries, (found_distances, found), KNOWN[name])
            if found.tolist() != ids or found_distances.tolist() != distances:
                raise Wrong('wrong_answer', '%s does not find the known neighbours: the first query wants numbers %s '
                            'at squared distances %s and got %s at %s.' % (
                                KNOWN[name], ids[0], distances[0], found[0].tolist(), found_distances[0].tolist()))
        return {'known_answer': True, 'save_load': True} if self.SAVES_KNOWN else {'known_answer': True}

    def _same_after_save(self, index, queries, answer, factory):
        descriptor, path = tempfile.mkstemp(prefix='faiss-fleet-')
        os.close(descriptor)
        try:
            self.faiss.write_index(index, path)
            loaded = self.faiss.read_index(path)
        finally:
            os.unlink(path)
        if hasattr(index, 'nprobe'):
            loaded.nprobe = index.nprobe                                  # not every release keeps it in a file
        again = loaded.search(queries, LINE_K)
        if [part.tolist() for part in again] != [part.tolist() for part in answer]:
            raise Wrong('wrong_answer', '%s answers otherwise after save and load.' % factory)


def main(params, start, kind=Test):
    channel = Channel(start)
    at = {'stage': 'start', 'index': None}
    channel.say(found={'python_version': '%d.%d.%d' % sys.version_info[:3], 'peak_rss_bytes': peak_rss()}, **at)

    def progress(index):
        at['index'] = index
        channel.say(**at)

    try:
        prepare(params)
        test = kind(params, progress)
        for stage in kind.STEPS + (('soak',) if params.get('soak') else ()):
            at['stage'] = stage
            progress(None)
            found = getattr(test, 'step_' + stage)()
            channel.say(found=dict(found, peak_rss_bytes=peak_rss()), **at)
    except BaseException as exc:      # sys.exit() in a package too is an answer about that package
        message = ''.join(traceback.format_exception_only(type(exc), exc)).strip()
        channel.say(failed={'type': type(exc).__name__, 'cause': exc.cause if isinstance(exc, Wrong) else None,
                            'message': text_of(str(exc) if isinstance(exc, Wrong) else message),
                            'trace': text_of(traceback.format_exc()), 'memory_left': memory_left()}, **at)
        return
    channel.say(stage='done', index=None)
