# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Follows a run as its results come in, and writes each host's record the moment its verdict or its failure is known.

Knows nothing of Ansible: the callback plugin tells it host, action and result, in the controller's main process alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from .. import reports
from ..errors import FleetError
from ..records import attempt_logs
from ..records.build import RecordBuilder, Result, Run
from ..records.clean import Cleaner
from ..records.journal import Journal, read_records
from ..records.schema import Record
from ..run_id import timestamp
from ..store.history import Earlier
from ..strategies.base import Options
from . import artefacts, live_run
from .summary import Summary

STAGES: dict[str, Callable[[RecordBuilder, Result], None]] = {
    "glibc_facts": RecordBuilder.add_facts,
    "faiss_install": RecordBuilder.add_install,
    "faiss_search_test": RecordBuilder.add_verification,
    "vector_backend": RecordBuilder.add_backend,
}
LAST_STAGE = "vector_backend"
AUDIT = frozenset({"faiss_install", LAST_STAGE})  # a playbook with both is an audit, and is recorded
ABOUT_THE_RUN = frozenset({"fleet_preflight", "fleet_batch", "fleet_gate"})  # their failures are no host's


def stage_name(action: str) -> str:
    """The action's own name, without the collection it may be called by."""
    return action.rpartition(".")[2]


_current: Recorder | None = None


def current() -> Recorder | None:
    """The recorder of the run that this process, or the one that it was forked from, follows."""
    return _current


def follow(recorder: Recorder | None) -> None:
    """Makes this the recorder of the process."""
    global _current
    _current = recorder


class Recorder:
    """One run. Nothing is written before ``start``; what came before is kept and written then."""

    def __init__(
        self,
        reports: Path,
        run: Run,
        secrets_of: Callable[[str], Iterable[str]],
        warn: Callable[[str], None],
        output: reports.Output = reports.USUAL,
        earlier: Earlier | None = None,
        said_of: Callable[[str], Mapping[str, Any]] = lambda _host: {},
    ) -> None:
        """secrets_of names the words to mask in a host's record; warn tells the user at once what cannot wait.

        earlier is what reports are told of the runs before this one; said_of is what the inventory says of a host for
        them: columns, waivers, options.
        """
        self._said_of = said_of
        self.artefacts: list[str] = []  # judged for the hosts of the run when it ends
        self.artefact_options = Options()
        self._output, self._earlier = output, earlier
        self._reports, self._run, self._secrets_of, self._warn = reports, run, secrets_of, warn
        self._due: dict[str, list[str]] = {}
        self._builders: dict[str, RecordBuilder] = {}
        self._unwritten: dict[str, Record] = {}
        self._cleaners: dict[frozenset[str], Cleaner] = {}
        self._journal: Journal | None = None
        self._hold: live_run.Hold | None = None
        self._machines: dict[str, str] = {}  # by machine, the first name under which it was recorded
        self.decided: dict[str, Mapping[str, object]] = {}  # decisions that another process has recorded

    @property
    def directory(self) -> Path:
        """Where this run is written."""
        return self._reports / self._run.id

    @property
    def files(self) -> list[str]:
        """Names of the files that ``finish`` writes."""
        return reports.files(self._output.formats)

    @property
    def has_reports(self) -> bool:
        """Whether ``finish`` writes more than the records."""
        return bool(self._output.formats)

    @property
    def started(self) -> bool:
        """Whether the run has its directory."""
        return self._journal is not None

    @property
    def empty(self) -> bool:
        """Whether no host is due at all: there is nothing to record."""
        return not self._due

    @property
    def troubled(self) -> bool:
        """Whether some host that is due has already failed or could not be reached."""
        return any(name in self._due for name in self._builders)

    def due(self, hosts: Mapping[str, Iterable[str]]) -> None:
        """Names hosts (with their groups) that are to be audited: each gets a record, whatever happens."""
        self._due.update({name: list(groups) for name, groups in hosts.items() if name not in self._due})
        if self._journal is not None:
            self._journal.expect(self._due)

    def start(self) -> None:
        """Makes the run's directory and writes down who is due. FleetError when it cannot."""
        if self._journal is None:
            self._journal = Journal.begin(self._reports, self._run)
            self._hold = live_run.Hold(self.directory)
            self._journal.expect(self._due)
            for name in [name for name in self._builders if name in self._due]:
                self._write(name)

    def ok(self, host: str, action: str, result: Result) -> None:
        """A task went well. Only the stages' own say anything here."""
        stage = stage_name(action)
        if stage in STAGES:
            builder = self._builder(host)
            self._add(builder, stage, result)
            if stage == LAST_STAGE and builder.decided:
                self._write(host)

    def failed(self, host: str, action: str, result: Result, *, task: str = "", ignored: bool = False) -> None:
        """A task failed; ignored where the play goes on regardless. A rescue that leads to a verdict replaces this."""
        stage = stage_name(action)
        if stage in ABOUT_THE_RUN:
            return
        builder = self._builder(host)
        ends = not ignored and (stage in STAGES or not builder.decided)
        if stage in STAGES:
            self._add(builder, stage, result)
        builder.add_error(stage if stage in STAGES else task or stage, result, ends=ends)
        if not ignored:
            self._write(host)

    def unreachable(self, host: str, action: str, result: Result) -> None:
        """The host was not reached, or no longer."""
        builder = self._builder(host)
        stage = stage_name(action)
        builder.add_unreachable(str(result.get("msg") or ""), ends=stage in STAGES or not builder.decided)
        self._write(host)

    def written(self, host: str) -> bool:
        """Whether the host's record is on disk."""
        pending = host in self._unwritten or host in self._builders
        return self._journal is not None and not pending and self._journal.has(host)

    def recorded_elsewhere(self, decisions: Mapping[str, Mapping[str, object]]) -> None:
        """Another process of this run has written the records of these hosts, a batch for example."""
        self.decided.update(decisions)
        if self._journal is not None and decisions:
            self._journal.resume(self._journal.hosts, self._note_machine)

    def _note_machine(self, record: Record) -> None:
        machine = record["host"].get("machine")
        if machine:
            self._machines.setdefault(machine, record["host"]["name"])

    def finish(self) -> Summary:
        """Writes who has no record yet, and the reports. FleetError when a record could not be kept."""
        assert self._journal is not None, "start() comes first"
        for name in [name for name in self._builders if name in self._due]:
            self._write(name)
        for record in list(self._unwritten.values()):
            try:
                self._journal.append(record)
            except OSError as error:
                raise FleetError(
                    f"{len(self._unwritten)} host records could not be written to {self.directory}: "
                    f"{error.strerror or error}. Make room there and run the audit again; it is quick where it is done."
                ) from error
            del self._unwritten[record["host"]["name"]]
        try:
            self._journal.finish(Cleaner(), timestamp())
            if self.artefacts:
                records = partial(read_records, self.directory)
                artefacts.write(self.directory, self.artefacts, records, self.artefact_options, self._warn)
            if self._hold:
                self._hold.release()
            summary, _changed = reports.render(self.directory, latest=True, output=self._output, earlier=self._earlier)
        except OSError as error:
            raise FleetError(
                f"The reports of {self.directory} could not be written: {error.strerror or error}. Records are kept. "
                f"Make room, then: ansible-playbook report.yml -e fleet_report__run={self._run.id}"
            ) from error
        return summary

    def _builder(self, host: str) -> RecordBuilder:
        builder = self._builders.get(host)
        if builder is None:
            written = self._unwritten.get(host) or (self._journal.read(host) if self._journal else None)
            groups = self._due.get(host, [])
            builder = RecordBuilder.reopen(self._run, written) if written else RecordBuilder(self._run, host, groups)
            self._builders[host] = builder
        return builder

    def _add(self, builder: RecordBuilder, stage: str, result: Result) -> None:
        items = result.get("results")
        looped = stage != "faiss_search_test" and isinstance(items, list)
        for each in items if looped and isinstance(items, list) else [result]:
            if isinstance(each, Mapping):
                STAGES[stage](builder, each)

    def _write(self, name: str) -> None:
        """The host's line. Its builder goes: thousands of records are not kept in memory."""
        if self._journal is None or name not in self._due:
            return
        builder = self._builders.pop(name)
        builder.groups = self._due[name]
        builder.said = self._said_of(name)
        if builder.machine:
            first = self._machines.setdefault(builder.machine, name)
            builder.same_machine_as = first if first != name else None
        secrets = frozenset(self._secrets_of(name))
        cleaner = self._cleaners.setdefault(secrets, Cleaner(secrets))
        attempt_logs.put_down(self.directory, name, builder.attempts, cleaner)
        record = builder.close(cleaner)
        try:
            self._journal.append(record)
            self._unwritten.pop(name, None)
        except OSError as error:
            if not self._unwritten:
                reason = error.strerror or error
                self._warn(f"Records cannot be written to {self.directory} ({reason}). Make room: the run goes on.")
            self._unwritten[name] = record
