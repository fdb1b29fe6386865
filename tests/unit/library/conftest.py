# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Fixtures that tests of several sources share."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import pytest

from ansible.module_utils.faiss_fleet.prefix import install
from .archives import DIGEST, build


@pytest.fixture
def host(tmpdir):
    """Arguments of the module faiss_deploy for an archive that is on the host."""
    archive = tmpdir.join('archive.tar.gz')
    sha256 = build(archive)
    return install.checked(dict(
        state='present', prefix=str(tmpdir.join('fleet', 'wheel', DIGEST)), archive=str(archive), sha256=sha256,
        min_free_bytes=0, in_use=[], lock_timeout=0))
