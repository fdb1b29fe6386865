# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The variables of a play's hosts, for callback plugins, which Ansible hands none."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.template import Templar

from . import secret_words


class PlayVariables:
    """Of one play. Those of the host that was asked for last are kept."""

    def __init__(self, play: Any) -> None:
        self._play = play
        self._last: tuple[str, Any, Templar] | None = None

    def of(self, host: str) -> tuple[Any, Templar]:
        """The host's variables as the inventory has them, and what works them out; {} where they cannot be read."""
        if self._last is None or self._last[0] != host:
            manager = self._play.get_variable_manager()
            try:
                variables = manager.get_vars(
                    play=self._play, host=manager._inventory.get_host(host), include_hostvars=False
                )
            except AnsibleError:
                variables = {}  # never worked out, so no task had them either
            # All of them once more: with it each value would count as vaulted as soon as one is.
            variables.pop("vars", None)
            self._last = host, variables, Templar(loader=self._play.get_loader(), variables=variables)
        return self._last[1], self._last[2]

    def secrets(self, host: str, passwords: set[str]) -> set[str]:
        """Words of this host's variables, and passwords that were asked for: nothing that is kept has them."""
        variables, templar = self.of(host)
        return secret_words.long_enough(passwords | secret_words.of_variables(variables, templar.template))


def asked_for(play_context: Any) -> set[str]:
    """Passwords asked for with -k and -K, which are in no variable."""
    return {word for word in (play_context.password, play_context.become_pass) if word}
