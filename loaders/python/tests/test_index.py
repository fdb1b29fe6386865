# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Kinds of index, and the FAISS index that is kept beside the vectors. Runs as test_loader.py does."""
import os
import random
import signal
import struct
import sys

from help import Base, setting_of

from faiss_fleet_loader import NumpyVectorStorage
from faiss_fleet_loader import index_file

D = 16
# Every kind with every metric in both ways, which takes minutes; else each once.
ALL = os.environ.get('FAISS_FLEET_TEST_ALL') == '1'


def clusters(count, seed=1):
    """Rows around centres: uniform noise has no neighbours worth finding."""
    source = random.Random(seed)
    centres = [[source.uniform(-1, 1) for _axis in range(D)] for _centre in range(count // 50)]
    return [[value + source.gauss(0, 0.2) for value in centres[i % len(centres)]] for i in range(count)]


VECTORS = clusters(1600)
QUERIES = [[value + 0.01 for value in row] for row in VECTORS[::80]]
IDS = list(range(7, 7 + len(VECTORS)))


class Native(Base):
    def natives(self):
        """(name of the backend, function that opens a store with it)"""
        for runtime in self.runtimes():
            for name, within in [('faiss', True), ('worker', False)]:
                if within and os.path.realpath(runtime['argv'][0]) != os.path.realpath(sys.executable):
                    continue

                def make(_runtime=runtime, _within=within, **options):
                    return self.open(setting=setting_of(_runtime), fallback=False, in_process=_within,
                                     threads=1, **options)

                yield name, make

    def exact(self, metric, vectors=None, ids=None):
        made = NumpyVectorStorage(metric)
        made.add(ids or IDS, vectors or VECTORS)
        return made

    def recall(self, made, exact, k=10):
        found = 0
        for mine, true in zip(made.search(QUERIES, k), exact.search(QUERIES, k)):
            found += len(set(hit[0] for hit in mine) & set(hit[0] for hit in true))
            for (_id, score), (_other, best) in zip(mine[:1], true[:1]):
                self.assertLessEqual(abs(score - best), 1e-3 * max(1, abs(best)))
        return found / float(k * len(QUERIES))


class Kinds(Native):
    def test_each_kind_finds_the_neighbours_with_each_metric(self):
        for name, make in self.natives():
            for kind in ('flat', 'ivf', 'hnsw'):
                for metric in ('cosine', 'ip', 'l2'):
                    made = make(metric=metric, index=kind)
                    made.add(IDS, VECTORS)
                    self.assertEqual((made.backend, made.index), (name, {'kind': kind, 'from': 'built'}))
                    least = 1.0 if kind == 'flat' else 0.9
                    self.assertGreaterEqual(self.recall(made, self.exact(metric)), least, (name, kind, metric))
                    made.close()

    def test_lists_come_with_the_vectors_and_are_made_anew_when_outgrown(self):
        for _name, make in self.natives():
            made = make(metric='l2', index='ivf')
            made.add(IDS[:900], VECTORS[:900])
            self.assertEqual(made.index['kind'], 'flat')
            self.assertEqual(made.search(VECTORS[5], 1), [(IDS[5], 0.0)])
            made.add(IDS[900:1000], VECTORS[900:1000])
            self.assertEqual((made.index['kind'], made._backend._trained_with), ('ivf', 1000))
            made.add(IDS[1000:], VECTORS[1000:])
            self.assertEqual(made._backend._trained_with, 1000)
            made.add(range(10000, 12400), clusters(2400, 2))
            self.assertEqual((made._backend._trained_with, made.count), (4000, 4000))
            for at in (0, 999, 1599):
                self.assertEqual(made.search(VECTORS[at], 1)[0][0], IDS[at])
            made.close()

    def test_more_than_an_index_finds_is_fewer_hits_and_no_failure(self):
        for name, make in self.natives():
            made = make(metric='l2', index='ivf')
            made.add(IDS, VECTORS)
            hits = made.search(QUERIES[0], len(IDS))
            self.assertTrue(0 < len(hits) <= len(IDS))
            self.assertEqual([hit[1] for hit in hits], sorted(hit[1] for hit in hits))
            self.assertEqual((made.backend, self.names()), (name, []))
            made.close()

    def test_a_worker_that_dies_leaves_an_index_of_the_same_kind(self):
        for runtime in self.runtimes(1):
            made = self.open(setting=setting_of(runtime), metric='l2', index='hnsw', in_process=False)
            made.add(IDS, VECTORS)
            os.kill(made.about['pid'], signal.SIGKILL)
            self.assertGreaterEqual(self.recall(made, self.exact('l2')), 0.9)
            self.assertEqual((made.backend, made.index['kind'], self.names()), ('worker', 'hnsw', ['restart']))
            os.kill(made.about['pid'], signal.SIGKILL)
            self.assertEqual(self.recall(made, self.exact('l2')), 1.0)       # the fallback is exact
            self.assertEqual((made.backend, made.index['kind']), ('numpy', 'flat'))


class IndexFiles(Native):
    def saved(self, make, kind='hnsw', metric='cosine'):
        made = make(metric=metric, index=kind)
        made.add(IDS, VECTORS)
        answers = made.search(QUERIES, 10)
        made.save(self.path())
        made.close()
        return answers

    def test_it_is_used_again_and_answers_the_same(self):
        for name, make in self.natives():
            for kind in ('ivf', 'hnsw'):
                for metric in ('cosine', 'ip', 'l2') if ALL else ('cosine' if kind == 'ivf' else 'l2',):
                    answers = self.saved(make, kind, metric)
                    self.assertEqual(sorted(os.listdir(self.directory)), ['vectors.ffv', 'vectors.ffv.faiss'])
                    again = make(index=kind)
                    again.load(self.path())
                    self.assertEqual((again.backend, again.index), (name, {'kind': kind, 'from': 'file'}))
                    self.assertEqual(again.search(QUERIES, 10), answers)
                    again.add([5], [[0.5] * D])
                    self.assertEqual(again.search([0.5] * D, 1)[0][0], 5)
                    again.save(self.path())                  # with what was added since
                    last = make(index=kind)
                    last.load(self.path())
                    self.assertEqual((last.index['from'], last.count), ('file', len(IDS) + 1))
                    self.assertEqual(last.search([0.5] * D, 1)[0][0], 5)
                    again.close()
                    last.close()
        self.assertEqual(self.names(), [])

    def test_a_flat_index_is_not_kept(self):
        for _name, make in self.natives():
            self.saved(make, 'flat')
            self.assertEqual(os.listdir(self.directory), ['vectors.ffv'])

    def test_what_does_not_belong_is_not_used_and_nothing_is_lost(self):
        for name, make in self.natives() if ALL else list(self.natives())[:1]:
            answers = self.saved(make)
            beside = index_file.path_of(self.path())
            with open(beside, 'rb') as source:
                good = source.read()
            end = len(good) - index_file.TRAILER.size

            def trailer(_good=good, _end=end, **change):
                fields = dict(metric='cosine', d=D, kind=2, writer='faiss 0.0.1', n=len(IDS), crc=0)
                fields.update(change)
                link = index_file.Link(self.path(), fields.pop('n'), fields.pop('crc'))
                inner, = struct.unpack_from('<I', _good, _end + 36)
                return _good[:_end] + index_file.trailer(link, crc=inner, **fields)

            real_crc, = struct.unpack_from('<I', good, end + 32)
            for what, data in [
                    ('empty', b''), ('cut', good[:-1]), ('half', good[:len(good) // 2]), ('its end alone', good[end:]),
                    ('a flipped bit', good[:200] + bytes([good[200] ^ 1]) + good[201:]),
                    ('another end', good[:-3] + b'abc'), ('of nobody', b'no index at all' * 20),
                    ('no index under our end', b'x' * 500 + good[end:]),
                    ('another release', trailer(crc=real_crc)),
                    ('other vectors', trailer(crc=real_crc ^ 1)), ('another count', trailer(crc=real_crc, n=5)),
                    ('another kind', trailer(crc=real_crc, kind=1)),
                    ('another metric', trailer(crc=real_crc, metric='l2'))]:
                with open(beside, 'wb') as out:
                    out.write(data)
                made = make(index='hnsw')
                made.load(self.path())
                self.assertEqual((made.backend, made.index, made.count),
                                 (name, {'kind': 'hnsw', 'from': 'built'}, len(IDS)), what)
                self.assertEqual([hits[0][0] for hits in made.search(QUERIES, 10)], [hits[0][0] for hits in answers])
                made.close()
            os.unlink(beside)
            os.mkdir(beside)
            made = make(index='hnsw')
            made.load(self.path())
            made.save(self.path())
            self.assertEqual((made.index['from'], os.path.isdir(beside)), ('built', True))
            made.close()
            os.rmdir(beside)
        self.assertEqual(self.names(), [])

    def test_an_index_that_faiss_refuses_though_its_sums_are_right_is_built_anew(self):
        for _name, make in self.natives():
            self.saved(make)
            made = make(index='hnsw').ready()
            link = index_file.Link(self.path(), len(IDS), 0)
            with open(self.path(), 'rb') as source:
                link = link._replace(crc=struct.unpack_from('<I', source.read(64), 32)[0])
            self.assertTrue(index_file.save(link, 'cosine', D, 2, made._backend.writer, [b'IxNo' + bytes(5000)]))
            made.load(self.path())
            self.assertEqual((made.index['from'], made.search(VECTORS[9], 1)[0][0]), ('built', IDS[9]))
            made.close()
        self.assertEqual(self.names(), [])

    def test_from_native_to_numpy_and_back(self):
        for _name, make in self.natives():
            self.saved(make, metric='l2')
            numpy = NumpyVectorStorage()
            numpy.load(self.path())
            numpy.save(self.path())                          # the same vectors: their index still belongs to them
            self.assertTrue(os.path.exists(index_file.path_of(self.path())))
            numpy.add([5], [[0.5] * D])
            numpy.save(self.path())
            self.assertEqual(os.listdir(self.directory), ['vectors.ffv'])
            made = make(index='hnsw')
            made.load(self.path())
            self.assertEqual((made.index['from'], made.count), ('built', len(IDS) + 1))
            self.assertEqual(made.search([0.5] * D, 1), [(5, 0.0)])
            made.close()

    def test_somebody_elses_file_of_that_name_stays(self):
        beside = index_file.path_of(self.path())
        for _name, make in self.natives():
            with open(beside, 'wb') as out:
                out.write(b'IxHN, and not ours' * 10)
            self.saved(make)
            NumpyVectorStorage('l2', 2).save(self.path())
            with open(beside, 'rb') as source:
                self.assertEqual(source.read(), b'IxHN, and not ours' * 10)

    def test_one_release_does_not_read_the_index_of_another(self):
        for _name, make in self.natives():
            self.saved(make)
            made = make(index='hnsw').ready()
            made._backend.writer = 'faiss 1.0.0'
            made.load(self.path())
            self.assertEqual(made.index, {'kind': 'hnsw', 'from': 'built'})
            made.close()
