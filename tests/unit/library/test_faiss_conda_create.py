# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The arguments of the module; what it does is tested in tests/unit/module_utils/prefix/test_conda_create.py."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from library_modules import faiss_conda_create


def test_documentation_names_the_arguments():
    block = faiss_conda_create.DOCUMENTATION.split('options:\n')[1].split('\nauthor:')[0]
    assert sorted(re.findall(r'^  (\w+):$', block, re.MULTILINE)) == sorted(faiss_conda_create.ARGUMENT_SPEC)
