# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the tests of the loader share.

FAISS_FLEET_TEST_RUNTIMES: a JSON list of runtimes with a real FAISS; one of this very interpreter is used in process.
"""
import json
import os
import shutil
import sys
import tempfile
import unittest
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from faiss_fleet_loader import FallbackWarning, VectorStorage

FIXTURES = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(HERE))), 'tests', 'fixtures', 'vectors')
with open(os.path.join(FIXTURES, 'cases.json')) as _source:
    CASES = json.load(_source)
RUNTIMES = json.loads(os.environ.get('FAISS_FLEET_TEST_RUNTIMES', '[]'))
IDS, VECTORS, QUERIES = CASES['ids'], CASES['vectors'], CASES['queries']


def setting_of(runtime):
    return {'schema': 1, 'backend': 'faiss', 'runtime': runtime}


class Base(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix='faiss-fleet-loader-')
        self.addCleanup(shutil.rmtree, self.directory, True)
        warnings.simplefilter('ignore', FallbackWarning)
        self.events = []

    def path(self, name='vectors.ffv'):
        return os.path.join(self.directory, name)

    def open(self, **options):
        made = VectorStorage(on_event=lambda name, event: self.events.append((name, event)), **options)
        self.addCleanup(made.close)
        return made

    def refused(self, code, kind, act, *arguments, **named):
        with self.assertRaises(kind) as caught:
            act(*arguments, **named)
        self.assertEqual(caught.exception.code, code, str(caught.exception))
        self.assertGreater(len(str(caught.exception)), 10)
        return caught.exception

    def near(self, found, wanted):
        self.assertEqual([hit[0] for hit in found], [hit['id'] for hit in wanted])
        for (_id, score), hit in zip(found, wanted):
            self.assertLessEqual(abs(score - hit['score']), 2e-5 * max(1, abs(hit['score'])))

    @staticmethod
    def runtimes(most=None):
        """With a real FAISS. A test that needs one fails where none is named, rather than checks nothing."""
        if not RUNTIMES:
            raise AssertionError('FAISS_FLEET_TEST_RUNTIMES names no runtime')
        return RUNTIMES[:most]

    def names(self):
        return [name for name, _event in self.events]
