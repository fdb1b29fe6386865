# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reads /proc/cpuinfo and names the x86-64 level (v1 to v4) that all processors of the host reach."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

# The psABI's levels by the names that Linux gives the flags: pni is SSE3, abm is LZCNT (with BMI1 on Intel).
LEVELS = (
    ('x86-64-v1', 'cmov cx8 fpu fxsr mmx syscall sse sse2'),
    ('x86-64-v2', 'cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3'),
    ('x86-64-v3', 'avx avx2 bmi1 bmi2 f16c fma abm movbe xsave'),
    ('x86-64-v4', 'avx512f avx512bw avx512cd avx512dq avx512vl'),
)


def parse(cpuinfo):
    """{"model", "count", "flags"} of a text of /proc/cpuinfo. Flags are those that every processor listed has."""
    model, count, common = None, 0, None
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(':')
        name, value = name.strip().lower(), value.strip()
        if name == 'processor':
            count += 1
        elif name in ('model name', 'cpu model') and model is None:
            model = value or None
        elif name in ('flags', 'features'):
            flags = set(value.split())
            common = flags if common is None else common & flags
    return {'model': model, 'count': count or None, 'flags': sorted(common or [])}


def missing(flags, level):
    """Flags that are wanting for a level, those of the levels below included."""
    wanting, have = [], set(flags)
    for name, needed in LEVELS:
        wanting.extend(flag for flag in needed.split() if flag not in have)
        if name == level:
            break
    return wanting


def isa_level(flags, arch):
    """Highest level whose every flag is there. None on another architecture, or when not even v1 can be shown."""
    if arch not in ('x86_64', 'amd64'):
        return None
    reached = None
    for level, _ in LEVELS:
        if missing(flags, level):
            break
        reached = level
    return reached


def describe(cpuinfo, arch):
    """The record's "cpu"."""
    found = parse(cpuinfo)
    found['isa_level'] = isa_level(found['flags'], arch)
    return found
