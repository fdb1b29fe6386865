# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The operating system is named from whichever file names it, however a vendor wrote it."""

from __future__ import absolute_import, division, print_function

import os

import pytest
from ansible.module_utils.faiss_fleet.facts import os_release
from ansible.module_utils.faiss_fleet.host import Host

CENTOS7 = 'NAME="CentOS Linux"\nVERSION="7 (Core)"\nID="centos"\nVERSION_ID="7"\nPRETTY_NAME="CentOS Linux 7 (Core)"\n'


@pytest.mark.parametrize(
    "release, older, expected",
    [
        (
            CENTOS7,
            "CentOS Linux release 7.9.2009 (Core)\n",
            {"id": "centos", "version": "7", "name": "CentOS Linux 7 (Core)", "release": "7.9.2009"},
        ),
        (
            "ID=alpine\nVERSION_ID=3.19.1\nNAME='Alpine Linux'\n",
            None,
            {"id": "alpine", "version": "3.19.1", "name": "Alpine Linux"},
        ),
        (
            'ID=pop\nID_LIKE="Ubuntu debian"\nVERSION_ID="22.04"\n',
            None,
            {"id": "pop", "id_like": "ubuntu debian", "version": "22.04", "name": None},
        ),
        (
            None,
            "CentOS release 6.10 (Final)\n",
            {"id": "centos", "version": "6.10", "name": "CentOS release 6.10 (Final)"},
        ),
        (None, None, {"id": None, "version": None, "name": None}),
        ('PRETTY_NAME="$(reboot) `id` \\"x\\""\n', None, {"id": None, "version": None, "name": '$(reboot) `id` "x"'}),
        ("garbage\n=\n#ID=x\n", None, {"id": None, "version": None, "name": None}),
        (
            "",
            "CentOS release 6.10 (Final)\n",
            {"id": "centos", "version": "6.10", "name": "CentOS release 6.10 (Final)"},
        ),
        (
            "# nothing\n",
            "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n",
            {"id": "rhel", "version": "6.10", "name": "Red Hat Enterprise Linux Server release 6.10 (Santiago)"},
        ),
    ],
)
def test_operating_system(release, older, expected):
    assert os_release.operating_system(release, older) == expected


@pytest.mark.parametrize(
    "line, value",
    [
        ("ID=centos # the id", "centos"),
        ("ID=centos\t# the id", "centos"),
        ('ID="centos" # the id', "centos"),
        ("ID='cent#os'", "cent#os"),
        ("ID=cent#os", "cent#os"),
        ("  ID=centos  ", "centos"),
        ("ID=centos\r", "centos"),
        (os_release.BOM + "ID=centos", "centos"),
        ('ID="cen', "cen"),
        ("ID=#nothing", ""),
        ('ID="a\\"b" c', 'a"b'),
        ("ID=Alpine Linux", "Alpine Linux"),
    ],
)
def test_values_are_read_without_quotes_comments_and_byte_order_mark(line, value):
    assert os_release.parse(line + "\n") == {"ID": value}


def test_an_empty_file_hides_neither_of_the_others(tmpdir):
    tmpdir.ensure("etc/os-release").write("")
    tmpdir.ensure("etc/centos-release").write("CentOS Linux release 7.9.2009 (Core)\n")
    assert os_release.describe(Host(str(tmpdir)))["id"] == "centos"
    tmpdir.ensure("usr/lib/os-release").write(CENTOS7)
    found = os_release.describe(Host(str(tmpdir)))
    assert (found["version"], found["release"]) == ("7", "7.9.2009")


def test_a_host_that_names_no_system_has_a_gap(tmpdir):
    host = Host(str(tmpdir))
    assert os_release.describe(host) == {"id": None, "version": None, "name": None}
    assert host.gaps[0]["fact"] == "os"


@pytest.mark.parametrize("text", ["ID=" + "9" * 150000000, 'ID="' + "\\" * 100000, "ID=a" + " #" * 100000])
def test_huge_texts_cost_linear_time(tmpdir, text):
    tmpdir.ensure("etc/os-release").write(text)
    started = sum(os.times()[:2])
    found = os_release.describe(Host(str(tmpdir)))
    assert sum(os.times()[:2]) - started < 1
    assert len(found["id"] or "") <= os_release.MOST_VALUE
