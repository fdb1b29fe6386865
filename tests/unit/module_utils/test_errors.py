# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

from ansible.module_utils.faiss_fleet.errors import AuditError


def test_an_error_carries_cause_and_remedy_beside_its_text():
    error = AuditError("the disk is full", cause="disk_full", remedy="Free 100 MB under /opt.")
    assert (str(error), error.cause, error.remedy) == ("the disk is full", "disk_full", "Free 100 MB under /opt.")
