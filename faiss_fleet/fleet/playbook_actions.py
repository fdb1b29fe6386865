# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Says which actions and roles --tags leaves in a play of Ansible, without running anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# What Ansible adds by itself: it says nothing of what the user asked for.
IMPLICIT = ("ansible.builtin.validate_argument_spec", "meta", "ansible.builtin.meta")


def of(play: Any, known: frozenset[str]) -> set[str]:
    """Return those of the known names, without their collections, that the play has as actions or roles."""
    return {name.rpartition(".")[2] for name in _names(play, play.compile())} & known


def _names(play: Any, entries: Iterable[Any]) -> Iterable[str]:
    for entry in entries or ():
        if hasattr(entry, "rescue"):
            for part in (entry.block, entry.rescue, entry.always):
                yield from _names(play, part)
        elif entry.action not in IMPLICIT and entry.evaluate_tags(play.only_tags, play.skip_tags, all_vars={}):
            yield entry.action
            yield getattr(entry, "_role_name", None) or ""
            yield entry._role.get_name() if entry._role else ""
