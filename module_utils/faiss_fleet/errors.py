# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The one exception that code on a host raises for what a person can mend."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type


class AuditError(Exception):
    """Names the thing, the cause and the next step in its text.

    cause: a name of the closed list in causes.py, or None. remedy: the next step alone, for a report's own column.
    """

    def __init__(self, message, cause=None, remedy=None):
        super(AuditError, self).__init__(message)
        self.cause = cause
        self.remedy = remedy
