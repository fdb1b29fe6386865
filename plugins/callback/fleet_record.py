# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Ansible's doorway to ``faiss_fleet.reports.recorder``: one record per host, reports when the run ends."""

from __future__ import annotations

import atexit
import os
import platform
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible import constants, context
from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.callback import CallbackBase
from ansible.template import Templar

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet import __version__, argument_specs, options
from faiss_fleet import reports as renderers
from faiss_fleet.errors import FleetError
from faiss_fleet.fleet import batch, handed_over, play_variables, playbook_actions, report_inputs, statistics
from faiss_fleet.records import journal as runs
from faiss_fleet.records import origin
from faiss_fleet.records.build import Run
from faiss_fleet.reports import gate, recorder, terminal
from faiss_fleet.run_id import RUN_VARIABLE, current_run_id, new_run_id, timestamp
from faiss_fleet.store.history import STORE, Earlier

DOCUMENTATION = """
name: fleet_record
type: notification
short_description: One record per host, and reports made of them
description:
  - Gathers what C(glibc_facts), C(faiss_install) and C(vector_backend) return into one record per host, writes it as
    soon as the host is done, and renders the reports when the run ends. Hosts that fail, cannot be reached or never get
    their turn have their record too.
  - A playbook is recorded when both C(faiss_install) and C(vector_backend), as tasks or as roles, are left in it after
    C(--tags). Nothing is recorded otherwise.
options:
  reports:
    description: Directory of all runs. A relative path starts at the directory of ansible.cfg.
    type: str
    default: reports
    env:
      - name: FAISS_FLEET_REPORTS
    ini:
      - section: fleet_record
        key: reports
  store:
    description:
      - Where the run goes when its reports are written, an SQLite file or C(postgresql://user@host/database). Empty
        means C(history.sqlite) in the directory of all runs. Reports ask it for the runs before this one. A store that
        does not answer is a warning, as the records on disk are the truth and the next C(faiss-fleet) command takes
        them in.
    type: str
    default: ""
    env:
      - name: FAISS_FLEET_STORE
    ini:
      - section: fleet_record
        key: store
  formats:
    description:
      - What an audit writes besides its records, C(all) or any of C(html), C(markdown), C(assessment), C(csv), C(json),
        C(parquet), C(junit), C(sarif), C(prometheus). Empty means the records alone; such a run is a part of another,
        as a slice is, and is not taken into the store of runs (C(faiss-fleet import) does that).
    type: list
    elements: str
    default: [html, markdown, assessment, csv]
    env:
      - name: FAISS_FLEET_FORMATS
    ini:
      - section: fleet_record
        key: formats
  prometheus_file:
    description: A file that gets the metrics as well, for node_exporter's textfile collector. Empty means none.
    type: str
    default: ""
    env:
      - name: FAISS_FLEET_PROMETHEUS_FILE
    ini:
      - section: fleet_record
        key: prometheus_file
  rows:
    description: Hosts in the table shown at the end. Where there are more, those in need come first.
    type: int
    default: 60
    env:
      - name: FAISS_FLEET_ROWS
    ini:
      - section: fleet_record
        key: rows
"""

KNOWN = frozenset({*recorder.STAGES, *recorder.AUDIT, batch.ACTION})
COLORS = {
    "native": constants.COLOR_OK,
    "fallback": constants.COLOR_WARN,
    "failed": constants.COLOR_ERROR,
    "unreachable": constants.COLOR_UNREACHABLE,
}


class CallbackModule(CallbackBase):
    """Translates Ansible's events; what they mean is the recorder's business."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "fleet_record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._recorder: recorder.Recorder | None = None
        self._audits: set[str] = set()
        self._play: Any = None
        self._variables: Any = None  # of that play's hosts
        self._passwords: set[str] = set()
        self._announced: str | None = None
        atexit.register(self._close, os.getpid())

    # -- the run

    def v2_playbook_on_start(self, playbook: Any) -> None:
        plays = playbook.get_plays()
        actions = {play._uuid: playbook_actions.of(play, KNOWN) for play in plays}
        self._recorder, self._audits = None, set()
        handed_over.forget()
        batch.show_on_terminal(_is_plain_terminal())
        recorder.follow(None)
        if not recorder.AUDIT.issubset(set().union(*actions.values())):
            return
        self._audits = {play._uuid for play in plays if actions[play._uuid] & set(recorder.STAGES)}
        # Not at the top: a playbook that is no audit has no use for it.
        from faiss_fleet.fleet import interrupts, preload

        preload.warm()
        self._interrupts = interrupts.Interrupts()
        self._interrupts.install()
        reports = self._reports()
        try:
            runs.refuse_unwritable(reports)
            output = renderers.Output.of(self.get_option("formats"), self.get_option("prometheus_file"))
        except FleetError as error:
            self._give_up(error)
        given = current_run_id()
        run_id = given if given and given != self._announced and not (reports / given).exists() else new_run_id()
        # Workers are forked from here, so the plugins that run in them name the same run.
        os.environ[RUN_VARIABLE] = self._announced = run_id
        run = Run(
            id=run_id,
            started=timestamp(),
            controller=platform.node(),
            version=__version__,
            check_mode=bool(context.CLIARGS.get("check")),
            inventory=tuple(map(_inventory_name, context.CLIARGS.get("inventory") or ())),
            user=origin.user(os.environ),
            commit=origin.commit(),
            limit=context.CLIARGS.get("subset") or None,
        )
        earlier = Earlier.at(self._store(reports), run_id, self._display.warning)
        self._recorder = recorder.Recorder(
            reports, run, self._secrets, self._display.warning, output, earlier, self._said_safely
        )
        recorder.follow(self._recorder)
        for play in plays:
            if play._uuid in self._audits:
                self._begin(play)
                self._expect(play)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._begin(play)
        if self._recorder is None or not playbook_actions.of(play, KNOWN) & {*recorder.STAGES, batch.ACTION}:
            return
        self._expect(play)
        if self._recorder.empty:
            return
        try:
            self._recorder.start()
        except FleetError as error:
            self._give_up(error)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._close(os.getpid())

    def set_play_context(self, play_context: Any) -> None:
        self._passwords = play_variables.asked_for(play_context)

    # -- the hosts

    def v2_runner_on_ok(self, result: Any) -> None:
        if recorder.stage_name(result._task.action) == batch.ACTION:
            self._batch_is_over(batch.Outcome.read(result._result["file"]))
        elif self._recorder is not None:
            self._recorder.ok(result._host.get_name(), result._task.action, result._result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if self._recorder is not None:
            self._recorder.failed(
                result._host.get_name(),
                result._task.action,
                result._result,
                task=result._task.get_name(),
                ignored=ignore_errors,
            )

    def v2_runner_on_unreachable(self, result: Any) -> None:
        if self._recorder is not None:
            self._recorder.unreachable(result._host.get_name(), result._task.action, result._result)

    def _batch_is_over(self, outcome: batch.Outcome) -> None:
        handed_over.note(outcome.left, outcome.done)
        if self._recorder is not None:
            found = {host: known["decision"] for host, known in outcome.done.items() if "decision" in known}
            self._recorder.recorded_elsewhere(found)
        statistics.count({host: known.get("changed", 0) for host, known in outcome.done.items()})

    # -- the rest

    def _begin(self, play: Any) -> None:
        self._play, self._variables = play, play_variables.PlayVariables(play)

    def _expect(self, play: Any) -> None:
        """All hosts of the play that --limit leaves, those of later batches included."""
        variables = play.get_variable_manager()
        try:
            pattern = Templar(loader=play.get_loader(), variables=variables.get_vars(play=play)).template(play.hosts)
            hosts = variables._inventory.get_hosts(pattern, ignore_restrictions=True)
        except AnsibleError:
            return  # not yet known; Ansible itself complains when the play begins
        self._recorder.due(
            {host.get_name(): [group.name for group in host.get_groups() if group.name != "all"] for host in hosts}
        )

    def _secrets(self, host: str) -> set[str]:
        """Words of this host's variables that must not be in its record."""
        return self._variables.secrets(host, self._passwords)

    def _said_safely(self, host: str) -> dict[str, Any]:
        try:
            return self._said(host)
        except Exception as error:  # whatever a variable of the user's does: no host may be missing for it
            self._display.warning(f"Columns, waivers and options of {host} are not in its record: {error}")
            return {}

    def _said(self, host: str) -> dict[str, Any]:
        """What the inventory says of this host for reports: columns, waivers, and options that are not the defaults."""
        variables, templar = self._variables.of(host)

        def template(value: Any) -> Any:
            try:
                return templar.template(value)
            except AnsibleError:
                return ""  # never worked out, so no task had it either

        columns, _faults = argument_specs.check(report_inputs.COLUMNS, template(variables.get(report_inputs.COLUMNS)))
        waivers, faults = argument_specs.check(report_inputs.WAIVERS, template(variables.get(report_inputs.WAIVERS)))
        groups = [str(name) for name in variables.get("group_names") or ()]
        self._note_artefacts(variables, template)
        said = {
            "columns": report_inputs.columns_of(columns or (), variables, groups, template),
            "waivers": report_inputs.waivers_for(host, groups, [] if faults else waivers or ()),
            "options": report_inputs.differing(variables, template),
        }
        return {name: value for name, value in said.items() if value}

    def _note_artefacts(self, variables: Any, template: Callable[[Any], Any]) -> None:
        """Keeps which artefacts the run's end is to judge, with the options by which requirements are looked up."""
        if self._recorder is None or report_inputs.ARTEFACTS not in variables:
            return
        wanted, faults = argument_specs.check(report_inputs.ARTEFACTS, template(variables[report_inputs.ARTEFACTS]))
        new = [] if faults else [text for text in wanted or () if text not in self._recorder.artefacts]
        if new:
            own = {name: template(value) for name, value in variables.items() if name in argument_specs.specs()}
            with suppress(FleetError):  # what is wrong with them has been reported
                self._recorder.artefact_options = options.from_variables(own)
            self._recorder.artefacts += new

    def _reports(self) -> Path:
        return runs.reports_directory(self.get_option("reports"), constants.CONFIG_FILE)

    def _give_up(self, error: FleetError) -> None:
        # Ansible turns an exception of a callback into a warning and goes on.
        self._recorder = None
        self._display.error(str(error), wrap_text=False)
        raise SystemExit(1) from error

    def _close(self, process: int) -> None:
        """Also by way of atexit, when the run was broken off (Ctrl-C, an error of Ansible's own)."""
        if self._recorder is None or process != os.getpid():
            return
        # Before the recorder is let go: a signal would leave the run without its reports, as nobody comes here again.
        with self._interrupts.held():
            current, self._recorder = self._recorder, None
            self._finish(current)

    def _finish(self, current: recorder.Recorder) -> None:
        try:
            if current.empty:
                if self._is_gate():
                    raise FleetError(gate.NOTHING)
                self._display.warning("The inventory, or --limit, names no host: nothing was audited. Add hosts to it.")
                return
            if not current.started and not current.troubled:
                return  # the audit never began: bad input, refused before any host was touched
            current.start()
            summary = current.finish()
        except FleetError as error:
            self._give_up(error)
        except Exception as error:  # Ansible would make a warning of it, and the run would end as if all were well
            text = f"The reports of {current.directory} could not be written: {error!r}. Records are kept."
            self._give_up(FleetError(text))
        columns = shutil.get_terminal_size((120, 24)).columns
        self._display.display("")
        for line, state in terminal.lines(summary, columns, self.get_option("rows")):
            self._display.display(line, color=COLORS.get(state or ""))
        for name in current.files:
            self._display.display(f"  {current.directory / name}")
        if current.has_reports:
            self._keep(current.directory.parent)

    def _is_gate(self) -> bool:
        """Whether the run is a gate, as -e or the variables of all hosts say: no host is there to ask for its own."""
        manager = self._play.get_variable_manager()
        variables = manager.get_vars(play=self._play, host=manager._inventory.get_host("localhost"))
        value = variables.get(gate.VARIABLE, False)
        try:
            return boolean(Templar(loader=self._play.get_loader(), variables=variables).template(value))
        except (AnsibleError, TypeError):
            return True  # said, though not in a way that can be read: the gate holds rather than opens

    def _store(self, reports: Path) -> str:
        """Path or URL of the store of runs."""
        return str(self.get_option("store") or reports / STORE)

    def _keep(self, reports: Path) -> None:
        """Takes the run into the store, with what an earlier run could not."""
        from faiss_fleet.store import intake
        from faiss_fleet.store.queries import Store

        try:
            with Store.open(self._store(reports)) as store:
                intake.take_in(store, reports, self._display.warning)
        except (FleetError, OSError) as error:
            self._display.warning(f"This run is not in the store of runs yet: {error}")


def _is_plain_terminal() -> bool:
    """Whether a line can be renewed in place: a person watches, and nothing reads what is printed."""
    shown_by = constants.DEFAULT_STDOUT_CALLBACK.rpartition(".")[2]
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" and shown_by in ("default", "yaml")


def _inventory_name(source: str) -> str:
    """As given on the command line: a path below the working directory stays relative, a host list stays a list."""
    if source.endswith(",") or not Path(source).is_absolute():
        return source
    return os.path.relpath(source) if source.startswith(os.getcwd() + os.sep) else source
