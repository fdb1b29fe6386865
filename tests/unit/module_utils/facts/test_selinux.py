# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""SELinux from its files."""
from __future__ import absolute_import, division, print_function

import pytest

from ansible.module_utils.faiss_fleet.facts import selinux
from ansible.module_utils.faiss_fleet.host import Host


@pytest.mark.parametrize(
    "files, expected",
    [
        (
            {"sys/fs/selinux/enforce": "1", "etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=targeted\n"},
            ("enforcing", "targeted"),
        ),
        ({"sys/fs/selinux/enforce": "0"}, ("permissive", None)),
        ({"selinux/enforce": "1"}, ("enforcing", None)),
        ({"etc/selinux/config": "# SELINUX=enforcing\nSELINUX=disabled\n"}, ("disabled", None)),
        ({"etc/selinux/config": "SELINUX=enforcing\n"}, ("disabled", None)),
        ({"sys/fs/selinux/enforce": "?"}, (None, None)),
        ({}, ("absent", None)),
    ],
)
def test_selinux(tmpdir, files, expected):
    for path, text in files.items():
        tmpdir.ensure(path).write(text)
    found = selinux.describe(Host(str(tmpdir)))
    assert (found["status"], found["policy"]) == expected
