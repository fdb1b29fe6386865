# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""x86-64 levels from flags, as the psABI defines them."""

from __future__ import absolute_import, division, print_function

import pytest
from ansible.module_utils.faiss_fleet.facts import cpu

V1 = "fpu cx8 cmov mmx fxsr sse sse2 syscall lm"
V2 = V1 + " pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"
SANDY_BRIDGE = V2 + " avx xsave"
V3 = SANDY_BRIDGE + " f16c fma bmi1 avx2 bmi2 movbe abm"
V4 = V3 + " avx512f avx512dq avx512cd avx512bw avx512vl"


@pytest.mark.parametrize(
    "flags, level",
    [
        pytest.param(V1, "x86-64-v1", id="Opteron"),
        pytest.param(V2, "x86-64-v2", id="Nehalem"),
        pytest.param(SANDY_BRIDGE, "x86-64-v2", id="AVX without AVX2 is no v3"),
        pytest.param(V3, "x86-64-v3", id="Haswell"),
        pytest.param(V3 + " avx512f avx512cd avx512er avx512pf", "x86-64-v3", id="Knights Landing's AVX512 is no v4"),
        pytest.param(V4, "x86-64-v4", id="Skylake-SP"),
        pytest.param(V3.replace(" abm", ""), "x86-64-v2", id="a hypervisor that hides LZCNT"),
        pytest.param("", None, id="no flags at all"),
    ],
)
def test_isa_level(flags, level):
    assert cpu.isa_level(flags.split(), "x86_64") == level


def test_another_architecture_has_no_level():
    assert cpu.isa_level(V4.split(), "aarch64") is None


def test_flags_that_not_every_processor_has_do_not_count():
    found = cpu.describe(
        "processor : 0\nmodel name : A\nflags : %s\n\nprocessor : 1\nflags : %s\n" % (V3, V2), "x86_64"
    )
    assert found == {"model": "A", "count": 2, "flags": sorted(V2.split()), "isa_level": "x86-64-v2"}


def test_arm_calls_flags_features():
    assert cpu.parse("processor\t: 0\nFeatures\t: fp asimd\n") == {"model": None, "count": 1, "flags": ["asimd", "fp"]}


@pytest.mark.parametrize("text", ["", "garbage", "flags\nprocessor", "model name : \u00e9\x00"])
def test_odd_texts_give_no_level(text):
    assert cpu.describe(text, "x86_64")["isa_level"] is None


def test_missing_flags_are_named():
    assert cpu.missing(SANDY_BRIDGE.split(), "x86-64-v3") == ["avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"]
