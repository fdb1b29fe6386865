# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The one exception that code on a host raises for what a person can fix."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type


class AuditError(Exception):
    """Names the thing, the cause and the next step in its text.

    cause: a name of the closed list of causes, or None. remedy: the next step alone, for a report's own column; None
    for the one of the list. said: what a tool printed, in which the controller may recognise a better cause.
    """

    def __init__(self, message, cause=None, remedy=None, said=None):
        super(AuditError, self).__init__(message)
        self.cause = cause
        self.remedy = remedy
        self.said = said
