# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Archives of prefixes, good and hostile, and the host that they are for."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import hashlib
import io
import json
import tarfile


DIGEST = '0123456789abcdef'


FILES = {'site-packages/faiss/__init__.py': b'version = 1\n', 'site-packages/faiss/big.so': b'\x7fELF' * 1000}


def member(name, data=None, kind=tarfile.REGTYPE, link='', mode=0o644):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.mtime = kind, link, mode, 946684800
    info.size = len(data) if data else 0
    return info, data


def plain_members():
    directories = [member(name, kind=tarfile.DIRTYPE) for name in ('site-packages', 'site-packages/faiss')]
    files = [member(name, data, mode=0o4755 if name.endswith('.so') else 0o600) for name, data in sorted(FILES.items())]
    return directories + files + [member('site-packages/link', kind=tarfile.SYMTYPE, link='faiss/__init__.py')]


def build(path, members=None, digest=DIGEST, unpacked=None, first=True):
    """An archive as the controller packs it, or with what a hostile one has."""
    listing = dict((name, {'size': len(data), 'mtime': 946684800, 'sha256': hashlib.sha256(data).hexdigest()})
                   for name, data in FILES.items())
    listing['site-packages/link'] = {'link': 'faiss/__init__.py'}
    listing = json.dumps(listing).encode()
    size = len(listing) + sum(len(data) for data in FILES.values()) if unpacked is None else unpacked
    manifest = {'schema': 1, 'strategy': 'wheel', 'digest': digest, 'lock': {}, 'files': len(FILES),
                'unpacked_bytes': size}
    head = [member('manifest.json', json.dumps(manifest).encode()), member('manifest-files.json', listing)]
    with tarfile.open(str(path), 'w:gz') as tar:
        for info, data in (head if first else head[1:]) + (plain_members() if members is None else members):
            tar.addfile(info, io.BytesIO(data) if data else None)
    return hashlib.sha256(path.read_binary()).hexdigest()


def tree(tmpdir):
    return sorted(str(path.relto(tmpdir)) for path in tmpdir.visit())
