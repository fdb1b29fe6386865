# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""``faiss-fleet run --slices``: checks the inventory, divides its hosts, and has an executor audit the slices."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import __version__
from ...errors import FleetError
from ...records import origin
from ...records.build import Run
from ...records.schema import Record
from ...run_id import timestamp
from ...store.queries import Store
from .. import launch
from ..launch import Ended
from ..progress import Progress
from . import executors
from .coordinator import Coordinator
from .job import Job
from .split import split

LISTS_HOSTS = "fleet_preflight_lists_hosts=true"


class Sliced:
    """One audit in slices."""

    def __init__(
        self,
        reports: Path,
        run_id: str,
        command_line: Sequence[str],
        passwords: Mapping[str, str],
        check: bool,
        inventories: Sequence[str],
    ) -> None:
        """command_line: of ansible-playbook; passwords: answers to what it will ask."""
        self._reports, self._command_line, self._passwords = reports, tuple(command_line), dict(passwords)
        who = {"user": origin.user(os.environ), "commit": origin.commit()}
        self._run = Run(run_id, timestamp(), platform.node(), __version__, check, tuple(inventories), **who)

    def audit(
        self,
        count: int,
        scheduler: str | None,
        store: str,
        progress: Progress,
        seen: Callable[[Record], None],
        tick: Callable[[], None],
    ) -> Ended:
        """Audit the hosts in ``count`` slices and write their records. Return how the run ended."""
        hosts, refused = self._due(progress)
        if refused is not None:
            return refused
        progress.due = len(hosts)
        parts = split(hosts, _classes(store), count)
        jobs = [
            Job(number, self._run.id, tuple(names), self._command_line, self._passwords)
            for number, names in enumerate(parts, 1)
        ]
        if not jobs:
            return Ended(0, "The inventory, or --limit, names no host: nothing was audited. Add hosts to it.")
        with self._executor(scheduler, len(jobs)) as executor:
            coordinator = Coordinator(self._reports, self._run, hosts, seen, tick)
            try:
                return Ended(coordinator.audit(jobs, executor), "")
            except KeyboardInterrupt:
                return Ended(1, "", True)

    def _executor(self, scheduler: str | None, width: int) -> executors.Executor:
        return executors.Local(width) if scheduler is None else executors.Dask(scheduler, self._run.id)

    def _due(self, progress: Progress) -> tuple[dict[str, list[str]], Ended | None]:
        """Groups by name of the hosts that are due; how the check ended where it refused the inventory."""
        found: dict[str, list[str]] = {}

        def on_event(event: Mapping[str, Any]) -> None:
            progress.see(event, 0)
            result = (event.get("event_data") or {}).get("res") or {}
            if event.get("event") == "runner_on_ok" and isinstance(result, Mapping):
                found.update(result.get("hosts") or {})

        environment = launch.environment(self._run.id, self._reports, "")
        command_line = [*self._command_line, "-e", LISTS_HOSTS]
        ended = launch.playbook("playbooks/preflight.yml", command_line, environment, on_event, self._passwords)
        return found, ended if ended.status or ended.broken_off else None


def _classes(store: str) -> dict[str, str]:
    """What makes hosts alike, as far as the newest run in the store knows them; empty where there is none."""
    if "://" not in store and not Path(store).exists():
        return {}
    try:
        with Store.open(store) as opened:
            newest = opened.latest_run()
            lines = opened.lines(newest) if newest else ()
            return {line.host: f"{line.arch} {line.glibc} {line.strategy}" for line in lines}
    except FleetError:
        return {}  # a store that does not answer costs the run nothing but the order of its slices
