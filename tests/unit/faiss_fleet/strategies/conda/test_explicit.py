# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A list of packages with their sums."""

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.conda import explicit as conda_explicit
from tests.unit.faiss_fleet.strategies.conda.packages import SHA, package


def test_explicit_list_reads_back():
    lock = {"platform": "linux-64", "packages": [package("faiss-cpu", "1.9.0.post1"), package("numpy", "2.2.6")]}
    found = conda_explicit.parse(conda_explicit.text(lock, "x"), "list.txt")
    assert found == lock["packages"]


@pytest.mark.parametrize(
    "line, cause",
    [
        ("https://h/ch/linux-64/a-1-0.conda", "hash_mismatch"),
        ("https://h/ch/linux-64/a-1-0.conda#" + "ab" * 16, "hash_mismatch"),
        (f"https://h/ch/linux-64/..#{SHA}", "corrupt_artefact"),
        (f"https://h/ch/linux-64/a.zip#{SHA}", "corrupt_artefact"),
        ("# nothing", "corrupt_artefact"),
    ],
)
def test_explicit_list_without_sums_or_packages_is_refused(line, cause):
    with pytest.raises(FleetError) as refused:
        conda_explicit.parse(f"@EXPLICIT\n{line}\n", "list.txt")
    assert refused.value.cause == cause
