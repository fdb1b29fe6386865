# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The host as the probes see it: its files, its commands and the gaps in what could be read of it.

Paths are always the host's own. root is another folder than / in tests and for a root that is looked into from outside.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import glob
import io
import os
import stat

from . import commands

MOST_BYTES = 4 << 20


class Host:
    def __init__(self, root='/', environ=None, timeout=5, run_all=commands.run_all):
        self.root = root.rstrip('/')
        self.environ = dict(os.environ if environ is None else environ)
        self.timeout = timeout
        self.gaps = []
        self._reals = {}
        self._run_all = run_all

    def gap(self, fact, reason):
        """Notes what could not be read; a fact without a gap was read, one with a gap was not guessed."""
        entry = {'fact': fact, 'reason': ' '.join(str(reason).split())}
        if entry not in self.gaps:
            self.gaps.append(entry)

    def at(self, path):
        """Where a path of the host is for this process."""
        return self.root + path if self.root else path

    def real(self, path):
        """The path without symbolic links, all followed inside root. Kept, as the same few are asked for often."""
        if path not in self._reals:
            self._reals[path] = self._real(path) if self.root else os.path.realpath(path)
        return self._reals[path]

    def _real(self, path):
        done, todo = '/', [part for part in path.split('/') if part]
        for _ in range(200):
            if not todo:
                break
            part = todo.pop(0)
            candidate = os.path.normpath(os.path.join(done, part))
            if os.path.islink(self.at(candidate)):
                target = os.readlink(self.at(candidate))
                done = '/' if target.startswith('/') else done
                todo = [step for step in target.split('/') if step] + todo
            else:
                done = candidate
        return done

    def is_file(self, path):
        return os.path.isfile(self.at(self.real(path)))

    def is_dir(self, path):
        return os.path.isdir(self.at(self.real(path)))

    def is_program(self, path):
        real = self.at(self.real(path))
        return os.path.isfile(real) and os.access(real, os.X_OK)

    def names(self, path):
        """Sorted names in a folder; none when it is absent or closed to this user."""
        try:
            return sorted(os.listdir(self.at(self.real(path))))
        except (IOError, OSError):
            return []

    def glob(self, pattern):
        return [found[len(self.root):] for found in sorted(glob.glob(self.at(pattern)))]

    def read(self, path, limit=MOST_BYTES):
        """Bytes of a regular file, at most limit of them. A pipe or a device is refused: reading it might never end."""
        real = self.at(self.real(path))
        if not stat.S_ISREG(os.stat(real).st_mode):
            raise IOError('%s is not a regular file' % path)
        with io.open(real, 'rb') as stream:
            return stream.read(limit)

    def text(self, path, limit=MOST_BYTES):
        """Like read, as this Python's own str."""
        return commands.native(self.read(path, limit))

    def text_or_none(self, path, limit=MOST_BYTES):
        try:
            return self.text(path, limit)
        except (IOError, OSError):
            return None

    def home(self):
        return self.environ.get('HOME') or '/nonexistent'

    def path_folders(self):
        return [folder for folder in self.environ.get('PATH', '').split(':') if folder.startswith('/')]

    def which(self, name, extra=()):
        """First program of that name on PATH, in the usual system folders or in extra; None when there is none."""
        for folder in self.path_folders() + ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'] + list(extra):
            path = os.path.join(folder, name)
            if self.is_program(path):
                return path
        return None

    def run_all(self, argvs):
        """{key: argv} -> {key: commands.Result}, side by side; programs are the host's own paths."""
        if self.root:
            argvs = dict((key, [self.at(self.real(argv[0]))] + list(argv[1:])) for key, argv in argvs.items())
        return self._run_all(argvs, self.timeout, self.environ)
