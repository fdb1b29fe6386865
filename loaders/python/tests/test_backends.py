# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Every backend answers the same; a worker that fails. Runs as test_loader.py does."""
import json
import os
import signal
import subprocess
import sys
import threading
import time

from help import CASES, FIXTURES, HERE, IDS, QUERIES, VECTORS, Base, setting_of

from faiss_fleet_loader import BackendError, NumpyVectorStorage


class Backends(Base):
    def each(self):
        yield 'numpy', NumpyVectorStorage
        for runtime in self.runtimes():
            def out(*arguments, _runtime=runtime, **options):
                return self.open(setting=setting_of(_runtime), fallback=False, in_process=False, **dict(
                    options, metric=arguments[0] if arguments else None))

            def within(*arguments, _runtime=runtime, **options):
                return self.open(setting=setting_of(_runtime), fallback=False, **dict(
                    options, metric=arguments[0] if arguments else None))

            yield 'worker', out
            if os.path.realpath(runtime['argv'][0]) == os.path.realpath(sys.executable):
                yield 'faiss', within

    def test_all_answer_as_expected(self):
        for name, make in self.each():
            for metric in ('cosine', 'ip', 'l2'):
                made = make(metric)
                made.add(IDS[:100], VECTORS[:100])
                made.search(QUERIES[0], 1)
                made.add(IDS[100:], VECTORS[100:])
                self.assertEqual(made.backend, name)
                for k in CASES['ks']:
                    found = made.search(QUERIES, k)
                    for i, query in enumerate(QUERIES):
                        self.near(found[i], CASES['expected'][metric][i][:k])
                        self.near(made.search(query, k), CASES['expected'][metric][i][:k])
                self.assertEqual(sorted(hit[0] for hit in made.search(QUERIES[0], 10000)), sorted(IDS))
                made.save(self.path())
                other = make()
                other.load(self.path())
                self.near(other.search(QUERIES[3], 10), CASES['expected'][metric][3])
                other.close()
                made.close()

    def test_threads_may_share_one(self):
        for _name, make in self.each():
            made, faults = make('ip', dimension=19), []

            def use(part, made=made, faults=faults):
                try:
                    for i in range(part, len(IDS), 4):
                        made.add([IDS[i]], [VECTORS[i]])
                        made.search(QUERIES[part], 3)
                except Exception as exc:
                    faults.append(exc)

            threads = [threading.Thread(target=use, args=(part,)) for part in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual((faults, made.count), ([], len(IDS)))
            self.near(made.search(QUERIES[1], 10), CASES['expected']['ip'][1])

    def test_a_forked_process_starts_a_worker_of_its_own(self):
        for runtime in self.runtimes(1):
            made = self.open(setting=setting_of(runtime), metric='ip', in_process=False, fallback=False)
            made.add(IDS, VECTORS)
            first = made._backend
            child = os.fork()
            if child == 0:
                fine = made.search(QUERIES[0], 1)[0][0] == CASES['expected']['ip'][0][0]['id']
                os._exit(0 if fine and made.backend == 'worker' and made._backend is not first else 1)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            self.near(made.search(QUERIES[0], 10), CASES['expected']['ip'][0])
            self.assertIs(made._backend, first)

    def test_a_large_batch_goes_in_parts(self):
        for runtime in self.runtimes(1):
            made = self.open(setting=setting_of(runtime), metric='l2', in_process=False, fallback=False)
            vectors = [[float(i), float(-i)] for i in range(3000)]
            made.add(range(3000), vectors)
            found = made.search(vectors[:300], 3000)
            self.assertEqual([hits[0][0] for hits in found], list(range(300)))
            self.assertEqual(set(len(hits) for hits in found), {3000})


class Failures(Base):
    def fake(self, how):
        starts = self.path(how)
        argv = [sys.executable, os.path.join(FIXTURES, 'fake_worker.py'), how, starts]
        runtime = {'kind': 'python', 'argv': argv, 'env': {}, 'prefix': None}
        return setting_of(runtime), starts

    def test_a_worker_that_goes_wrong_is_started_once_more_then_numpy_has_all_the_data(self):
        for how, code in [
                ('nonsense', 'WORKER_NONSENSE'), ('die', 'WORKER_DIED'), ('hang', 'WORKER_TIMEOUT'),
                ('version', 'WORKER_VERSION'), ('flood', 'WORKER_NONSENSE'), ('other request', 'WORKER_NONSENSE'),
                ('no json', 'WORKER_NONSENSE'), ('miscounts', 'WORKER_NONSENSE'),
                ('wrong positions', 'WORKER_NONSENSE'), ('too few', 'WORKER_NONSENSE'),
                ('half a frame', 'WORKER_DIED'), ('refuses', 'WORKER_ERROR'), ('hangs later', 'WORKER_TIMEOUT')]:
            del self.events[:]
            setting, starts = self.fake(how)
            made = self.open(setting=setting, metric='l2', start_timeout=0.4 if how == 'hang' else 30,
                             call_timeout=0.5 if how == 'hangs later' else 30)
            made.add(IDS, VECTORS)
            self.near(made.search(QUERIES[0], 10), CASES['expected']['l2'][0])
            self.assertEqual((made.backend, made.count), ('numpy', len(IDS)), how)
            self.assertEqual(self.names(), ['restart', 'fallback'], how)
            self.assertEqual([event['error'].code for _name, event in self.events], [code, code], how)
            with open(starts) as log:
                self.assertEqual(log.read(), 'start\n' * 2)
            if how == 'die':
                self.assertIn('cannot go on', str(self.events[0][1]['error']))

    def test_without_a_fallback_the_error_is_the_applications_and_the_data_is_kept(self):
        made = self.open(setting=self.fake('refuses')[0], metric='l2', fallback=False)
        made.add(IDS, VECTORS)
        self.refused('WORKER_ERROR', BackendError, made.search, QUERIES[0])
        self.assertEqual(made.count, len(IDS))
        made.save(self.path())

    def test_a_program_that_cannot_be_started(self):
        runtime = {'kind': 'python', 'argv': ['no-such-program-anywhere'], 'env': {}, 'prefix': None}
        made = self.open(setting=setting_of(runtime), fallback=False)
        self.refused('WORKER_START', BackendError, made.ready)

    def real(self, **options):
        return self.open(setting=setting_of(self.runtimes()[0]), metric='l2', in_process=False, **options)

    def all(self, made):
        for query, wanted in zip(QUERIES, CASES['expected']['l2']):
            self.near(made.search(query, 10), wanted)

    def test_kill_9_once_is_a_restart_and_twice_the_fallback(self):
        made = self.real()
        made.add(IDS[:100], VECTORS[:100])
        os.kill(made.about['pid'], signal.SIGKILL)
        made.add(IDS[100:150], VECTORS[100:150])
        self.assertEqual((made.backend, self.names()), ('worker', ['restart']))
        os.kill(made.about['pid'], signal.SIGKILL)
        made.add(IDS[150:], VECTORS[150:])
        self.all(made)
        self.assertEqual((made.backend, self.names()), ('numpy', ['restart', 'fallback']))
        self.assertEqual(self.events[0][1]['error'].code, 'WORKER_DIED')

    def test_kill_9_in_the_middle_of_searches(self):
        made = self.real()
        made.add(IDS, VECTORS)
        timer = threading.Timer(0.05, os.kill, (made.about['pid'], signal.SIGKILL))
        timer.start()
        until = time.monotonic() + 1
        while time.monotonic() < until or 'restart' not in self.names():
            self.all(made)
        self.assertEqual((made.backend, self.names()), ('worker', ['restart']))

    def test_a_worker_that_is_stopped_counts_as_hung(self):
        made = self.real()
        made.add(IDS, VECTORS)
        made._backend.call_timeout = 1
        os.kill(made.about['pid'], signal.SIGSTOP)
        self.all(made)
        self.assertEqual([(name, event['error'].code) for name, event in self.events], [('restart', 'WORKER_TIMEOUT')])
        self.assertEqual(made.backend, 'worker')

    def test_no_worker_outlives_its_application(self):
        code = ('import json,os,sys; sys.path.insert(0, %r); from faiss_fleet_loader import VectorStorage\n'
                's = VectorStorage(setting=json.loads(sys.argv[1]), in_process=False, fallback=False).ready()\n'
                'print(s.about["pid"]); sys.stdout.flush(); os.kill(os.getpid(), 9)' % os.path.dirname(HERE))
        command = [sys.executable, '-c', code, json.dumps(setting_of(self.runtimes()[0]))]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        pid = int(process.communicate()[0])
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                with open('/proc/%d/stat' % pid) as stat:
                    if stat.read().rsplit(')', 1)[1].split()[0] == 'Z':
                        return
            except (OSError, IOError):
                return
            time.sleep(0.1)
        self.fail('the worker %d is still there' % pid)
