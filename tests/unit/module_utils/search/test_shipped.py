# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import base64
import io
import tarfile

import pytest

from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.search import shipped


def packed(**files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz') as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return base64.b64encode(out.getvalue()).decode('ascii')


def test_files_arrive_as_they_were_sent(tmpdir):
    files = shipped.unpack(packed(**{'node/lib/a.js': b"'use strict';\n", 'node/kernel.wasm': b'\0asm\xff'}))
    shipped.write(files, str(tmpdir))
    assert tmpdir.join('node', 'lib', 'a.js').read_binary() == b"'use strict';\n"
    assert tmpdir.join('node', 'kernel.wasm').read_binary() == b'\0asm\xff'
    assert shipped.text_of(files, 'node/lib/a.js') == u"'use strict';\n"


def test_nothing_was_sent():
    assert shipped.unpack(None) == shipped.unpack('') == {}
    with pytest.raises(AuditError) as caught:
        shipped.text_of({}, 'programs/x.py')
    assert 'programs/x.py, which was not sent' in str(caught.value)
