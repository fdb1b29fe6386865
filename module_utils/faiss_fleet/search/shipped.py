# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Files that the controller sends with a search test: programs that run in a child process, and the loaders."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import base64
import io
import os
import tarfile

from ..errors import AuditError


def unpack(text):
    """{name: bytes} of the files in a base64 tar.gz; {} for None or an empty text."""
    if not text:
        return {}
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(text)), mode='r:gz') as archive:
        return dict((member.name, archive.extractfile(member).read()) for member in archive.getmembers())


def text_of(files, name):
    """The text of one file. Raises AuditError when it was not sent."""
    if name not in files:
        raise AuditError('The search test needs %s, which was not sent with it. Call the module through the action '
                         'plugin of the same name, which sends it.' % name, cause='unknown')
    return files[name].decode('ascii')


def write(files, directory):
    """Writes all of them below a directory that belongs to the caller alone."""
    for name, data in sorted(files.items()):
        path = os.path.join(directory, *name.split('/'))
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        with io.open(path, 'wb') as out:
            out.write(data)
