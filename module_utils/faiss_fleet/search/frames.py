# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds the search test's answers among whatever else a process prints on its standard output.

An answer is a line of the marker, a word that only this run knows, and one JSON object. Everything else is garbage,
which is counted and shown, and never believed.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from .. import read_json

MARKER = 'faiss-fleet-answer'
LONGEST_LINE = 262144      # an answer has a few kilobytes; a longer line is a flood
MOST_FRAMES = 500
GARBAGE_SHOWN = 2000


class Frames:
    """Feed it bytes; ``stage`` and ``found`` are then what the process said last, ``failed`` why it gave up or None."""

    def __init__(self, nonce):
        self._start = ('%s %s ' % (MARKER, nonce)).encode('ascii')
        self._pending = bytearray()
        self._skipping = False
        self._count = 0
        self._shown = bytearray()
        self.garbage_bytes = 0
        self.stage = None
        self.index = None
        self.found = {}
        self.failed = None

    def feed(self, data):
        self._pending += data
        while True:
            end = self._pending.find(b'\n')
            if end < 0:
                break
            line = bytes(self._pending[:end])
            del self._pending[:end + 1]
            if self._skipping:
                self._skipping = False
                self._garbage(line)
            else:
                self._line(line)
        if len(self._pending) > LONGEST_LINE:
            self._garbage(bytes(self._pending))
            self._skipping = True
            del self._pending[:]

    def close(self):
        """No more comes: a line that was cut off in the middle is garbage."""
        self._garbage(bytes(self._pending))
        del self._pending[:]

    def evidence(self):
        """What was said, as a dict for JSON."""
        return {'stage': self.stage, 'index': self.index, 'found': self.found, 'failed': self.failed,
                'garbage': self.garbage(), 'garbage_bytes': self.garbage_bytes}

    def garbage(self):
        """The beginning of what was printed beside the answers."""
        return bytes(self._shown).decode('utf-8', 'replace')

    def _garbage(self, line):
        if line:
            self.garbage_bytes += len(line)
            self._shown += (line + b'\n')[:max(0, GARBAGE_SHOWN - len(self._shown))]

    def _line(self, line):
        if not line.startswith(self._start) or self._count >= MOST_FRAMES:
            self._garbage(line)
            return
        try:
            frame = read_json.loads(line[len(self._start):].decode('utf-8'))
        except ValueError:
            self._garbage(line)
            return
        if not isinstance(frame, dict) or not isinstance(frame.get('stage'), type(u'')):
            self._garbage(line)
            return
        self._count += 1
        self.stage = frame['stage']
        self.index = frame.get('index')
        if isinstance(frame.get('found'), dict):
            self.found.update(frame['found'])
        if isinstance(frame.get('failed'), dict):
            self.failed = frame['failed']
