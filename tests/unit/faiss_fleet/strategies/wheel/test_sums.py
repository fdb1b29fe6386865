# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The list of sums beside a wheelhouse."""

import pytest

from faiss_fleet.artefacts import cache
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.wheel import catalogue
from tests.unit.faiss_fleet.strategies.wheel.wheels import NAME, make_wheel


def test_sums_that_are_right_pass(tmp_path):
    path = make_wheel(tmp_path / "house")
    sums = f"{cache.sha256(path)}  {path.name}\n{'0' * 64} *absent.whl\n"
    (path.parent / "SHA256SUMS").write_text(sums)
    assert catalogue.wheelhouse(path.parent, tmp_path / "cache")


@pytest.mark.parametrize("sums", [f"{'0' * 64}  {NAME}\n", f"{'0' * 64}  another.whl\n"], ids=["wrong", "not named"])
def test_wheel_that_is_not_what_the_sums_say_is_refused_by_name(tmp_path, sums):
    path = make_wheel(tmp_path / "house")
    (path.parent / "SHA256SUMS").write_text(sums)
    with pytest.raises(FleetError, match="SHA256SUMS") as failure:
        catalogue.wheelhouse(path.parent, tmp_path / "cache")
    assert failure.value.cause == "hash_mismatch"
    assert NAME in str(failure.value) and failure.value.remedy


@pytest.mark.parametrize("sums", ["", "\n\n"])
def test_sums_that_name_nothing_switch_no_checking_off(tmp_path, sums):
    path = make_wheel(tmp_path / "house")
    (path.parent / "SHA256SUMS").write_text(sums)
    with pytest.raises(FleetError, match="is empty") as failure:
        catalogue.wheelhouse(path.parent, tmp_path / "cache")
    assert failure.value.fault == "inventory" and "sha256sum" in failure.value.remedy


def test_sums_that_are_none_are_refused(tmp_path):
    path = make_wheel(tmp_path / "house")
    (path.parent / "SHA256SUMS").write_text("<html>404</html>\n")
    with pytest.raises(FleetError, match="line 1"):
        catalogue.wheelhouse(path.parent, tmp_path / "cache")
