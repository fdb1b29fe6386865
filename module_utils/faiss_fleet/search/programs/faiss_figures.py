# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The steps of the full search test: recall, save and load, and speed on the workload."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import shutil
import tempfile
import timeit

from .faiss_child import KNOWN, Test, Wrong, status

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


def held_rss():
    return status('VmRSS:')


def cpu_seconds():
    """Processor time of this process, all threads."""
    return sum(os.times()[:2])


def enough(rounds, seconds):
    """Whether another round would tell nothing new, or would take too long. Rounds are [qps, p50, p95]."""
    if len(rounds) < ROUNDS[0]:
        return False
    if len(rounds) >= ROUNDS[1] or seconds >= ENOUGH_SECONDS:
        return True
    other, best = sorted(rounds)[-2:]
    return len(rounds) > 2 and all(abs(best[at] - other[at]) <= STEADY * best[at] for at in range(3))


class FiguresTest(Test):
    """The brief test's import and known answers, and then what is measured."""

    STEPS = ('import', 'known_answer', 'recall', 'save_load', 'throughput')
    SAVES_KNOWN = False
    CHECKED = None        # the first so many queries have their answers checked; None: all

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
        directory = tempfile.mkdtemp(prefix='faiss-fleet-')
        path = os.path.join(directory, 'index')
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
            shutil.rmtree(directory, ignore_errors=True)
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
