# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The arguments of an installation, as the tests of the module have them."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from tests.unit.library import conftest as library

host = library.host
