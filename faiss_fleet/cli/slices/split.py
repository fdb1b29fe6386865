# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Splits the hosts of a run into slices, so that hosts of one class share a slice. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def split(hosts: Mapping[str, Sequence[str]], classes: Mapping[str, str], count: int) -> list[list[str]]:
    """Return at most ``count`` lists of host names, of sizes that differ by one at most; none is empty.

    hosts: groups by host name. classes: the class of a host as an earlier run found it; a host without one is sorted
    by its groups alone. What a class of hosts needs is then resolved and packed by as few slices as possible.
    """
    names = sorted(hosts, key=lambda name: (classes.get(name, ""), *hosts[name][:1], name))
    count = max(1, min(count, len(names)))
    size, longer = divmod(len(names), count)
    slices, start = [], 0
    for number in range(count if names else 0):
        end = start + size + (number < longer)
        slices.append(names[start:end])
        start = end
    return slices
