# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Files of vectors: whole whoever else writes them, as private as they were, never in the place of something else."""
import os
import socket
import stat
import subprocess
import sys
import threading
import unittest
from pathlib import Path

from help import Base, setting_of

from faiss_fleet_loader import BackendError, FileError, InputError, NumpyVectorStorage, SettingError, VectorStorage
from faiss_fleet_loader import storage as storages, vector_file

SAVER = """
import sys
sys.path.insert(0, sys.argv[1])
from faiss_fleet_loader import NumpyVectorStorage
store = NumpyVectorStorage('l2')
store.add(list(range(int(sys.argv[3]))), [[float(i)] * 8 for i in range(int(sys.argv[3]))])
for _ in range(40):
    store.save(sys.argv[2])
"""


class Files(Base):
    def store(self, count=3, d=8):
        made = NumpyVectorStorage('l2')
        self.addCleanup(made.close)
        made.add(list(range(count)), [[float(i)] * d for i in range(count)])
        return made

    def mode(self, path):
        return stat.S_IMODE(os.stat(path).st_mode)

    def test_saves_at_once_by_threads_all_succeed_and_the_file_is_always_whole(self):
        path, failed, counts, over = self.path(), [], set(), threading.Event()
        small, large = self.store(10), self.store(2000)
        small.save(path)

        def saves(store):
            try:
                for _ in range(50):
                    store.save(path)
            except Exception as exc:
                failed.append(exc)

        def reads():
            while not over.is_set():
                counts.add(len(vector_file.load(path)[2]))

        writers = [threading.Thread(target=saves, args=(store,)) for store in (small, large, small, large)]
        reader = threading.Thread(target=reads)
        for thread in [reader, *writers]:
            thread.start()
        for thread in writers:
            thread.join()
        over.set()
        reader.join()
        self.assertEqual(failed, [])
        self.assertLessEqual(counts, {10, 2000})
        self.assertEqual(os.listdir(self.directory), ['vectors.ffv'])

    def test_saves_at_once_by_processes_of_one_id(self):
        # As in containers that share a volume: each is process 1.
        loader = os.path.dirname(os.path.dirname(os.path.abspath(storages.__file__)))
        same = SAVER.replace('import sys\n', 'import os, sys\nos.getpid = lambda: 1\n', 1)
        path = self.path()
        started = [subprocess.Popen([sys.executable, '-c', same, loader, path, str(count)]) for count in (10, 2000, 10)]
        self.assertEqual([process.wait(120) for process in started], [0, 0, 0])
        self.assertIn(len(vector_file.load(path)[2]), (10, 2000))
        self.assertEqual(os.listdir(self.directory), ['vectors.ffv'])

    def test_a_private_file_stays_private_and_a_new_one_follows_the_umask(self):
        path = self.path()
        before = os.umask(0o027)
        try:
            self.store().save(path)
        finally:
            os.umask(before)
        self.assertEqual(self.mode(path), 0o640)
        os.chmod(path, 0o600)
        self.store().save(path)
        self.assertEqual(self.mode(path), 0o600)

    def test_a_link_stays_a_link(self):
        os.symlink('real.ffv', self.path())
        self.store().save(self.path())
        self.assertTrue(os.path.islink(self.path()))
        self.assertEqual(len(vector_file.load(self.path('real.ffv'))[2]), 3)

    def test_what_is_no_file_is_left_alone(self):
        os.mkdir(self.path('directory'))
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(self.path('s'))
            for name in ('s', 'directory'):
                self.refused('FILE_IO', FileError, self.store().save, self.path(name))
            self.assertTrue(stat.S_ISSOCK(os.stat(self.path('s')).st_mode))
        self.assertEqual(sorted(os.listdir(self.directory)), ['directory', 's'])

    def test_a_path_that_is_none_is_told(self):
        store = self.store()
        for path in (None, 5, b'bytes', 'a\0b', ''):
            for act in (store.save, store.load):
                self.assertIsNotNone(self.refused('BAD_ARGUMENT', InputError, act, path).remedy)
        store.save(Path(self.path()))
        store.load(Path(self.path()))
        self.assertEqual(store.count, 3)

    def test_bytes_that_a_newer_version_may_use_are_told(self):
        path = self.path()
        self.store().save(path)
        whole = Path(path).read_bytes()
        for at in (40, 63):
            Path(path).write_bytes(whole[:at] + b'\1' + whole[at + 1:])
            self.refused('FILE_VERSION', FileError, self.store().load, path)

    def test_a_save_that_fails_leaves_what_was_there(self):
        path = self.path()
        self.store(5).save(path)
        with self.assertRaises(KeyboardInterrupt):
            storages.vector_file.replace_file(path, self.interrupted)
        self.assertEqual(len(vector_file.load(path)[2]), 5)
        self.assertEqual(os.listdir(self.directory), ['vectors.ffv'])

    @staticmethod
    def interrupted(out):
        out.write(b'half')
        raise KeyboardInterrupt


class Refused(Base):
    def dead(self, **options):
        """A store whose worker cannot be had, and no fallback wanted."""
        runtime = {'kind': 'python', 'argv': [sys.executable, '-c', 'raise SystemExit(3)'], 'env': {}, 'prefix': None}
        return self.open(metric='l2', setting=setting_of(runtime), fallback=False, in_process=False, **options)

    def test_what_was_refused_was_not_done(self):
        store = self.dead()
        self.refused('WORKER_DIED', BackendError, store.add, [1], [[1.0, 2.0]])
        self.assertEqual((store.count, store.dimension), (0, None))

    def test_vectors_that_no_backend_took_are_taken_back(self):
        store = NumpyVectorStorage('l2')
        store.add([1, 2], [[1.0, 2.0], [3.0, 4.0]])
        path = self.path()
        store.save(path)

        def fails(_store):
            raise BackendError('WORKER_DIED', 'It died.')

        store.ready()._backend.sync = fails
        with self.assertRaises(BackendError):
            store.add([3], [[5.0, 6.0]])
        self.assertEqual(store.count, 2)
        store.add([3], [[5.0, 6.0]])
        self.assertEqual(store.search([5.0, 6.0], 1)[0][0], 3)
        store._backend.sync = fails
        with self.assertRaises(BackendError):
            store.load(path)
        self.assertEqual(store.count, 3)
        self.assertEqual([found[0] for found in store.search([5.0, 6.0], 3)], [3, 2, 1])

    def test_a_setting_with_a_zero_byte_is_no_setting(self):
        for runtime in ({'kind': 'python', 'argv': ['a\0b'], 'env': {}},
                        {'kind': 'python', 'argv': ['python3'], 'env': {'A': 'b\0'}}):
            store = self.open(metric='l2', setting=setting_of(runtime), fallback=False)
            self.refused('SETTING_MALFORMED', SettingError, store.add, [1], [[1.0]])

    def test_every_refusal_has_a_remedy(self):
        store = NumpyVectorStorage('l2')
        store.add([1], [[1.0]])
        for act in (lambda: store.search([1.0], 0), lambda: store.add(5, [[1.0]]), lambda: VectorStorage('cosin'),
                    lambda: VectorStorage(index='x'), lambda: VectorStorage(dimension=0),
                    lambda: VectorStorage(threads=-1)):
            with self.assertRaises(InputError) as caught:
                act()
            self.assertTrue(caught.exception.remedy)

    def test_one_thread_is_the_default(self):
        self.assertEqual(VectorStorage()._times['threads'], 1)


if __name__ == '__main__':
    unittest.main()
