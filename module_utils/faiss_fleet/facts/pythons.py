# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds the host's Pythons and tells what each is and has installed.

Each binary is started once with --version, which proves that it starts and costs 1 ms of CPU; ABI and packages are read
from its directories. Where those do not tell, it is asked in Python with -S, which costs 6 ms; a full start costs 10 to
30.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import posixpath
import re

from . import libc, packages, runtimes, shared_libraries
from ..errors import AuditError

NAME = re.compile(r'^(python|pypy|platform-python)([0-9]+(\.[0-9]+)?)?t?$')
DIRECTORIES = ('/usr/libexec', '~/.pyenv/versions/*/bin', '/opt/pyenv/versions/*/bin',
               '/usr/local/pyenv/versions/*/bin', '~/.local/share/uv/python/*/bin', '~/.local/bin')
CONDA_ENVIRONMENTS = ('%s/bin', '%s/envs/*/bin')
MOST_STARTED = 16
SAID = ('version', 'implementation', 'soabi', 'tag', 'abi', 'bits', 'ctypes', 'prefix')

# Runs on every Python from 2.6 on, and holds no single quote so that sh can carry it in a pair of them. Fields are
# parted by a character that no version holds; paths are put last.
CHILD = r'''
import sys
sys.path[:] = [p for p in sys.path if p]
try:
    import _ctypes
    ctypes = "1"
except Exception:
    ctypes = "0"
try:
    import _imp
    suffix = _imp.extension_suffixes()[0]
except Exception:
    suffix = ""
try:
    name = sys.implementation.name
except AttributeError:
    name = "__pypy__" in sys.builtin_module_names and "pypy" or "cpython"
fields = ["faiss-fleet-python", sys.version.split()[0], name, str(sys.maxsize), suffix, str(sys.maxunicode), ctypes,
          getattr(sys, "abiflags", ""), "%d.%d" % sys.version_info[:2], sys.prefix] + sys.path
sys.stdout.write("\x1f".join([f.replace("\n", " ") for f in fields]) + "\n")
'''


# What the fields are like. Not isdigit(): a superscript is a digit there, and no number.
FIELDS = (r'[0-9]{1,3}\.[0-9]{1,3}[0-9A-Za-z.+_-]{0,60}\Z', r'[a-z]{1,40}\Z', r'[0-9]{1,20}\Z', r'[^/]{0,100}\Z',
          r'[0-9]{1,10}\Z', r'[01]\Z', r'[a-z]{0,10}\Z', r'[0-9]{1,3}\.[0-9]{1,3}\Z')


def argv(path):
    return [path, '-S', '-E', '-B', '-c', CHILD]


def search(host, search_paths=(), interpreters=(), conda_roots=()):
    """[(path, aliases, named)] of Pythons to ask, each binary once and each virtual environment once.

    Of several names of one binary the most precise in its directory stands: python3.13 rather than python3.
    """
    patterns = [directory.replace('~', host.home(), 1) for directory in DIRECTORIES]
    if host.environ.get('PYENV_ROOT', '').startswith('/'):
        patterns.append(host.environ['PYENV_ROOT'].rstrip('/') + '/versions/*/bin')
    patterns.extend(pattern % root for root in conda_roots for pattern in CONDA_ENVIRONMENTS)
    order, groups, scripts = [], {}, []
    named = [path for path in interpreters]
    for path in named + runtimes.programs(host, runtimes.directories(host, patterns, search_paths), NAME):
        if path not in named and runtimes.is_script(host, path):
            scripts.append(path)
            continue
        key = (host.real(path), environment_root(host, path))
        if key not in groups:
            order.append(key)
        groups.setdefault(key, []).append(path)
    # pyenv's shims stand for Pythons that are found under versions/.
    scripts = [path for path in scripts if not path.endswith('/shims/' + posixpath.basename(path))]
    if scripts:
        named_here = ', '.join(scripts[:5]) + (' and %d more' % (len(scripts) - 5) if len(scripts) > 5 else '')
        host.gap('pythons', '%s: a script, not started, since it may start anything. Name it in '
                 'glibc_facts__interpreters if it stands for a Python not in this list.' % named_here)
    return [(_best(groups[key], named), sorted(set(groups[key])), any(path in named for path in groups[key]))
            for key in order]


def _best(paths, named):
    for path in paths:
        if path in named:
            return path
    directory = posixpath.dirname(paths[0])
    return max((path for path in paths if posixpath.dirname(path) == directory), key=len)


def environment_root(host, path):
    """Directory of the virtual environment a Python belongs to; None when it belongs to none."""
    root = posixpath.dirname(posixpath.dirname(path))
    return root if host.is_file(posixpath.join(root, 'pyvenv.cfg')) else None


def parse(text):
    """Fields of what CHILD printed, or None when it did not print its line. Lines before it are somebody else's."""
    for line in reversed(text.replace('\r', '').split('\n')):
        fields = line.split('\x1f')
        if fields[0] == 'faiss-fleet-python' and len(fields) > 9 and all(
                re.match(pattern, fields[1 + place]) for place, pattern in enumerate(FIELDS)):
            return _entry(fields)
    return None


def _entry(fields):
    version, name, maxsize, suffix, maxunicode, ctypes, abiflags, short, prefix = fields[1:10]
    soabi = re.match(r'^\.([A-Za-z0-9_-]+)\.so$', suffix)
    digits = short.replace('.', '')
    tag = {'cpython': 'cp', 'pypy': 'pp'}.get(name)
    wide = 'mu' if int(maxunicode) > 65535 else 'm'
    return {
        'version': version, 'implementation': name, 'soabi': soabi.group(1) if soabi else None,
        'tag': tag + digits if tag else None, 'bits': 64 if int(maxsize) > 2 ** 32 else 32, 'ctypes': ctypes == '1',
        'abi': 'cp%s%s' % (digits, wide if digits == '27' else abiflags) if tag == 'cp' else None,
        'short': short, 'prefix': prefix, 'path_directories': [field for field in fields[10:] if field.startswith('/')],
    }


def site_directories(host, entry, environment=None):
    """site-packages directories of a Python that parse() described, nearest first, in the order of their precedence."""
    library = ('pypy' if entry['implementation'] == 'pypy' else 'python') + entry['short']
    if entry['abi'] and entry['abi'].endswith('t'):
        library += 't'
    roots, found = [], []
    system = True
    if environment:
        roots.append(environment)
        system = 'true' in (_configured(host, environment, 'include-system-site-packages') or '').lower()
    else:
        found.append('%s/.local/lib/%s/site-packages' % (host.home(), library))
    if system:
        roots.append(entry['prefix'])
        found.extend(posixpath.join(place, kind) for place in entry['path_directories'] if place.endswith('/' + library)
                     for kind in ('site-packages', 'dist-packages'))
        if entry['prefix'] == '/usr':
            found.extend('/usr/local/%s/%s/%s' % (lib, library, kind) for lib in ('lib64', 'lib')
                         for kind in ('site-packages', 'dist-packages'))
            found.append('/usr/lib/python%s/dist-packages' % entry['short'][0])
    found = ['%s/%s/%s/site-packages' % (root, lib, library) for root in roots for lib in ('lib64', 'lib')] + found
    seen, unique = set(), []
    for directory in found:
        real = host.real(directory)
        if real not in seen and host.is_dir(directory):
            seen.add(real)
            unique.append(directory)
            for added in packages.path_entries(host, directory):
                if host.real(added) not in seen:
                    seen.add(host.real(added))
                    unique.append(added)
    return unique


def _configured(host, environment, key):
    for line in (host.text_or_none(posixpath.join(environment, 'pyvenv.cfg'), 65536) or '').splitlines():
        name, _, value = line.partition('=')
        if name.strip().lower() == key:
            return value.strip()
    return None


def commands(host, found):
    """{key: argv}: one start for each distinct binary, at most MOST_STARTED; named ones come first."""
    wanted = {}
    for path, _, _ in sorted(found, key=lambda one: not one[2]):
        key = ('python', host.real(path))
        if key not in wanted and len(wanted) < MOST_STARTED and host.is_program(path):
            # The binary itself is started: only site, which stays out, would make a virtual environment of its link.
            wanted[key] = [host.real(path), '--version']
    return wanted


def parse_version(text):
    """(language version, implementation) of what --version prints, (None, None) otherwise."""
    match = re.search(r'^Python ([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}[0-9A-Za-z.+_-]{0,60})(?:\s|\Z)', text, re.M)
    if not match:
        return None, None
    return match.group(1), 'pypy' if 'pypy' in text.lower() else 'cpython'


def from_files(host, real, version, finder):
    """What CHILD would say of a CPython 3, read from its lib-dynload; None when the files do not tell all of it.

    _ctypes counts only when every library it needs is found, as builds without libffi are about.
    """
    short = '.'.join(version.split('.')[:2])
    prefix = posixpath.dirname(posixpath.dirname(real))
    for lib in ('lib64', 'lib'):
        library = posixpath.join(prefix, lib, 'python' + short)
        names = host.names(library + '/lib-dynload')
        pattern = re.compile(r'^_ctypes\.((cpython-%s([a-z]*))-[a-z0-9_-]+)\.so$' % short.replace('.', ''))
        found = [match for match in map(pattern.match, names) if match]
        if short.startswith('2.') or len(found) != 1 or not host.is_file(library + '/os.py'):
            continue
        try:
            module = shared_libraries.read_elf(host, '%s/lib-dynload/%s' % (library, found[0].group(0)))
        except (AuditError, IOError, OSError):
            return None
        if not all(finder.satisfies(module, library + '/lib-dynload', needed) for needed in module.needed):
            return None
        tag = 'cp' + short.replace('.', '')
        return {'version': version, 'implementation': 'cpython', 'soabi': found[0].group(1), 'tag': tag,
                'bits': module.bits, 'ctypes': True, 'abi': tag + found[0].group(3), 'short': short,
                'prefix': prefix, 'path_directories': [library]}
    return None


def ask(host, found, results, finder):
    """{binary: (what it is, method, error)}; those whose files do not tell are started once more, all side by side."""
    said, unclear = {}, {}
    for path, _, _ in found:
        real = host.real(path)
        if real in said or real in unclear:
            continue
        result = results.get(('python', real))
        version, implementation = parse_version(result.out + '\n' + result.err) if result else (None, None)
        known = from_files(host, real, version, finder) if implementation == 'cpython' else None
        if known:
            said[real] = known, 'files', None
        elif version:
            why = _library_objection(host, real)
            if why:
                host.gap('pythons', why)
                said[real] = None, None, why
            else:
                unclear[real] = argv(real)
        else:
            said[real] = None, None, _why_not(host, path, result)
    for real, result in host.run_all(unclear).items():
        entry = parse(result.out)
        said[real] = (entry, 'started', None) if entry else (None, None, _why_not(host, real, result))
    return said


def _library_objection(host, real):
    """Why root must not start this Python to run code: it reads its library, which must be root's like the binary."""
    root = posixpath.dirname(posixpath.dirname(real))
    places = [root + '/' + lib + '/' + name for lib in ('lib', 'lib64') for name in host.names(root + '/' + lib)
              if re.match(r'(python|pypy)[0-9.]*t?\Z', name)]
    places += [path for path in (root + '/pyvenv.cfg', posixpath.dirname(real) + '/pyvenv.cfg') if host.is_file(path)]
    return next((why for why in map(host.objection, places) if why), None)


def _why_not(host, path, result):
    if result is None:
        if not host.is_program(path):
            return '%s is not there or not executable. Correct glibc_facts__interpreters.' % path
        return ('Not started: more than %d Pythons are on this host. Name it in glibc_facts__interpreters.'
                % MOST_STARTED)
    words = [line for line in (result.err + '\n' + result.out).splitlines() if line.strip()]
    return result.error or 'It ended with %s and said: %s' % (result.rc, words[-1][:300] if words else 'nothing')


def describe(host, found, results, finder):
    """([pythons], [faiss]) of the record."""
    pythons, faiss = [], []
    said_by = ask(host, found, results, finder)
    for path, aliases, named in found:
        entry = dict.fromkeys(SAID + ('libc', 'pip', 'numpy'))
        entry.update(path=path, realpath=host.real(path), aliases=[other for other in aliases if other != path],
                     named=named, environment=environment_root(host, path))
        pythons.append(entry)
        said, entry['method'], entry['error'] = said_by[host.real(path)]
        if said is None:
            continue
        directories = site_directories(host, said, entry['environment'])
        there = [package for directory in directories for package in packages.in_directory(host, directory)]
        for name in ('pip', 'numpy'):
            entry[name] = next((one.version for one in there if one.name == name and one.complete), None)
        entry.update((key, said[key]) for key in SAID)
        entry['libc'] = _libc_family(host, path)
        faiss.extend({'python': path, 'version': one.version, 'location': one.directory, 'numpy': entry['numpy'],
                      'package': one.name} for one in there if one.name.startswith('faiss') and one.complete)
    return pythons, faiss


def _libc_family(host, path):
    try:
        loader = shared_libraries.read_elf(host, path).interpreter
    except (AuditError, IOError, OSError):
        return None
    return libc.loader_family(loader) if loader else None
