# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Whether a host has a Python that runs the modules, for strategies that bring none of their own."""

from __future__ import annotations

from .base import Facts, Reason

NEED = "Python 2.7, or 3.6 or newer"


def python_on_host(facts: Facts) -> list[Reason]:
    """One reason where no Python of the host can install anything there or run the search test; [] where one can."""
    if facts.get("method") != "raw":
        return []
    found = ", ".join(f"{one['version']} ({one['path']})" for one in facts.get("pythons") or [] if one.get("version"))
    text = "this host has no Python that Ansible can use, so nothing can be installed or tested there without one"
    return [Reason(check="python", cause="python_missing", need=NEED, have=found or None, text=text)]
