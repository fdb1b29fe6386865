# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""python -m unittest, on any Python from 3.6 on."""
import json
import math
import os
import unittest
import warnings

from help import CASES, FIXTURES, IDS, QUERIES, VECTORS, Base, setting_of

from faiss_fleet_loader import (BackendError, FaissFleetError, FileError, InputError, NumpyVectorStorage, SettingError,
                                VectorStorage)
from faiss_fleet_loader import rows, store as stores


class Inputs(Base):
    def three(self, metric='l2'):
        made = NumpyVectorStorage(metric)
        made.add([1, 2, 3], [[1, 0], [0, 2], [3, 3]])
        return made

    def test_what_cannot_be_is_refused_and_nothing_is_added(self):
        nan, inf = float('nan'), float('inf')
        for code, act in [
                ('BAD_DIMENSION', lambda s: s.add([9], [[1, 2, 3]])),
                ('BAD_DIMENSION', lambda s: s.add([9, 10], [[1, 2], [1, 2, 3]])),
                ('BAD_DIMENSION', lambda s: s.add([9], [[]])),
                ('BAD_DIMENSION', lambda s: s.add([9], [5])),
                ('BAD_VALUE', lambda s: s.add([9, 10], [[1, 1], [nan, 1]])),
                ('BAD_VALUE', lambda s: s.add([9], [[1, inf]])),
                ('BAD_VALUE', lambda s: s.add([9], [[1, 1e39]])),
                ('BAD_VALUE', lambda s: s.add([9], [[1, 10 ** 400]])),
                ('BAD_VALUE', lambda s: s.add([9], [[1, '2']])),
                ('BAD_VALUE', lambda s: s.add([9], [[1, None]])),
                ('BAD_VALUE', lambda s: s.add([9], [[1e19, 1e19]])),
                ('BAD_ID', lambda s: s.add([2 ** 53], [[1, 1]])),
                ('BAD_ID', lambda s: s.add([-1], [[1, 1]])),
                ('BAD_ID', lambda s: s.add([1.5], [[1, 1]])),
                ('BAD_ID', lambda s: s.add(['9'], [[1, 1]])),
                ('BAD_ID', lambda s: s.add([True], [[1, 1]])),
                ('DUPLICATE_ID', lambda s: s.add([9, 2], [[1, 1], [1, 1]])),
                ('DUPLICATE_ID', lambda s: s.add([9, 9], [[1, 1], [1, 1]])),
                ('BAD_ARGUMENT', lambda s: s.add([9], [[1, 1], [1, 1]])),
                ('BAD_ARGUMENT', lambda s: s.add(None, [[1, 1]])),
                ('BAD_ARGUMENT', lambda s: s.add([9], iter([[1, 1]]))),
                ('BAD_DIMENSION', lambda s: s.search([1, 2, 3], 1)),
                ('BAD_VALUE', lambda s: s.search([1, nan], 1)),
                ('BAD_K', lambda s: s.search([1, 1], 0)),
                ('BAD_K', lambda s: s.search([1, 1], 1.5)),
                ('BAD_K', lambda s: s.search([1, 1], True)),
                ('BAD_ARGUMENT', lambda s: s.search(5, 1)),
                ('BAD_ARGUMENT', lambda s: s.search(None, 1))]:
            made = self.three()
            self.refused(code, InputError, act, made)
            self.assertEqual(made.count, 3)
            self.assertEqual([hit[0] for hit in made.search([1, 0], 9)], [1, 2, 3])
            made.add([9], [[1, 1]])
            self.assertEqual(made.count, 4)

    def test_a_vector_of_length_0_has_no_cosine(self):
        made = self.three('cosine')
        self.refused('BAD_VALUE', InputError, made.add, [9], [[0, 0]])
        self.refused('BAD_VALUE', InputError, made.search, [0, 0])

    def test_k_beyond_count_gives_all_there_are(self):
        self.assertEqual(len(self.three().search([1, 0], 10 ** 6)), 3)

    def test_an_empty_store_finds_nothing(self):
        made = NumpyVectorStorage()
        self.assertEqual(made.search([1, 2], 3), [])
        self.assertEqual(made.search([[1, 2], [3, 4]], 3), [[], []])
        made.add([], [])
        self.assertEqual(made.count, 0)
        self.assertEqual(self.three().search([], 3), [])

    def test_equal_scores_come_in_the_order_of_adding(self):
        made = NumpyVectorStorage('l2')
        ids = list(range(100, 50, -1))
        made.add(ids, [[1, 1]] * 50)
        self.assertEqual([hit[0] for hit in made.search([0, 0], 7)], ids[:7])

    def test_very_short_and_very_long_vectors_keep_their_direction(self):
        made = NumpyVectorStorage('cosine')
        made.add([1, 2, 3], [[1e-30, 0], [0, 1e30], [1e-40, 1e-40]])
        found = made.search([1e-35, 1e-35], 3)
        self.assertEqual(found[0][0], 3)
        self.assertLess(abs(found[0][1] - 1) + abs(found[1][1] - math.sqrt(0.5)), 1e-4)

    def test_arrays_of_numpy_of_any_number_type(self):
        import numpy
        for kind in ('float32', 'float64', '>f4', 'int64', 'uint8', 'float16'):
            made = NumpyVectorStorage('ip')
            made.add(numpy.arange(3, dtype='uint32'), numpy.arange(6).reshape(3, 2).astype(kind))
            self.assertEqual([hit[0] for hit in made.search(numpy.array([1, 0], dtype=kind), 3)], [2, 1, 0])
        self.refused('BAD_VALUE', InputError, NumpyVectorStorage().add, [1], numpy.array([['a', 'b']]))
        self.refused('BAD_DIMENSION', InputError, self.three().add, [9], numpy.zeros((1, 2, 1)))

    def test_a_closed_store_says_so(self):
        made = self.three()
        made.close()
        made.close()
        for act, arguments in ((made.add, ([5], [[1, 1]])), (made.search, ([1, 1],)), (made.save, ('x',)),
                               (made.load, ('x',)), (made.ready, ())):
            self.refused('CLOSED', FaissFleetError, act, *arguments)

    def test_options_that_cannot_be(self):
        self.refused('BAD_ARGUMENT', InputError, VectorStorage, 'hamming')
        self.refused('BAD_DIMENSION', InputError, VectorStorage, dimension=0)
        for name, values in [
                ('index', ['annoy', None, []]), ('call_timeout', [0, -1, 'x', True, float('nan'), float('inf'), None]),
                ('start_timeout', [0, '1']), ('restart_window', ['a', -1, None]), ('threads', [-1, 1.5, True, '1']),
                ('fallback', [1, 'no']), ('in_process', [None]), ('on_event', [5]), ('setting', [5, '', b'x', 'a\0']),
                ('socket', [5, '']), ('metric', [[], 5])]:
            for value in values:
                error = self.refused('BAD_ARGUMENT', InputError, VectorStorage, **{name: value})
                self.assertIn(name, str(error))
        VectorStorage(call_timeout=0.5, restart_window=0, threads=0)

    def test_without_numpy_the_rows_are_the_same_and_so_are_the_refusals(self):
        for metric in ('cosine', 'l2'):
            for vectors in (VECTORS, [[float('nan')] * 19], [[1e39] * 19], [['x'] * 19], [[1e30] * 19], [[0.0] * 19]):
                found = []
                for convert in (rows._by_numpy, rows._plain):
                    try:
                        found.append(convert(rows.numpy_or_none(), vectors, 19, metric, str))
                    except InputError as exc:
                        found.append(exc.code)
                self.assertEqual(found[0], found[1])

    def test_a_store_that_refuses_has_changed_nothing(self):
        made = stores.Store(2, 'l2')
        with self.assertRaises(InputError):
            made.add([1, 2], [[1, 2], [3]])
        self.assertEqual((len(made), bytes(made.rows), made.known), (0, b'', set()))


class Files(Base):
    def test_as_described_is_read_and_written_again_byte_for_byte(self):
        for metric in ('cosine', 'ip', 'l2'):
            made = NumpyVectorStorage()
            made.load(os.path.join(FIXTURES, metric + '.ffv'))
            self.assertEqual((made.count, made.metric), (len(IDS), metric))
            self.near(made.search(QUERIES[0], 10), CASES['expected'][metric][0])
            made.save(self.path())
            with open(self.path(), 'rb') as copy, open(os.path.join(FIXTURES, metric + '.ffv'), 'rb') as original:
                self.assertEqual(copy.read(), original.read())
        self.assertEqual(os.listdir(self.directory), ['vectors.ffv'])

    def test_what_is_no_whole_file_is_refused_and_the_store_stays(self):
        with open(os.path.join(FIXTURES, 'l2.ffv'), 'rb') as source:
            good = source.read()

        def changed(at, value):
            return good[:at] + bytes([value]) + good[at + 1:]

        for code, data in [
                ('FILE_TRUNCATED', b''), ('FILE_TRUNCATED', good[:5]), ('FILE_TRUNCATED', good[:40]),
                ('FILE_TRUNCATED', good[:64]), ('FILE_TRUNCATED', good[:-1]), ('FILE_CORRUPT', good + b'\0'),
                ('FILE_FOREIGN', b'text' * 40), ('FILE_FOREIGN', b'IxF2' + bytes(100)),
                ('FILE_FOREIGN', b'FFVECT\n' + good[8:]), ('FILE_VERSION', changed(8, 2)),
                ('FILE_CORRUPT', changed(12, 9)), ('FILE_CORRUPT', changed(16, 18)), ('FILE_CORRUPT', changed(31, 255)),
                ('FILE_CORRUPT', changed(70, good[70] ^ 1)), ('FILE_CORRUPT', changed(len(good) - 3, good[-3] ^ 1))]:
            with open(self.path(), 'wb') as out:
                out.write(data)
            made = NumpyVectorStorage('l2')
            made.add([1], [QUERIES[0]])
            self.refused(code, FileError, made.load, self.path())
            self.assertEqual(made.search(QUERIES[0], 3), [(1, 0.0)])

    def test_paths_that_cannot_be(self):
        error = self.refused('FILE_IO', FileError, NumpyVectorStorage().load, '/nowhere/at/all')
        self.assertIsInstance(error.__cause__, OSError)
        self.refused('FILE_IO', FileError, NumpyVectorStorage(dimension=2).save, '/nowhere/at/all')
        self.refused('BAD_DIMENSION', InputError, NumpyVectorStorage().save, self.path())
        os.mkdir(self.path())
        self.refused('FILE_IO', FileError, NumpyVectorStorage(dimension=2).save, self.path())
        self.assertEqual(os.listdir(self.directory), ['vectors.ffv'])

    def test_an_empty_store_is_saved_and_loaded(self):
        NumpyVectorStorage('ip', 3).save(self.path())
        made = NumpyVectorStorage()
        made.load(self.path())
        self.assertEqual((made.count, made.dimension, made.metric, made.search([1, 2, 3])), (0, 3, 'ip', []))

    def test_of_another_dimension_or_metric(self):
        path = os.path.join(FIXTURES, 'l2.ffv')
        self.refused('BAD_DIMENSION', InputError, NumpyVectorStorage(dimension=4).load, path)
        self.refused('BAD_ARGUMENT', InputError, NumpyVectorStorage('ip').load, path)

    def test_without_numpy_a_file_is_checked_too(self):
        found = stores.Store(2, 'cosine')
        real, rows.numpy_or_none = rows.numpy_or_none, lambda: None
        try:
            self.refused('BAD_VALUE', InputError, found.take_file, [1, 2], b'\0\0\x80?' * 2 + bytes(8))
        finally:
            rows.numpy_or_none = real


class Settings(Base):
    def written(self, text):
        with open(self.path('backend.json'), 'w') as out:
            out.write(text)
        return self.path('backend.json')

    def test_what_is_no_setting_means_the_fallback_and_why_is_told(self):
        runtime = {'kind': 'python', 'argv': ['/usr/bin/env'], 'env': {}, 'prefix': None}

        def faiss(**change):
            return json.dumps(setting_of(dict(runtime, **change)))

        for code, text in [
                ('SETTING_MISSING', None), ('SETTING_MALFORMED', ''), ('SETTING_MALFORMED', '{"schema": 1,'),
                ('SETTING_MALFORMED', '[]'), ('SETTING_MALFORMED', 'null'), ('SETTING_MALFORMED', '[' * 100000),
                ('SETTING_MALFORMED', '{"schema": 2, "backend": "js"}'),
                ('SETTING_MALFORMED', '{"schema": 1, "backend": "gpu"}'),
                ('SETTING_MALFORMED', '{"schema": 1, "backend": "faiss"}'),
                ('SETTING_MALFORMED', faiss(argv='python')), ('SETTING_MALFORMED', faiss(env={'A': 1})),
                ('SETTING_STALE', faiss(prefix='/opt/faiss-fleet/wheel/gone')),
                ('SETTING_STALE', faiss(argv=['/nowhere/python']))]:
            del self.events[:]
            path = '/nowhere/backend.json' if text is None else self.written(text)
            made = self.open(setting=path)
            made.add([1, 2], [[1, 0], [0, 1]])
            self.assertEqual([hit[0] for hit in made.search([1, 0], 1)], [1])
            self.assertEqual((made.backend, self.names()), ('numpy', ['fallback']))
            error = self.events[0][1]['error']
            self.assertIsInstance(error, SettingError)
            self.assertEqual((error.code, made.why), (code, str(error)))
            self.assertIn('audit.yml', error.remedy)
            self.refused(code, SettingError, VectorStorage(setting=path, fallback=False).ready)

    def test_one_that_is_no_file_of_its_size_cannot_be_read(self):
        pipe, huge = (os.path.join(self.directory, name) for name in ('pipe.json', 'huge.json'))
        os.mkfifo(pipe)
        with open(huge, 'wb') as out:
            out.truncate(1 << 30)
        for path in (self.directory, pipe, huge):
            made = self.open(setting=path)
            made.add([1], [[1, 0]])
            error = self.events.pop()[1]['error']
            self.assertEqual((made.backend, error.code), ('numpy', 'SETTING_UNREADABLE'))
            self.assertIn('no regular file of at most 1 MiB', str(error))
            self.refused('SETTING_UNREADABLE', SettingError, VectorStorage(setting=path, fallback=False).ready)

    def test_js_is_what_it_says_with_one_warning(self):
        path = self.written('{"schema": 1, "backend": "js", "because": "glibc is 2.12"}')
        made = self.open(setting=path, fallback=False)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            made.add([1], [[1, 0]])
            made.search([1, 0])
        self.assertEqual([str(one.message) for one in caught], ['Searching with numpy, without FAISS: glibc is 2.12'])
        self.assertEqual(self.events[0][1]['error'], None)

    def test_a_runtime_of_another_language(self):
        runtime = {'kind': 'node', 'argv': ['/usr/bin/env'], 'env': {}, 'prefix': None}
        made = self.open(setting=setting_of(runtime), fallback=False)
        self.refused('BACKEND_FAILED', BackendError, made.ready)

    def test_with_neither_faiss_nor_numpy_it_searches_in_plain_python(self):
        real, rows.numpy_or_none = rows.numpy_or_none, lambda: None
        try:
            for metric in ('cosine', 'ip', 'l2'):
                made = self.open(setting='/nowhere', metric=metric)
                made.add(IDS, VECTORS)
                for query, wanted in zip(QUERIES, CASES['expected'][metric]):
                    self.near(made.search(query, 10), wanted)
                self.assertEqual((made.backend, made.index['kind']), ('python', 'flat'))
                made.save(self.path())
                other = NumpyVectorStorage()
                other.load(self.path())
                self.near(other.search(QUERIES[1], 10), CASES['expected'][metric][1])
        finally:
            rows.numpy_or_none = real

    def test_a_socket_that_is_no_path_is_malformed(self):
        path = self.written('{"schema": 1, "backend": "js", "socket": 5}')
        self.refused('SETTING_MALFORMED', SettingError, VectorStorage(setting=path, fallback=False).ready)


if __name__ == '__main__':
    unittest.main()
