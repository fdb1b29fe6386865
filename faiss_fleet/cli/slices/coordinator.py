# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs the slices of an audit and gathers their records into one run: each host that is due has exactly one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from pathlib import Path
from typing import Any

from ...errors import FleetError
from ...records.attempt_logs import DIRECTORY
from ...records.build import RecordBuilder, Run
from ...records.clean import Cleaner
from ...records.journal import Journal
from ...records.schema import Record
from ...reports.live_run import Hold
from ...run_id import timestamp
from ..launch import Ended
from .executors import Executor
from .job import Job

ATTEMPTS = 3  # how often a host is given to a slice before it is recorded as failed
TICK = 0.5  # seconds between two looks at the progress


class Coordinator:
    """One run in slices. ``seen`` gets each record that comes in, by one thread at a time; ``tick`` is called often."""

    def __init__(
        self,
        reports: Path,
        run: Run,
        hosts: Mapping[str, Sequence[str]],
        seen: Callable[[Record], None] = lambda _record: None,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        """hosts: groups by name of every host that is due. FleetError where the run's directory cannot be made."""
        self._run, self._hosts, self._seen, self._tick = run, hosts, seen, tick
        self._journal = Journal.begin(reports, run)
        self._hold = Hold(self._journal.directory)
        self._journal.expect(hosts)
        self._done: set[str] = set()
        self._machines: dict[str, str] = {}
        self._lock = threading.Lock()

    def audit(self, jobs: Sequence[Job], executor: Executor) -> int:
        """Run the jobs to their end, or to Ctrl-C, which is raised again. Return the exit status of the run.

        A host whose slice ended before it was done is given to another slice, and is recorded as failed after
        ATTEMPTS. The status is judged by the records; only where all are well do the playbooks' own count, as those
        of a gate do, and of a slice that was given on only that of the last attempt.
        """
        pending: dict[Future[Ended], Job] = {}
        worst = 0
        try:
            pending.update((self._submit(job, executor), job) for job in jobs)
            while pending:
                ended, _running = wait(pending, timeout=TICK, return_when=FIRST_COMPLETED)
                self._tick()
                for future in ended:
                    job = pending.pop(future)
                    status, reason = _outcome(future)
                    again = self._rest(job, reason)
                    if again is None:
                        worst = max(worst, status)
                    else:  # how that one ended is what counts
                        pending[self._submit(again, executor)] = again
        except KeyboardInterrupt:
            executor.stop()
            wait(pending, timeout=60)
            raise
        finally:
            self._journal.finish(Cleaner(), timestamp())
            self._hold.release()
        return self._states_status() or worst

    def _submit(self, job: Job, executor: Executor) -> Future[Ended]:
        """The job's future; where it cannot be given to the executor, one that has failed."""
        try:
            return executor.submit(job, self._take)
        except Exception as error:  # of whoever runs the cluster, which may be gone by now
            future: Future[Ended] = Future()
            future.set_exception(FleetError(f"The slice could not be started: {type(error).__name__} {error}."))
            return future

    def _take(self, message: Mapping[str, Any]) -> None:
        """A host's record, from a thread of the executor's."""
        record: Record = message["record"]
        if record["cause"] == "interrupted":
            return  # its slice was ended: the host is not done
        name = record["host"]["name"]
        with self._lock:
            machine = record["host"].get("machine")
            if machine:
                first = self._machines.setdefault(str(machine), name)
                record["host"].update({"same_machine_as": first} if first != name else {})
            try:
                for place, text in message["logs"].items():
                    _write_log(self._journal.directory, place, text)
                self._journal.append(record)
            except OSError as error:
                raise FleetError(
                    f"The record of {name} could not be written to {self._journal.directory}: {error.strerror}. "
                    "Make room there and run the audit again; it is quick where it is done."
                ) from error
            self._done.add(name)
            self._seen(record)

    def _rest(self, job: Job, reason: str) -> Job | None:
        """The hosts of a job that ended before they were done, for another slice; None where there is none."""
        left = tuple(name for name in job.hosts if name not in self._done)
        if not left:
            return None
        if job.attempt < ATTEMPTS:
            return job.of(left, job.attempt + 1)
        for name in left:
            builder = RecordBuilder(self._run, name, self._hosts[name])
            builder.add_error("slice", {"msg": f"Its slice ended {ATTEMPTS} times before it was done. {reason}"})
            self._take({"record": builder.close(Cleaner()), "logs": {}})
        return None

    def _states_status(self) -> int:
        """As ansible-playbook ends: 4 where a host was unreachable, 2 where one failed."""
        states = {record["state"] for name in self._hosts if (record := self._journal.read(name)) is not None}
        return 4 if "unreachable" in states else 2 if "failed" in states else 0


def _outcome(future: Future[Ended]) -> tuple[int, str]:
    """(exit status, what is to be said of it) of a job; 0 where it has none, as records judge then."""
    try:
        ended = future.result()
    except (Exception, CancelledError) as error:
        return 0, f"{error}" if isinstance(error, FleetError) else f"Its worker is gone: {error!r}."
    return ended.status, f"Ansible said: {ended.tail}" if ended.tail else ""


def _write_log(directory: Path, place: str, text: str) -> None:
    """Write the log of a failed attempt below the run's logs; a path that leads elsewhere is refused."""
    path = directory / place
    if Path(place).parts[:1] != (DIRECTORY,) or ".." in Path(place).parts:
        raise FleetError(f"A slice sent a log for {place!r}, which is outside of {DIRECTORY}/. Is the worker trusted?")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
