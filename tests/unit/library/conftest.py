# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Fixtures that tests of several sources share."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import pytest

from library_modules import faiss_deploy
from .archives import DIGEST, build


@pytest.fixture
def host(tmpdir):
    """Arguments of the module faiss_deploy for an archive that is on the host."""
    archive = tmpdir.join('archive.tar.gz')
    sha256 = build(archive)
    return faiss_deploy.checked(dict(
        state='present', prefix=str(tmpdir.join('fleet', 'wheel', DIGEST)), archive=str(archive), sha256=sha256,
        digest=None,
        min_free_bytes=0, needs_exec=True, keep_archive=True, in_use=[], holder='test', lock_timeout=0))
