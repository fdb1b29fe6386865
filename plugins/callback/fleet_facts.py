# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Shows what a probe read, host by host, and keeps it as ``facts.jsonl``. An audit is ``fleet_record``'s business."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import callback_loader

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.errors import FleetError
from faiss_fleet.fleet import batch, play_variables
from faiss_fleet.records import journal
from faiss_fleet.records.clean import Cleaner
from faiss_fleet.reports import facts_table
from faiss_fleet.reports.recorder import STAGES, stage_name
from faiss_fleet.run_id import new_run_id

DOCUMENTATION = """
name: fleet_facts
type: notification
short_description: A table of facts per host at the end of a probe
description:
  - When C(glibc_facts) is the only stage of an audit that is left in the playbook, such as in C(playbooks/probe.yml) or
    after C(--tags probe), shows each host's facts in a table and writes them to C(facts.jsonl) in a directory of its
    own beside the runs. It is no audit, so C(latest) stays as it is and no history has it.
  - A probe that is ended early, by Ctrl-C, shows and writes the hosts that had answered.
  - The directory of runs is that of the callback C(fleet_record).
"""

PROBE = "glibc_facts"


class CallbackModule(CallbackBase):
    """Keeps the facts until the playbook ends."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "fleet_facts"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wanted = False
        self._hosts: dict[str, facts_table.Probed] = {}
        self._variables: Any = None  # of the play's hosts
        self._passwords: set[str] = set()
        atexit.register(self._ended_early, os.getpid())

    def v2_playbook_on_start(self, playbook: Any) -> None:
        left: set[str] = set().union(*map(_stages, playbook.get_plays()))
        self._wanted, self._hosts = left == {PROBE}, {}
        batch.forget_probed(Path(constants.DEFAULT_LOCAL_TMP))

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._variables = play_variables.PlayVariables(play)

    def set_play_context(self, play_context: Any) -> None:
        self._passwords = play_variables.asked_for(play_context)

    def v2_runner_on_ok(self, result: Any) -> None:
        if self._wanted and stage_name(result._task.action) == PROBE:
            facts = (result._result.get("ansible_facts") or {}).get(PROBE)
            self._keep(result._host.get_name(), facts, None if facts else "The probe answered without facts.")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if self._wanted and stage_name(result._task.action) == PROBE:
            why = str(result._result.get("msg") or "The probe failed without a message.")
            self._keep(result._host.get_name(), None, why)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        if self._wanted:
            self._keep(result._host.get_name(), None, str(result._result.get("msg") or "The host was not reached."))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        try:
            self._show_and_write()
        except FleetError as error:
            self._display.error(str(error), wrap_text=False)
            raise SystemExit(1) from error

    def _ended_early(self, process: int) -> None:
        """At the end of Ansible's own process, where it did not get to its end: Ctrl-C, or an error of its own."""
        if not self._wanted or process != os.getpid():
            return
        try:
            if self._show_and_write():
                self._display.warning("The probe was ended early: hosts that are not listed had no answer by then.")
        except FleetError as error:
            self._display.error(str(error), wrap_text=False)

    def _show_and_write(self) -> bool:
        """Whether there was any host. FleetError where they could not be written."""
        for name, facts in batch.probed(Path(constants.DEFAULT_LOCAL_TMP)) if self._wanted else ():
            self._keep(name, facts, None)
        hosts, self._hosts, self._wanted = self._hosts, {}, False
        if not hosts:
            return False
        found = [hosts[name] for name in sorted(hosts)]
        self._display.display("")
        for line in facts_table.lines(found, shutil.get_terminal_size((120, 24)).columns):
            self._display.display(line)
        self._display.display(f"\n  {facts_table.write(_reports() / new_run_id(), found)}")
        return True

    def _keep(self, host: str, facts: Any, error: str | None) -> None:
        cleaner = Cleaner(self._variables.secrets(host, self._passwords) if self._wanted else ())
        self._hosts[host] = facts_table.Probed(host, cleaner.clean(facts), cleaner.clean(error))


def _reports() -> Path:
    callback_loader.get("fleet_record", class_only=True)
    setting = constants.config.get_config_value("reports", plugin_type="callback", plugin_name="fleet_record")
    return journal.reports_directory(str(setting), constants.CONFIG_FILE)


def _stages(play: Any) -> set[str]:
    """The stages of an audit, as actions or roles, that --tags leaves in a play."""
    found: set[str] = set()

    def walk(entries: Any) -> None:
        for entry in entries or ():
            if hasattr(entry, "rescue"):
                for part in (entry.block, entry.rescue, entry.always):
                    walk(part)
            elif not _implicit(entry.action) and entry.evaluate_tags(play.only_tags, play.skip_tags, all_vars={}):
                role = entry._role.get_name() if entry._role else ""
                found.update(map(stage_name, (entry.action, getattr(entry, "_role_name", None) or "", role)))

    walk(play.compile())
    return found & set(STAGES)


def _implicit(action: str) -> bool:
    """Whether it is Ansible's own first or last task of a role, which runs whatever --tags says."""
    return stage_name(action) in ("validate_argument_spec", "meta")
