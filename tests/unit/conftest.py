# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Lets the same tests run on the controller's Python and on 2.7 and 3.6, where ansible-core cannot be installed.

``ansible.module_utils.faiss_fleet`` becomes importable everywhere; on old Pythons the rest of ``ansible.module_utils``
comes from the controller's ansible-core 2.16, whose module_utils run there (ANSIBLE_MODULE_UTILS names the directory).
``library_modules`` is the directory library/.
"""
from __future__ import absolute_import, division, print_function

import os
import shutil
import sys
import tempfile
import types

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _package(name, *directories):
    package = types.ModuleType(name)
    package.__path__ = list(directories)
    sys.modules[name] = package
    return package


try:
    import ansible.module_utils as _module_utils
except ImportError:
    _package("ansible")
    _module_utils = _package("ansible.module_utils", os.environ.get("ANSIBLE_MODULE_UTILS", ""))
_module_utils.__path__.insert(0, os.path.join(ROOT, "module_utils"))
_package("library_modules", os.path.join(ROOT, "library"))


MEMORY = "/dev/shm"


@pytest.fixture
def crowded(tmpdir):
    """A directory for tens of thousands of files, gone with the test: in memory, where there is room."""
    room = os.access(MEMORY, os.W_OK) and os.statvfs(MEMORY).f_favail > 100000
    directory = tempfile.mkdtemp(dir=MEMORY if room else str(tmpdir))
    yield type(tmpdir)(directory)
    shutil.rmtree(directory)


def pytest_make_parametrize_id(config, val, argname):
    """A long text is named by its length: reports would hold it whole."""
    if isinstance(val, (type(b''), type(u''))) and len(val) > 200:
        return '%s of %d' % (argname, len(val))
    return None
