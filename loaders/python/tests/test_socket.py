# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A worker that listens at a socket, and loaders that use it. Runs as test_loader.py does."""
import os
import signal
import socket
import stat
import subprocess
import sys
import time

from help import CASES, FIXTURES, IDS, QUERIES, VECTORS, Base, setting_of

from faiss_fleet_loader import BackendError, transport

WORKER = os.path.join(os.path.dirname(os.path.abspath(transport.__file__)), 'faiss_worker.py')


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError('it did not come to pass within %d s' % seconds)
        time.sleep(0.02)


def listens(path):
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(path)
    except OSError:
        return False
    return True


def is_alive(pid):
    try:
        with open('/proc/%d/stat' % pid) as status:
            return status.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False


class Served(Base):
    def at(self, name='worker.sock'):
        return os.path.join(self.directory, name)

    def worker(self, runtime, path=None, wait=True):
        env = dict(transport.environment(runtime, os.environ), OMP_NUM_THREADS='1')
        command = list(runtime['argv']) + [WORKER, '--socket', path or self.at()]
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        if wait:
            wait_for(lambda: listens(path or self.at()) or process.poll() is not None)
        return process

    def fake(self, how):
        path = self.at(how + '.sock')
        command = [sys.executable, os.path.join(FIXTURES, 'fake_worker.py'), how, self.path('starts'), '--socket', path]
        process = subprocess.Popen(command)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_for(lambda: listens(path))
        return path

    def connect(self, runtime, path=None, **options):
        return self.open(setting=setting_of(runtime), socket=path or self.at(), metric='l2', **options)

    def right(self, made):
        for query, wanted in zip(QUERIES, CASES['expected']['l2']):
            self.near(made.search(query, 10), wanted)

    def said(self, process):
        return process.communicate(timeout=60)[1].decode('utf-8')


class Sockets(Served):
    def setUp(self):
        super().setUp()
        self.runtime = self.runtimes()[0]

    def test_several_loaders_share_one_worker_and_each_has_its_own_vectors(self):
        parent = self.worker(self.runtime)
        self.assertEqual(stat.S_IMODE(os.lstat(self.at()).st_mode), 0o600)
        first, second, third = (self.connect(self.runtime, fallback=False) for _store in range(3))
        first.add(IDS, VECTORS)
        second.add(IDS[:3], VECTORS[:3])
        third.add([9], [QUERIES[0]])
        self.right(first)
        self.assertEqual((second.count, len(second.search(QUERIES[0], 10))), (3, 3))
        self.assertEqual(third.search(QUERIES[0], 3), [(9, 0.0)])
        pids = set(made.about['pid'] for made in (first, second, third))
        self.assertEqual((len(pids), parent.pid in pids, self.names()), (3, False, []))
        second.close()
        wait_for(lambda: sum(map(is_alive, pids)) == 2)
        self.right(first)

    def test_one_that_dies_is_one_connection_and_the_worker_serves_the_next(self):
        self.worker(self.runtime)
        made, other = self.connect(self.runtime), self.connect(self.runtime)
        made.add(IDS, VECTORS)
        other.add(IDS, VECTORS)
        before, untouched = made.about['pid'], other.about['pid']
        os.kill(before, signal.SIGKILL)
        self.right(made)
        self.right(other)
        self.assertEqual((self.names(), other.about['pid']), (['restart'], untouched))
        self.assertEqual(self.events[0][1]['error'].code, 'WORKER_DIED')
        self.assertNotIn(made.about['pid'], (before, untouched))

    def test_one_that_hangs_is_left_and_killed(self):
        self.worker(self.runtime)
        made = self.connect(self.runtime)
        made.add(IDS, VECTORS)
        hung, made._backend.call_timeout = made.about['pid'], 1
        os.kill(hung, signal.SIGSTOP)
        self.right(made)
        self.assertEqual([(name, event['error'].code) for name, event in self.events], [('restart', 'WORKER_TIMEOUT')])
        wait_for(lambda: not is_alive(hung))

    def test_a_worker_that_goes_leaves_each_loader_with_one_of_its_own(self):
        parent = self.worker(self.runtime)
        made = self.connect(self.runtime)
        made.add(IDS, VECTORS)
        shared = made.about['pid']
        parent.terminate()
        self.assertEqual((parent.wait(60), os.path.lexists(self.at())), (0, False))
        wait_for(lambda: not is_alive(shared))
        self.right(made)
        self.assertEqual([event['error'].code for _name, event in self.events], ['WORKER_DIED', 'WORKER_SOCKET'])
        self.assertEqual((self.names(), made.backend), (['restart', 'restart'], 'worker'))

    def test_what_a_killed_worker_left_is_taken_over(self):
        first = self.worker(self.runtime)
        first.kill()
        first.wait()
        # The process that served the last question whether it listens may hold the socket for a moment longer.
        wait_for(lambda: not listens(self.at()))
        self.assertTrue(os.path.lexists(self.at()))
        made = self.connect(self.runtime)
        made.add(IDS, VECTORS)                           # nobody answers there: a worker of its own
        self.assertEqual([event['error'].code for _name, event in self.events], ['WORKER_SOCKET'])
        self.worker(self.runtime)
        again = self.connect(self.runtime, fallback=False)
        again.add(IDS, VECTORS)
        self.right(again)
        self.assertEqual(len(self.events), 1)

    def test_a_second_worker_does_not_take_the_place_of_one_that_lives(self):
        first = self.worker(self.runtime)
        second = self.worker(self.runtime, wait=False)
        self.assertIn('another worker serves', self.said(second))
        self.assertEqual((second.returncode, first.poll()), (1, None))
        self.connect(self.runtime, fallback=False).add(IDS, VECTORS)
        self.assertEqual(self.events, [])

    def test_a_file_that_is_no_socket_stays_and_a_folder_for_all_is_refused(self):
        with open(self.at(), 'w') as out:
            out.write('mine')
        self.assertIn('it stays', self.said(self.worker(self.runtime, wait=False)))
        with open(self.at()) as source:
            self.assertEqual(source.read(), 'mine')
        made = self.connect(self.runtime)
        made.add(IDS, VECTORS)
        self.assertEqual((made.backend, self.events[0][1]['error'].code), ('worker', 'WORKER_SOCKET'))
        os.mkdir(self.path('open'))
        os.chmod(self.path('open'), 0o777)
        path = os.path.join(self.path('open'), 'worker.sock')
        self.assertIn('anybody may write', self.said(self.worker(self.runtime, path, wait=False)))
        self.assertIn('faiss_worker: ', self.said(self.worker(self.runtime, self.at('n' * 120), wait=False)))
        self.assertIn('usage', self.said(subprocess.Popen([sys.executable, WORKER, '--port', '1'],
                                                          stderr=subprocess.PIPE)))

    def test_of_another_user_it_is_not_used(self):
        self.worker(self.runtime)
        if os.geteuid() == 0:
            os.chown(self.at(), 65534, 65534)
            self.refused('WORKER_SOCKET', BackendError, transport.refuse_foreign, self.at())
            made = self.connect(self.runtime)
            made.add(IDS, VECTORS)
            self.right(made)
            self.assertIn('belongs to user 65534', str(self.events[0][1]['error']))
            self.assertEqual((made.backend, self.names()), ('worker', ['restart']))
            os.chown(self.at(), 0, 0)
            self.refuses_a_foreign_loader()
        else:
            real, os.geteuid = os.geteuid, lambda: real() + 1
            try:
                self.refused('WORKER_SOCKET', BackendError, transport.refuse_foreign, self.at())
            finally:
                os.geteuid = real

    def refuses_a_foreign_loader(self):
        """Even where the rights of the file were opened: the worker asks the kernel who is there."""
        os.chmod(self.directory, 0o711)
        os.chmod(self.at(), 0o666)
        code = ('import os, socket, sys; os.setgid(65534); os.setuid(65534)\n'
                's = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(repr(s.recv(1)))')
        said = subprocess.check_output([sys.executable, '-c', code, self.at()], cwd='/')
        self.assertEqual(said.strip(), b"b''")

    def test_without_a_worker_there_and_without_a_python_for_one_it_is_the_fallback(self):
        runtime = {'kind': 'node', 'argv': ['/usr/bin/env'], 'env': {}, 'prefix': None}
        made = self.connect(runtime)
        made.add(IDS, VECTORS)
        self.right(made)
        self.assertEqual(self.events[-1][1]['error'].code, 'WORKER_SOCKET')
        self.assertEqual((made.backend, self.names()[-1]), ('numpy', 'fallback'))
        self.refused('WORKER_SOCKET', BackendError, self.connect(runtime, fallback=False).ready)

    def test_the_setting_may_name_it(self):
        self.worker(self.runtime)
        made = self.open(setting=dict(setting_of(self.runtime), socket=self.at()), metric='l2', fallback=False)
        made.add(IDS, VECTORS)
        self.right(made)
        parent = int(subprocess.check_output(['ps', '-o', 'ppid=', str(made.about['pid'])]))
        self.assertNotEqual(parent, os.getpid())

    def test_a_forked_process_has_a_connection_of_its_own(self):
        self.worker(self.runtime)
        made = self.connect(self.runtime, fallback=False)
        made.add(IDS, VECTORS)
        child = os.fork()
        if child == 0:
            before = made.about['pid']
            fine = made.search(QUERIES[0], 1)[0][0] == CASES['expected']['l2'][0][0]['id']
            os._exit(0 if fine and made.about['pid'] != before else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.right(made)
        self.assertEqual(self.events, [])

    def test_an_index_is_kept_and_used_again_through_it(self):
        self.worker(self.runtime)
        made = self.connect(self.runtime, index='hnsw', fallback=False)
        made.add(IDS, VECTORS)
        made.save(self.path())
        again = self.connect(self.runtime, index='hnsw', fallback=False)
        again.load(self.path())
        self.assertEqual(again.index, {'kind': 'hnsw', 'from': 'file'})
        self.assertEqual(again.search(QUERIES, 5), made.search(QUERIES, 5))

    def test_frames_beyond_all_bounds_end_one_connection(self):
        self.worker(self.runtime)
        made = self.connect(self.runtime, fallback=False)
        made.add(IDS, VECTORS)
        for data in (b'GET / HTTP/1.1\r\n\r\n',
                     b'FFWP\1\0\1\0\1\0\0\0\xff\xff\xff\xff', b'FFWP\2\0\1\0\1\0\0\0\0\0\0\0'):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
                other.connect(self.at())
                other.sendall(data)
                other.settimeout(30)
                try:
                    self.assertEqual(other.recv(1), b'')
                except ConnectionResetError:
                    pass
        self.right(made)
        self.assertEqual(self.events, [])


class Fakes(Served):
    def test_a_socket_where_nonsense_is_spoken_leads_to_a_worker_of_its_own(self):
        for how, code in [('nonsense', 'WORKER_NONSENSE'), ('die', 'WORKER_DIED'), ('hang', 'WORKER_TIMEOUT'),
                          ('version', 'WORKER_VERSION'), ('flood', 'WORKER_NONSENSE'), ('no json', 'WORKER_NONSENSE')]:
            for runtime in self.runtimes(1):
                del self.events[:]
                made = self.connect(runtime, self.fake(how), start_timeout=60, fallback=False)
                made._times['start_timeout'] = 1 if how == 'hang' else 60
                made._again = lambda error, made=made: self._second(made, error)
                made.add(IDS, VECTORS)
                self.right(made)
                self.assertEqual([event['error'].code for _name, event in self.events][:1], [code], how)
                self.assertEqual(made.backend, 'worker')

    @staticmethod
    def _second(made, error):
        """The real start of a worker takes longer than the second that a hanging one is given."""
        made._times['start_timeout'] = 60
        return type(made)._again(made, error)

    def test_one_that_goes_wrong_later_is_tried_once_more_and_then_given_up(self):
        for how, code in [('miscounts', 'WORKER_NONSENSE'), ('wrong positions', 'WORKER_NONSENSE'),
                          ('too few', 'WORKER_NONSENSE'), ('half a frame', 'WORKER_DIED'), ('refuses', 'WORKER_ERROR'),
                          ('hangs later', 'WORKER_TIMEOUT')]:
            del self.events[:]
            runtime = {'kind': 'python', 'argv': ['/nowhere/python'], 'env': {}, 'prefix': None}
            made = self.connect(runtime, self.fake(how), call_timeout=1 if how == 'hangs later' else 30)
            made.add(IDS, VECTORS)
            self.right(made)
            self.assertEqual((made.backend, made.count), ('numpy', len(IDS)), how)
            self.assertEqual(self.names(), ['restart', 'fallback'], how)
            self.assertEqual([event['error'].code for _name, event in self.events], [code, code], how)
