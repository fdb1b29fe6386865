# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is read from the bytes of a wheel."""

import hashlib
import json
import zipfile

import pytest
from packaging.version import Version

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.wheel import catalogue, measure
from tests.unit.faiss_fleet.strategies.wheel.wheels import NAME, make_wheel


@pytest.mark.parametrize(
    "version, wanted",
    [("1.8.0.post1", "numpy<2"), ("1.7.2", "numpy<2"), ("1.13.2", "packaging"), ("1.15.1", "numpy>=1.26")],
)
def test_what_a_release_needs_without_asking_is_added(version, wanted):
    wheel = next(wheel for wheel in catalogue.table() if str(wheel.version) == version)
    assert wanted in measure.requirements(wheel)


def test_wheel_is_measured_by_its_own_bytes(tmp_path):
    path = make_wheel(tmp_path)
    found = measure.measure(path)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.version == Version("1.99.0")
    assert found.requires_dist == ("numpy>=1.26",)
    assert found.builds == ("generic",)
    assert found.isa is None
    assert "libc.so.6" in {need["library"] for need in found.needs}


def test_wheel_without_metadata_is_refused(tmp_path):
    path = tmp_path / NAME
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("faiss/x.py", "")
    with pytest.raises(FleetError, match="0 METADATA files"):
        measure.measure(path)


def test_notes_are_specifiers_that_can_be_read():
    known = measure.notes()
    assert json.dumps(known)
    assert (
        measure.measured_isa(Version("1.14.2"), frozenset({("cp310", "abi3", "manylinux_2_28_x86_64")})) == "x86-64-v3"
    )
    assert measure.measured_isa(Version("1.14.2"), frozenset({("cp310", "abi3", "manylinux_2_28_aarch64")})) is None
