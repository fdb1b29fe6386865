# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Audits every host of the play: one remote call where nothing has changed, then the others, a process for each.

Called once for all hosts. A host that is done has its record when this is over; the others are left to the roles, with
what was found out. ``--tags`` says which stages it does, like everywhere. ``fleet_batch: false`` leaves a host to the
roles.

Argument: facts_only, whether the play that follows gathers facts and does no more.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from ansible import constants, context
from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.artefacts import limits
from faiss_fleet.errors import FleetError
from faiss_fleet.fleet import batch, changes, handed_over, live_line, one_call, payload
from faiss_fleet.fleet.answered_host import HandOver
from faiss_fleet.fleet.connections import Lines
from faiss_fleet.fleet.host_options import ROLES, HostOptions, Resolver
from faiss_fleet.fleet.pool import Call, OutOfTime, Pool
from faiss_fleet.fleet.workers import Job, Workers
from faiss_fleet.redact import redact
from faiss_fleet.reports import recorder
from faiss_fleet.reports.text import one_line

ROOT = Path(__file__).resolve().parents[2]
SWITCH, TIMEOUT = "fleet_batch", "fleet_batch_timeout"
display = Display()


class ActionModule(ActionBase):
    """See the file's first lines."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        hosts = list(task_vars["ansible_play_batch"])
        _spec, arguments = self.validate_argument_spec({"facts_only": {"type": "bool", "default": False}})
        extent = batch.extent(task_vars["ansible_run_tags"], task_vars["ansible_skip_tags"])
        if arguments["facts_only"]:
            extent = batch.FACTS
        kept = recorder.current()
        # Without the recorder nobody would know of a host that is done here.
        able = extent == batch.FACTS or (extent == batch.AUDIT and kept is not None and kept.started)
        run = _Batch(self, task_vars, extent == batch.FACTS, kept)
        reason = "these stages are the roles' alone"
        if able:
            try:
                run.over(hosts)
            except Exception as exc:
                # A task for all hosts that fails would fail them all.
                reason = f"the batch ended early: {type(exc).__name__}: {exc}"
                display.warning(f"The roles do the rest: {reason}")
        run.left |= {host: reason for host in hosts if host not in run.done and host not in run.left}
        return {**result, **run.result(Path(constants.DEFAULT_LOCAL_TMP))}


class _Batch:
    """One batch in the making. done: what is known of hosts that are; left: why the others are the roles'."""

    def __init__(
        self, action: ActionModule, task_vars: dict[str, Any], facts_only: bool, kept: recorder.Recorder | None
    ) -> None:
        self._action, self._own = action, task_vars["hostvars"].raw_get
        self._facts_only, self._kept = facts_only, kept
        self._check_mode = bool(action._task.check_mode)
        self._line = ""  # what is on the terminal and will be overwritten
        self.done: dict[str, dict[str, Any]] = {}
        self.left: dict[str, str] = {}

    def over(self, hosts: list[str]) -> None:
        """Asks all hosts, as many at a time as --forks says, and settles each when it answers."""
        self._lines = Lines(self._action)
        load = self._action._loader.load_from_file
        defaults: dict[str, Any] = {}
        for role in ROLES:
            defaults |= load(str(ROOT / "roles" / role / "defaults" / "main.yml"))
        self._resolver = Resolver(defaults, self._lines.value)
        self._asked: dict[str, Any] = {}
        self._todo: dict[str, HostOptions] = {}  # of hosts where more is to be done
        task = self._action._task
        # Where the roles are to show it, or a rollout is to end with the first hosts that fail: a batch does not fail.
        play = task.get_play()
        self._changes_nothing = bool(
            task.diff or play.serial or play.max_fail_percentage is not None or task.any_errors_fatal
        )
        width = int(context.CLIARGS.get("forks") or constants.DEFAULT_FORKS)
        self._count, self._started = len(hosts), time.monotonic()
        pool, workers = Pool(width), Workers(width)
        try:
            for call in pool.run(self._calls(hosts), self._tick(pool)):
                self._each(call.name, self._settle, call)
            # No thread is at work any more: a fork would take along the locks that it holds.
            for job in workers.run(self._jobs(), self._tick(workers)):
                self._each(job.name, self._change, job)
        finally:
            self._renew("")
            if place := os.environ.get(batch.AT_WORK):
                batch.note_at_work(Path(place), [])

    def _each(self, host: str, settle: Callable[[Any], None], found: Any) -> None:
        try:
            settle(found)
        except HandOver as exc:
            self._leave(host, str(exc))
        except Exception as exc:
            # An answer may hold anything; it is one host's matter, and the roles ask again.
            self._leave(host, f"{type(exc).__name__}: {exc}")

    def _tick(self, pool: Pool | Workers) -> Callable[[], None] | None:
        """Shows where the batch stands: on the terminal, and to the command that started it."""
        shown, noted = time.monotonic(), os.environ.get(batch.AT_WORK)

        def tick() -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown >= live_line.EVERY:
                shown = now
                running = [(each.name, now - each.started) for each in pool.running.values()]
                if noted:
                    batch.note_at_work(Path(noted), running)
                if batch.on_terminal():
                    columns = shutil.get_terminal_size((120, 24)).columns
                    counts = (self._count, len(self.done), len(self.left))
                    self._renew(live_line.text(*counts, running, now - self._started, columns))

        return tick if noted or batch.on_terminal() else None

    def _renew(self, line: str) -> None:
        """Puts another live line in the place of the one there is; an empty one removes it."""
        if line or self._line:
            display.display(live_line.CLEAR + line, newline=False, screen_only=True)
        self._line = line

    def _calls(self, hosts: list[str]) -> Iterator[Call]:
        for host in hosts:
            try:
                yield self._call(host)
            except (HandOver, FleetError, AnsibleError) as exc:
                self._leave(host, str(exc))
            except Exception as exc:
                self._leave(host, f"{type(exc).__name__}: {exc}")

    def _call(self, host: str) -> Call:
        variables = self._own(host)
        if not boolean(self._lines.value(variables.get(SWITCH, True), variables)):
            raise HandOver(f"{SWITCH} is false")
        options = self._resolver.of(variables)
        questions = one_call.questions(options, self._check_mode, self._facts_only)
        text, mark = payload.text(questions)
        line = self._lines.to(variables)
        self._asked[host] = (options, mark)
        display.vv("One call for all that is asked of it", host=host)
        seconds = float(self._lines.value(variables.get(TIMEOUT, one_call.CALL_SECONDS), variables))
        return Call(host, lambda: line.ask(text), seconds)

    def _settle(self, call: Call) -> None:
        host = call.name
        options, mark = self._asked.pop(host)
        if isinstance(call.error, OutOfTime | AnsibleError):
            raise HandOver(str(call.error))
        if call.error is not None:
            raise HandOver(f"{type(call.error).__name__}: {call.error}")
        status, out, err = call.result
        answer = payload.answer(out, mark)
        if answer is None:
            said = (err.strip() or out.strip() or "nothing").splitlines()[-1]
            raise HandOver(f"it gave no answer (exit status {status}): {said[:300]}")
        if self._facts_only:
            batch.keep_probed(Path(constants.DEFAULT_LOCAL_TMP), host, answer["facts"])
            self.done[host] = {}
            self._show(host, "ok", 0)
            return
        try:
            found = one_call.conclude(answer, options, self._check_mode)
            self._record(host, found.facts, found.install, found.backend)
        except HandOver as exc:
            handed_over.keep_facts(Path(constants.DEFAULT_LOCAL_TMP), host, options.facts, answer)
            if self._changes_nothing:
                raise
            self._todo[host] = options
            display.v(f"[{host}] has more to be done: {one_line(redact(str(exc)))}")

    def _jobs(self) -> Iterator[Job]:
        for host, options in self._todo.items():
            yield Job(host, partial(self._work, host, options))

    def _work(self, host: str, options: HostOptions) -> tuple[dict[str, Any], dict[str, Any]]:
        """In a process of its own: the facts, and what was made of them."""
        found = handed_over.take_facts(Path(constants.DEFAULT_LOCAL_TMP), host, options.facts, math.inf)
        if found is None:
            raise HandOver("its facts could not be kept")
        facts = found.pop("glibc_facts")
        variables = dict(self._own(host))
        variables["ansible_facts"] = {**(variables.get("ansible_facts") or {}), **found}
        action = self._lines.action(variables)
        try:
            with limits.within(float(constants.TASK_TIMEOUT or 0)):
                return facts, asdict(changes.make(action, variables, facts, options, self._check_mode))
        finally:
            action.cleanup()

    def _change(self, job: Job) -> None:
        if job.error is not None:
            raise HandOver(job.error)
        facts, results = job.result
        made = changes.Changed(**results)
        if made.backend is None:
            wanted = self._todo[job.name].install
            handed_over.keep_install(Path(constants.DEFAULT_LOCAL_TMP), job.name, wanted, made.install)
            raise HandOver(made.why)
        self._record(job.name, {"ansible_facts": {"glibc_facts": facts}}, made.install, made.backend)

    def _record(self, host: str, *results: dict[str, Any]) -> None:
        """results: of the three stages."""
        assert self._kept is not None
        for stage, result in zip(ROLES, results, strict=True):
            self._kept.ok(host, stage, result)
        if not self._kept.written(host):
            raise HandOver("its record could not be written")
        decision = results[-1]["decision"]
        changed = sum(bool(result.get("changed")) for result in results)
        known = {name: decision.get(name) for name in ("backend", "because", "cause")}
        self.done[host] = {"decision": known, "changed": changed}
        self._show(host, decision["provider"], changed)

    def _leave(self, host: str, reason: str) -> None:
        self.left[host] = reason
        if display.verbosity:
            self._renew("")
        display.v(f"[{host}] goes to the roles: {one_line(redact(reason))}")

    def _show(self, host: str, what: str, changed: int) -> None:
        self._renew("")
        if changed:
            display.display(f"changed: [{host}] => {what}", color=constants.COLOR_CHANGED)
        else:
            text = what if self._facts_only or host in self._todo else f"{what}, nothing to do"
            display.display(f"ok: [{host}] => {text}", color=constants.COLOR_OK)

    def result(self, directory: Path) -> dict[str, Any]:
        """A path and counters: what a task returns goes through Ansible once for every host of the play."""
        path = directory / f"fleet-batch-{time.monotonic_ns()}.json"
        path.write_text(json.dumps({"done": self.done, "left": self.left}), encoding="utf-8")
        path.chmod(0o600)
        text = f"{len(self.done)} host(s) done, {len(self.left)} for the roles"
        counts = {"done": len(self.done), "left": len(self.left)}
        return {"changed": False, "msg": text, "file": str(path), "hosts": counts}
