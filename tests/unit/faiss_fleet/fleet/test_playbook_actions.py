# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The actions and roles of plays as Ansible itself reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.playbook import Playbook
from ansible.plugins.loader import init_plugin_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible.vars.manager import VariableManager

from faiss_fleet.fleet import playbook_actions

KNOWN = frozenset({"ping", "command", "one", "debug"})
BOOK = """
- hosts: all
  tasks:
    - block:
        - ansible.builtin.ping:
          tags: [a]
      rescue:
        - command: "true"
          tags: [b]
    - ansible.builtin.import_role: {name: one}
      tags: [c]
    - meta: flush_handlers
    - ansible.builtin.setup:
"""


@pytest.mark.parametrize(
    ("only", "skip", "left"),
    [
        (["all"], [], {"ping", "command", "one", "debug"}),
        (["a"], [], {"ping"}),
        (["c"], [], {"one", "debug"}),
        (["all"], ["c"], {"ping", "command"}),
    ],
)
def test_what_tags_leave_is_found_in_blocks_and_roles(
    tmp_path: Path, only: list[str], skip: list[str], left: set[str]
) -> None:
    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader()
    (tmp_path / "roles/one/tasks").mkdir(parents=True)
    (tmp_path / "roles/one/tasks/main.yml").write_text("- ansible.builtin.debug:\n")
    (tmp_path / "book.yml").write_text(BOOK)
    loader = DataLoader()
    loader.set_basedir(str(tmp_path))
    book = Playbook.load(str(tmp_path / "book.yml"), variable_manager=VariableManager(loader=loader), loader=loader)
    (play,) = book.get_plays()
    play.only_tags, play.skip_tags = set(only), set(skip)
    assert playbook_actions.of(play, KNOWN) == left
