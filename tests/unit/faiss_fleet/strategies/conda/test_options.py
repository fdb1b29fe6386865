# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Channels, packages and locks as the inventory names them."""

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.conda import options as conda_options


@pytest.mark.parametrize(
    "values, words",
    [
        ({conda_options.PACKAGES: ["numpy", "python"]}, "none of them is FAISS"),
        ({conda_options.PACKAGES: {"faiss-cpu": 1}}, "not a list"),
        ({conda_options.CHANNELS: [["conda-forge"]]}, "not text"),
        ({conda_options.LOCK: "/nowhere/pixi.lock"}, "not a file on this controller"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(values, words):
    with pytest.raises(FleetError, match=words):
        conda_options.from_variables(values)


def test_a_refused_option_keeps_its_secret():
    with pytest.raises(FleetError) as refused:
        conda_options.from_variables({conda_options.CHANNELS: {"https://me:s3cret@h/ch": 1}})
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("spec", ["faiss-cpu", "faiss-cpu >=1.9", "faiss-cpu=1.9", "conda-forge::faiss-cpu[build=x]"])
def test_name_of_a_spec(spec):
    assert conda_options.name_of(spec) == "faiss-cpu"
