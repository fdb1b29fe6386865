# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Deletion and updates, a busy worker, native FAISS that comes back. Runs as test_loader.py does."""
import json
import os
import random
import shutil
import subprocess
import sys
import time

from help import CASES, FIXTURES, IDS, QUERIES, VECTORS, Base, setting_of

import faiss_fleet_loader
from faiss_fleet_loader import InputError, NumpyVectorStorage, setting, worker

PACKAGE = os.path.dirname(os.path.abspath(faiss_fleet_loader.__file__))


class Deletion(Base):
    def stores(self):
        yield NumpyVectorStorage('l2')
        yield self.open(setting=setting_of(self.runtimes()[0]), metric='l2', in_process=False, fallback=False)

    def test_what_was_deleted_is_found_no_more_and_its_id_is_free(self):
        for made in self.stores():
            made.add(IDS, VECTORS)
            made.search(QUERIES[0], 1)
            first = [hit['id'] for hit in CASES['expected']['l2'][0]]
            self.assertEqual(made.delete(first[:6] + [first[0], 2 ** 40]), 6)
            self.assertEqual([hit[0] for hit in made.search(QUERIES[0], 4)], first[6:10])
            self.assertEqual((made.count, made.has(first[0]), first[7] in made, made.get(first[0])),
                             (len(IDS) - 6, False, True, None))
            self.assertEqual(len(made.search(QUERIES, 10 ** 6)[1]), len(IDS) - 6)
            made.add([first[0]], [QUERIES[0]])
            self.assertEqual(made.search(QUERIES[0], 1), [(first[0], 0.0)])
            self.assertEqual(made.ids, [i for i in IDS if i not in first[:6]] + [first[0]])
            made.save(self.path())
            again = NumpyVectorStorage()
            again.load(self.path())
            self.assertEqual((again.ids, again.search(QUERIES[1], 5)), (made.ids, again.search(QUERIES[1], 5)))
            made.clear()
            self.assertEqual((made.count, made.ids, made.search(QUERIES[0], 3)), (0, [], []))
            made.add([1], [QUERIES[0]])
            self.assertEqual(made.search(QUERIES[0], 3), [(1, 0.0)])

    def test_an_update_is_whole_or_not_at_all(self):
        for made in self.stores():
            made.add([1, 2, 3], [[0, 1], [0, 2], [0, 3]])
            made.update([1], [[5, 0.5]])
            self.assertEqual((made.get(1), made.search([5, 0.5], 1), made.count), ([5.0, 0.5], [(1, 0.0)], 3))
            for code, ids, vectors in [('UNKNOWN_ID', [2, 9], [[1, 1], [1, 1]]),
                                       ('BAD_VALUE', [2, 3], [[1, 1], ['x', 1]]),
                                       ('DUPLICATE_ID', [2, 2], [[1, 1], [1, 1]]), ('BAD_DIMENSION', [2], [[1, 1, 1]]),
                                       ('BAD_ARGUMENT', 5, [[1, 1]]),
                                       ('BAD_ARGUMENT', [], [[1, 1]]), ('BAD_ARGUMENT', [2], None),
                                       ('BAD_ID', ['2'], [[1, 1]])]:
                self.refused(code, InputError, made.update, ids, vectors)
                self.assertEqual([made.get(i) for i in (1, 2, 3)], [[5.0, 0.5], [0.0, 2.0], [0.0, 3.0]])
                self.assertEqual([hit[0] for hit in made.search([0, 2], 3)][0], 2)

    def test_any_order_of_changes_gives_what_a_store_made_at_once_gives(self):
        source = random.Random(5)
        for made in self.stores():
            kept = {}
            for _turn in range(120):
                ids = source.sample(range(200), 12)
                act = source.choice(['add', 'delete', 'update'])
                vectors = [[float(source.randrange(-9, 9)) for _axis in range(3)] for _id in ids]
                if act == 'delete':
                    self.assertEqual(made.delete(ids), sum(i in kept for i in ids))
                    kept = dict((i, kept[i]) for i in kept if i not in ids)
                else:
                    some = [(i, v) for i, v in zip(ids, vectors) if (i in kept) == (act == 'update')]
                    getattr(made, act)([i for i, _v in some], [v for _i, v in some])
                    for i, vector in some:
                        kept.pop(i, None)
                        kept[i] = vector
                once = NumpyVectorStorage('l2')
                once.add(list(kept), list(kept.values()))
                self.assertEqual(made.ids, list(kept))
                self.assertEqual([hit[1] for hit in made.search([1, 2, 3], 20)],
                                 [hit[1] for hit in once.search([1, 2, 3], 20)])


class Batches(Base):
    def test_a_batch_finds_what_single_queries_find_and_equal_rows_keep_their_order(self):
        import numpy
        source = numpy.random.RandomState(3)
        for metric in ('l2', 'ip', 'cosine'):
            for d in (3, 96):
                base = source.standard_normal((40, d)).astype('float32') * 100 + 1000
                made = NumpyVectorStorage(metric)
                made.add(range(1201), base[numpy.arange(1201) % 40])
                queries = base[:30] + numpy.float32(0.01)
                found = made.search(queries, 61)
                self.assertEqual(found, [made.search(query, 61) for query in queries])
                for hits in found:
                    self.assertEqual([hit[0] for hit in hits[:30]], sorted(hit[0] for hit in hits[:30]))
                    self.assertEqual(len(set(hit[0] % 40 for hit in hits[:30])), 1)

    def test_it_is_one_product_for_a_block_of_queries(self):
        import numpy
        made = NumpyVectorStorage('ip')
        made.add(range(20000), numpy.random.RandomState(1).standard_normal((20000, 256)).astype('float32'))
        queries = numpy.random.RandomState(2).standard_normal((64, 256)).astype('float32')
        ratios = []
        for _round in range(5):
            began = time.perf_counter()
            for query in queries:
                made.search(query, 10)
            between = time.perf_counter()
            made.search(queries, 10)
            ratios.append((between - began) / (time.perf_counter() - between))
        self.assertGreater(max(ratios), 1.3, ratios)


class Native(Base):
    def slow(self, seconds):
        """A setting whose worker takes so long for each query."""
        runtime = self.runtimes()[0]
        directory = os.path.join(self.directory, 'slow')
        os.mkdir(directory)
        with open(os.path.join(directory, 'sitecustomize.py'), 'w') as out:
            out.write('import faiss, time\nreal = faiss.IndexFlatL2.search\n'
                      'def search(self, *given, **named):\n    time.sleep(%r * len(given[0]))\n'
                      '    return real(self, *given, **named)\n'
                      'faiss.IndexFlatL2.search = search\n' % seconds)
        path = os.pathsep.join([directory, (runtime.get('env') or {}).get('PYTHONPATH', '')])
        return setting_of(dict(runtime, env=dict(runtime.get('env') or {}, PYTHONPATH=path)))

    def test_a_busy_worker_is_not_killed(self):
        made = self.open(setting=self.slow(2.5 / len(QUERIES)), metric='l2', in_process=False, call_timeout=1)
        made.add(IDS, VECTORS)
        before, worker.WORK = worker.WORK, len(IDS) * len(VECTORS[0])
        try:
            found = made.search(QUERIES, 10)                   # takes longer than call_timeout in all
        finally:
            worker.WORK = before
        for hits, wanted in zip(found, CASES['expected']['l2']):
            self.near(hits, wanted)
        self.assertEqual((made.backend, self.names()), ('worker', []))

    def test_frames_are_bounded_by_queries_times_rows(self):
        made = self.open(setting=setting_of(self.runtimes()[0]), metric='l2', in_process=False, fallback=False)
        made.add(IDS, VECTORS)
        backend, frames = made._backend, []
        real = backend._ask
        backend._ask = lambda *given, **named: frames.append(given[0]) or real(*given, **named)
        before, worker.WORK = worker.WORK, len(IDS) * len(VECTORS[0])
        try:
            made.search(QUERIES, 1)
        finally:
            worker.WORK = before
        self.assertEqual(frames, [worker.SEARCH] * len(QUERIES))

    def test_native_comes_back_when_the_window_is_over_with_the_setting_of_then(self):
        path = self.path('backend.json')
        argv = [sys.executable, os.path.join(FIXTURES, 'fake_worker.py'), 'refuses', self.path('starts')]
        broken = {'kind': 'python', 'argv': argv, 'env': {}, 'prefix': None}
        with open(path, 'w') as out:
            json.dump(setting_of(broken), out)
        made = self.open(setting=path, metric='l2', in_process=False, restart_window=1)
        made.add(IDS, VECTORS)
        made.search(QUERIES[0], 1)
        self.assertEqual((made.backend, self.names()), ('numpy', ['restart', 'fallback']))
        with open(path, 'w') as out:
            json.dump(setting_of(self.runtimes()[0]), out)
        made._retry_at = time.monotonic()
        self.near(made.search(QUERIES[0], 10), CASES['expected']['l2'][0])
        self.assertEqual((made.backend, self.names()[-1], made.why), ('worker', 'native', None))

    def test_a_setting_that_went_stale_is_read_again(self):
        prefix, path = self.path('old'), self.path('backend.json')
        os.mkdir(prefix)
        with open(path, 'w') as out:
            json.dump(setting_of(dict(self.runtimes()[0], prefix=prefix)), out)
        made = self.open(setting=path, metric='l2', in_process=False)
        made.add(IDS, VECTORS)
        os.rmdir(prefix)
        with open(path, 'w') as out:
            json.dump(setting_of(self.runtimes()[0]), out)
        os.kill(made.about['pid'], 9)
        self.near(made.search(QUERIES[0], 10), CASES['expected']['l2'][0])
        self.assertEqual((made.backend, self.names()), ('worker', ['restart']))

    def test_a_package_without_its_worker_means_the_fallback(self):
        copy = os.path.join(self.directory, 'site', 'faiss_fleet_loader')
        shutil.copytree(PACKAGE, copy)
        os.unlink(os.path.join(copy, 'faiss_worker.py'))
        shutil.rmtree(os.path.join(copy, '__pycache__'), True)
        code = ('import json, sys; sys.path.insert(0, sys.argv[1])\n'
                'from faiss_fleet_loader import BackendError, VectorStorage\n'
                's = VectorStorage(setting=json.loads(sys.argv[2])); s.add([7], [[1, 2]])\n'
                'print(s.search([1, 2], 1)[0][0], s.backend, "faiss_worker.py" in s.why)\n'
                'try: VectorStorage(setting=json.loads(sys.argv[2]), fallback=False).ready()\n'
                'except BackendError as exc: print(exc.code)')
        command = [sys.executable, '-W', 'ignore', '-c', code, os.path.dirname(copy),
                   json.dumps(setting_of(self.runtimes()[0]))]
        self.assertEqual(subprocess.check_output(command).decode().split(), ['7', 'numpy', 'True', 'WORKER_START'])


class Places(Base):
    def test_the_file_of_make_audit_is_found_if_it_is_this_users(self):
        kept = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(kept)))
        os.environ.pop('FAISS_FLEET_SETTING', None)
        real, setting.DEFAULT = setting.DEFAULT, self.path('etc.json')
        self.addCleanup(setattr, setting, 'DEFAULT', real)

        def write(path, because):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w') as out:
                json.dump({'schema': 1, 'backend': 'js', 'because': because}, out)

        os.environ['HOME'] = self.path('home')
        os.environ['XDG_CONFIG_HOME'] = self.path('xdg')
        write(setting.DEFAULT, 'etc')
        self.assertEqual(setting.read()['because'], 'etc')
        write(self.path('home/.config/faiss-fleet/backend.json'), 'home')
        self.assertEqual(setting.read()['because'], 'etc')
        write(self.path('xdg/faiss-fleet/backend.json'), 'xdg')
        self.assertEqual(setting.read()['because'], 'xdg')
        for value in ('', 'relative'):
            os.environ['XDG_CONFIG_HOME'] = value
            self.assertEqual(setting.read()['because'], 'home')
        write(self.path('named.json'), 'named')
        os.environ['FAISS_FLEET_SETTING'] = self.path('named.json')
        self.assertEqual(setting.read()['because'], 'named')
        del os.environ['FAISS_FLEET_SETTING']
        own, os.geteuid = os.geteuid, lambda: own() + 1
        try:
            self.assertEqual(setting.read()['because'], 'etc')
        finally:
            os.geteuid = own
