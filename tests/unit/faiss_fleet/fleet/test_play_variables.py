# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What callback plugins know of a play's hosts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ansible.errors import AnsibleError

from faiss_fleet.fleet.play_variables import PlayVariables, asked_for
from tests.unit.plugins.callback.events import Inventory, play

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 every text was one
    trust_as_template = str


def test_variables_of_a_host_are_worked_out_with_the_others() -> None:
    given = {"a": "x", "b": trust_as_template("{{ a }}y"), "vars": {}}
    variables, templar = PlayVariables(play(Inventory(given, "web1"))).of("web1")
    assert set(variables) == {"a", "b"} and templar.template(variables["b"]) == "xy"


def test_a_host_whose_variables_cannot_be_read_has_none() -> None:
    class Broken(Inventory):
        def get_vars(self, **_: Any) -> dict[str, Any]:
            raise AnsibleError("a vault without its password")

    found = PlayVariables(play(Broken({}, "web1")))
    assert found.of("web1")[0] == {} and found.secrets("web1", {"asked-word", "pin"}) == {"asked-word"}


def test_secrets_are_those_of_variables_and_those_that_were_asked_for() -> None:
    found = PlayVariables(play(Inventory({"app_password": "s3cr3t-word", "plain": "kept-word"}, "web1")))
    asked = asked_for(SimpleNamespace(password="asked-word", become_pass=None))
    assert found.secrets("web1", asked) == {"s3cr3t-word", "asked-word"}
