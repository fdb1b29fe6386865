# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The arguments of the module; what it does is tested in tests/unit/module_utils/prefix/test_node_build.py."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from library_modules import faiss_node_build


def test_the_documentation_names_every_argument():
    block = faiss_node_build.DOCUMENTATION.split('options:\n')[1].split('\nauthor:')[0]
    assert sorted(re.findall(r'^  (\w+):$', block, re.MULTILINE)) == sorted(faiss_node_build.ARGUMENT_SPEC)
