# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The search test itself. Its text is sent to the interpreter under test, which may be any Python from 2.7 on.

It needs nothing of this project on the other side, and of the interpreter only numpy and faiss. Answers go out as
marked lines on the standard output of the start; file descriptor 1 then becomes standard error, so that nothing
which FAISS, numpy or a start-up file prints can get between them.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import fcntl
import glob
import json
import mmap
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import timeit
import traceback

# One vector's neighbours in a line of points: known without computing anything (see known_answer).
LINE, LINE_D, LINE_K = 200, 24, 5
KNOWN = {'flat': 'Flat', 'ivf': 'IVF4,Flat', 'hnsw': 'HNSW16'}
POINTS_PER_CLUSTER = 100
SPREAD = 0.7              # of a cluster's points, where the clusters' centres have 1
NPROBE = 8
EF_SEARCH = 64
ROUNDS = (2, 10)          # at least, at most
STEADY = 0.05             # no further round begins when the two quickest of three or more are this near to each other
ENOUGH_SECONDS = 0.3      # of this process's processor time, after which no further round begins
SOAK_N = 1000             # vectors in the index that is searched again and again
SOAK_GROWTH = 16 << 20    # bytes
# Distances of float32 differ in the last digits by the order of the additions. Neighbours are about 1 % apart.
TIE = 1e-5

now = timeit.default_timer


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


def prepare(params):
    """Limits and surroundings, before numpy or FAISS can look at them."""
    sys.path[:] = [path for path in sys.path if path]     # a folder named faiss in the working directory is not FAISS
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
    return _status('VmHWM:')


def held_rss():
    return _status('VmRSS:')


def _status(name):
    try:
        with open('/proc/self/status') as status:
            for line in status:
                if line.startswith(name):
                    return int(line.split()[1]) * 1024
    except (IOError, OSError, ValueError):
        pass
    return None


def cpu_seconds():
    """Processor time of this process, all threads."""
    return sum(os.times()[:2])


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


def enough(rounds, seconds):
    """Whether another round would tell nothing new, or would take too long. Rounds are [qps, p50, p95]."""
    if len(rounds) < ROUNDS[0]:
        return False
    if len(rounds) >= ROUNDS[1] or seconds >= ENOUGH_SECONDS:
        return True
    other, best = sorted(rounds)[-2:]
    return len(rounds) > 2 and all(abs(best[at] - other[at]) <= STEADY * best[at] for at in range(3))


def faiss_version(faiss):
    """The distribution's version where that is known: 1.9.0.post1 calls itself 1.9.0, and 1.6.1 says nothing."""
    said = getattr(faiss, '__version__', None)
    folder = os.path.dirname(os.path.dirname(os.path.abspath(faiss.__file__)))
    for pattern in ('faiss_cpu-*.dist-info', 'faiss-*.dist-info', 'faiss_gpu-*.dist-info', 'faiss*-*.egg-info'):
        for path in sorted(glob.glob(os.path.join(folder, pattern))):
            # faiss_cpu-1.9.0.post1.dist-info, faiss-1.7.3-py3.11.egg-info, faiss-1.7.3.egg-info
            version = re.sub(r'\.(dist|egg)$', '', os.path.basename(path).split('-')[1])
            if said is None or version.startswith(said):
                return version
    return said


class Test:
    """The steps in their order. Each returns what it found; progress is said before whatever may crash."""

    CHECKED = None        # the first so many queries have their answers checked; None: all

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
            if not self.params.get('figures', True):
                self._same_after_save(index, queries, (found_distances, found), KNOWN[name])
            if found.tolist() != ids or found_distances.tolist() != distances:
                raise Wrong('wrong_answer', '%s does not find the known neighbours: the first query wants numbers %s '
                            'at squared distances %s and got %s at %s.' % (
                                KNOWN[name], ids[0], distances[0], found[0].tolist(), found_distances[0].tolist()))
        return {'known_answer': True} if self.params.get('figures', True) else {'known_answer': True, 'save_load': True}

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

    def _data(self):
        """Clusters, for uniform noise has no neighbours worth finding. The stream of RandomState is frozen: the same
        numbers on every numpy."""
        numpy, params = self.numpy, self.params
        random = numpy.random.RandomState(params['seed'])
        clusters = max(1, params['n'] // POINTS_PER_CLUSTER)
        centres = random.standard_normal((clusters, params['d'])).astype('float32')

        def around(which):
            rows = numpy.empty((len(which), params['d']), dtype='float32')
            for at in range(0, len(which), 1000):                         # in parts: float64 would double the peak
                part = which[at:at + 1000]
                rows[at:at + 1000] = random.standard_normal((len(part), params['d'])) * SPREAD
                rows[at:at + 1000] += centres[part]
            return rows

        self.vectors = around(numpy.arange(params['n']) % clusters)
        self.queries = around(random.randint(0, clusters, params['queries']))
        self.checked = self.queries[:self.CHECKED]

    def _farthest_allowed(self):
        """For each query the exact distance of its k-th neighbour, computed by numpy in float64."""
        numpy = self.numpy
        queries = self.checked.astype('float64')
        distances = numpy.empty((len(queries), len(self.vectors)))
        for at in range(0, len(self.vectors), 2000):
            part = self.vectors[at:at + 2000].astype('float64')
            distances[:, at:at + 2000] = (part ** 2).sum(1) - 2 * queries.dot(part.T)
        distances += (queries ** 2).sum(1)[:, None]
        k = self.params['k']
        return numpy.partition(distances, k - 1, axis=1)[:, k - 1]

    def _index(self, name):
        lists = max(1, self.params['n'] // POINTS_PER_CLUSTER)
        factory = {'flat': 'Flat', 'ivf': 'IVF%d,Flat' % lists, 'hnsw': 'HNSW16'}[name]
        index = self.faiss.index_factory(self.params['d'], factory)
        if not index.is_trained:
            index.train(self.vectors)
        index.add(self.vectors)
        self._tune(name, index)
        return index, factory

    @staticmethod
    def _tune(name, index):
        """Both are settings of the search; not every release keeps them in a file."""
        if name == 'ivf':
            index.nprobe = min(NPROBE, index.nlist)
        if name == 'hnsw':
            index.hnsw.efSearch = EF_SEARCH

    def step_recall(self):
        self._data()
        allowed = self._farthest_allowed() * (1 + TIE)
        k = self.params['k']
        self.indexes, self.answers, self.batches, self.reports = {}, {}, {}, []
        for name in self.params['indexes']:
            self.progress(name)
            began = now()
            self.indexes[name], factory = self._index(name)
            seconds = now() - began
            self.answers[name] = self._batch(name, self.checked)
            hits = 0
            for row, found in enumerate(self.answers[name]):
                if [number for number in found if not -1 <= number < self.params['n']]:
                    raise Wrong('wrong_answer', '%s answers query %d with numbers that no vector has: %s.' % (
                        factory, row, found))
                for number in set(found) - set([-1]):                     # -1: found fewer than k; a double counts once
                    gap = self.vectors[number].astype('float64') - self.queries[row]
                    hits += bool(gap.dot(gap) <= allowed[row])
            self.reports.append({'index': name, 'factory': factory, 'build_seconds': round(seconds, 3),
                                 'recall_at_k': round(hits / (k * len(self.checked)), 4)})
        return {'indexes': self.reports}

    def _batch(self, name, queries):
        """Answers to many queries in one call, whose time is kept."""
        start = now()
        ids = self.indexes[name].search(queries, self.params['k'])[1]
        self.batches.setdefault(name, []).append(len(queries) / max(now() - start, 1e-9))
        return ids.tolist()

    def step_save_load(self):
        k = self.params['k']
        folder = tempfile.mkdtemp(prefix='faiss-fleet-')
        path = os.path.join(folder, 'index')
        try:
            for report in self.reports:
                name = report['index']
                self.progress(name)
                self.faiss.write_index(self.indexes[name], path)
                loaded = self.faiss.read_index(path)
                os.unlink(path)
                self._tune(name, loaded)
                report['save_load'] = loaded.search(self.checked, k)[1].tolist() == self.answers[name]
                if not report['save_load']:
                    raise Wrong('wrong_answer', '%s answers otherwise after save and load.' % report['factory'])
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return {'save_load': True, 'indexes': self.reports}

    def step_throughput(self):
        """One query a call, in rounds until they agree; figures are of the quickest, which the host disturbed least.

        On a busy host the others tell of its load: 2 cores at load 4 made p95 of the same FAISS 0.6 to 8 ms by the
        median round. cpu_share says how much of the time of all rounds this process had a core.
        """
        numpy, k = self.numpy, self.params['k']
        single = [self.queries[row:row + 1] for row in range(len(self.queries))]
        for report in self.reports:
            self.progress(report['index'])
            search = self.indexes[report['index']].search
            for query in single[:20 if self.CHECKED is None else 5]:
                search(query, k)
            rounds, began, cpu = [], now(), cpu_seconds()
            while not enough(rounds, cpu_seconds() - cpu):
                calls = []
                for query in single:
                    start = now()
                    search(query, k)
                    calls.append(now() - start)
                rounds.append([len(calls) / max(sum(calls), 1e-9)] + numpy.percentile(calls, [50, 95]).tolist())
            share = (cpu_seconds() - cpu) / max(now() - began, 1e-9)
            qps, p50, p95 = max(rounds)
            batches, cpu = self.batches[report['index']], cpu_seconds()
            # A fallback, which answers query by query, gains nothing from more at once.
            while self.CHECKED is None and len(batches) < 3 and cpu_seconds() - cpu < ENOUGH_SECONDS / 3:
                self._batch(report['index'], self.queries)
            report.update(qps=round(qps, 1), p50_ms=round(p50 * 1000, 4), p95_ms=round(p95 * 1000, 4),
                          batch_qps=round(max(batches), 1), rounds=len(rounds), cpu_share=round(share, 2))
        return {'indexes': self.reports}


    def step_soak(self):
        """The memory held after a tenth of the searches against that after all of them."""
        searches, k = self.params['soak'], min(self.params['k'], SOAK_N, self.params['n'])
        vectors = self.numpy.ascontiguousarray(self.vectors[:SOAK_N])
        growth, began = 0, now()
        for name in self.params['indexes']:
            self.progress(name)
            index = self.faiss.index_factory(self.params['d'], 'IVF10,Flat' if name == 'ivf' else KNOWN[name])
            if not index.is_trained:
                index.train(vectors)
            index.add(vectors)
            before = None
            for count in range(searches):
                row = count % min(50, len(vectors))
                index.search(vectors[row:row + 1], k)
                if count == searches // 10:
                    before = held_rss()
            grown = (held_rss() or 0) - (before or 0)
            growth = max(growth, grown)
            if grown > SOAK_GROWTH:
                raise Wrong('out_of_memory', '%s grew by %d MB in %d searches: memory is lost' % (
                    name, grown >> 20, searches))
        return {'soak': {'searches': searches * len(self.params['indexes']), 'growth_bytes': growth,
                         'seconds': round(now() - began, 3)}}


STAGES = ('import', 'known_answer', 'recall', 'save_load', 'throughput')
# Without figures: the same questions with known answers, and save and load, on the small data alone.
BRIEF = ('import', 'known_answer')


def main(params, start):
    channel = Channel(start)
    at = {'stage': 'start', 'index': None}
    channel.say(found={'python_version': '%d.%d.%d' % sys.version_info[:3], 'peak_rss_bytes': peak_rss()}, **at)

    def progress(index):
        at['index'] = index
        channel.say(**at)

    try:
        prepare(params)
        test = Test(params, progress)
        for stage in (STAGES if params.get('figures', True) else BRIEF) + (('soak',) if params.get('soak') else ()):
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
