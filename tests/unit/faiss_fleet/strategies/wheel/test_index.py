# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Of the files of an index, the wheel that a host would get."""

from __future__ import annotations

from typing import Any

import pytest
from packaging.requirements import Requirement

from faiss_fleet.strategies.wheel import index
from faiss_fleet.strategies.wheel.pip_resolver import Target

NAMES = [
    f"numpy-{version}-{python}-{python}-{tag}_x86_64.whl"
    for version, pythons, tag in (
        ("2.5.0", ("cp312", "cp313"), "manylinux_2_27_x86_64.manylinux_2_28"),
        ("2.2.6", ("cp310", "cp313"), "manylinux_2_17_x86_64.manylinux2014"),
        ("1.24.4", ("cp38",), "manylinux_2_17_x86_64.manylinux2014"),
        ("2.5.0", ("cp312",), "musllinux_1_2"),
    )
    for python in pythons
] + [
    "numpy-2.5.0.tar.gz",
    "numpy-2.5.0-cp313-cp313-win_amd64.whl",
    "numpy-2.5.0rc1-cp313-cp313-musllinux_1_2_x86_64.whl",
]


@pytest.mark.parametrize(
    "requirement, target, expected",
    [
        ("numpy", ((3, 13), "glibc", (2, 36)), "2.5.0-cp313"),
        ("numpy", ((3, 13), "glibc", (2, 17)), "2.2.6-cp313"),
        ("numpy==2.5", ((3, 13), "glibc", (2, 17)), "2.5.0-cp313"),
        ("numpy==2.5", ((3, 8), "glibc", (2, 36)), "2.5.0-cp312"),
        ("numpy", ((3, 12), "musl", (1, 2)), "2.5.0-cp312"),
    ],
)
def test_the_wheel_that_pip_would_take_or_else_what_lacks_least(
    requirement: str, target: tuple[Any, ...], expected: str
) -> None:
    admitted = index.admitted(NAMES, Requirement(requirement))
    python, libc, version = target
    [found] = index.wanted(admitted, [Target(python, "x86_64", libc, version)])
    assert found.startswith(f"numpy-{expected}") and ("musl" in found) == (libc == "musl")
