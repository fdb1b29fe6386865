# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The virtual packages of a host."""

import pytest

from faiss_fleet.strategies.conda import host_class as conda_class
from tests.unit.faiss_fleet.strategies.conda.packages import facts


@pytest.mark.parametrize(
    "found, expected",
    [
        pytest.param(facts(), ("linux-64", "2.17", "x86_64_v3", "3.10.0"), id="centos7"),
        pytest.param(facts("2.36", kernel="6.1.0-28-amd64"), ("linux-64", "2.36", "x86_64_v3", "6.1.0"), id="debian12"),
        pytest.param(facts(isa="x86-64-v1"), ("linux-64", "2.17", "x86_64", "3.10.0"), id="oldest CPU"),
        pytest.param(facts(isa=None), ("linux-64", "2.17", "x86_64", "3.10.0"), id="CPU unknown: nothing is assumed"),
        pytest.param(facts(arch="aarch64", isa=None), ("linux-aarch64", "2.17", "aarch64", "3.10.0"), id="arm"),
        pytest.param(facts(kernel=""), ("linux-64", "2.17", "x86_64_v3", "0"), id="kernel unknown"),
    ],
)
def test_virtual_packages_are_the_hosts_own(found, expected):
    host = conda_class.of_facts(found)
    names = ("__glibc", "__archspec", "__linux")
    assert (host.subdir, *(host.have(name) for name in names)) == expected
