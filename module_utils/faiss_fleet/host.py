# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The host as facts see it: its files, its commands and the gaps in what could be read of it.

Paths are always the host's own. root is another directory than / in tests and for a root that is read from outside.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import fnmatch
import io
import os
import re
import stat

from . import commands, trust
from .elf import starts

MOST_BYTES = 4 << 20

# The fact that a command is for, by the first part of its key.
FACTS = {'libc': 'libc', 'python': 'pythons', 'node': 'nodes', 'conda': 'condas', 'engine': 'engines',
         'toolchain': 'toolchains', 'image': 'prefixes'}


class Host:
    def __init__(self, root='/', environ=None, timeout=5, run_all=commands.run_all, uid=None):
        self.root = root.rstrip('/')
        self.environ = dict(os.environ if environ is None else environ)
        self.timeout = timeout
        self.gaps = []
        self.uid = os.geteuid() if uid is None else uid
        self._reals, self._listed, self._globs, self._beside = {}, {}, {}, {}
        self._run_all = run_all
        self._look = trust.Look(self.at)

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
        """Sorted names in a directory; none when it is absent or closed to this user."""
        try:
            return sorted(os.listdir(self.at(self.real(path))))
        except (IOError, OSError):
            return []

    def _names_once(self, path):
        if path not in self._listed:
            self._listed[path] = self.names(path)
        return self._listed[path]

    def glob(self, pattern):
        """Sorted paths that match, as the module glob has them; each directory is listed once for all patterns."""
        if pattern not in self._globs:
            self._globs[pattern] = self._glob(pattern)
        return list(self._globs[pattern])

    def _glob(self, pattern):
        found = ['']
        for part in pattern.split('/'):
            if not part:
                continue
            if '*' in part or '?' in part or '[' in part:
                match = re.compile(fnmatch.translate(part)).match
                found = [path + '/' + name for path in found for name in self._names_once(path or '/')
                         if (part == '*' or match(name)) and (name[:1] != '.' or part[:1] == '.')]
            else:
                found = [path + '/' + part for path in found]
                if len(found) > 1:
                    found = [path for path in found if os.path.lexists(self.root + path)]
        return sorted(path or '/' for path in found if os.path.lexists(self.root + path))

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

    def path_directories(self):
        return [directory for directory in self.environ.get('PATH', '').split(':') if directory.startswith('/')]

    def which(self, name, extra=()):
        """First program of that name on PATH, in the usual system directories or in extra; None when there is none."""
        usual = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin']
        for directory in self.path_directories() + usual + list(extra):
            path = os.path.join(directory, name)
            if self.is_program(path):
                return path
        return None

    def run_all(self, argvs):
        """{key: argv} -> {key: commands.Result}, side by side; programs are the host's own paths.

        Root starts nothing that others could have put there: the result's error and a gap say why.
        """
        refused = {}
        for key, argv in argvs.items():
            why = self.objection_to_start(argv[0])
            if why:
                refused[key] = commands.Result(None, '', '', why)
                self.gap(FACTS.get(key[0], 'programs') if isinstance(key, tuple) else 'programs', why)
        argvs = dict((key, argv) for key, argv in argvs.items() if key not in refused)
        if self.root:
            argvs = dict((key, [self.at(self.real(argv[0]))] + list(argv[1:])) for key, argv in argvs.items())
        refused.update(self._run_all(argvs, self.timeout, self.environ))
        return refused

    def objection(self, path):
        """Why this user, as root, must not start a program; None when nothing speaks against it."""
        why = self._look.objection(path) if self.uid == 0 and path.startswith('/') else None
        return why and self._not_started(path, why)

    def objection_to_start(self, path):
        """The same, also for what is loaded with the program."""
        why = self.objection(path)
        if why or self.uid != 0 or not path.startswith('/'):
            return why
        if path not in self._beside:
            objections = (self._look.objection(each) for each in starts.beside(path, self.real, self.at))
            self._beside[path] = next((each for each in objections if each), None)
        found = self._beside[path]
        return found and self._not_started(path, '%s, and what is there is loaded with it' % found)

    @staticmethod
    def _not_started(path, why):
        return ('%s was not started as root, since %s. Let root alone own and write it, or connect as a user without '
                'root\'s rights.' % (path, why))
