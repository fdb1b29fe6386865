# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The table of causes, read when something is asked of it.

Compiling and indexing it takes most of a tenth of a second, on a host that keeps nothing between two modules, and where
all is well nobody asks.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type


def diagnose(text):
    """What causes.diagnose says."""
    from . import diagnose as causes
    return causes.diagnose(text)


def remedy(cause):
    """What causes.remedy says."""
    from . import diagnose as causes
    return causes.remedy(cause)


def known(cause):
    """Whether the closed list has it."""
    from . import diagnose as causes
    return cause in causes.CAUSES
