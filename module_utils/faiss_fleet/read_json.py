# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reads JSON that somebody else may have written: whatever is wrong with it is a ValueError."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json

LIMIT = 1024 * 1024      # A configuration has 2 kB. Whatever is larger is a mistake and is not read into memory.


def loads(text):
    """The value of a JSON text. Raises ValueError, also for brackets nested deeper than this Python can follow."""
    try:
        return json.loads(text)
    except RuntimeError:                # Python 2.7's name for it; Python 3's RecursionError is one as well.
        raise ValueError('it is nested too deep')
