# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Where slices run: processes of this machine, or the workers of a Dask cluster. Both are executors of the standard
library's kind: ``submit`` returns a ``concurrent.futures.Future``."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

from typing_extensions import Self

from ...errors import FleetError
from ..launch import Ended
from . import job as jobs
from .job import Job, Send

NAMES = ("local", "dask")
# The limit on the scheduler's answer when a client connects, in seconds.
CONNECT_SECONDS = 10
PACKAGE = "Install the package: pip install 'faiss-fleet[dask]', on every node of the cluster."


def chosen(name: str, scheduler: str | None) -> str | None:
    """Return the scheduler's address, None for this machine. Raises FleetError for options that do not fit."""
    if name not in NAMES:
        raise FleetError(f"There is no executor {name!r}. Use one of: {', '.join(NAMES)}.")
    if name == "dask" and not scheduler:
        raise FleetError("The executor dask needs the address of a scheduler. Use --scheduler tcp://host:8786.")
    if name == "local" and scheduler:
        raise FleetError(f"--scheduler {scheduler} is for the executor dask. Use --executor dask with it.")
    return scheduler


class Executor(ABC):
    """Runs jobs until it is left; left by an error, it has them end early."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.stop()
        self.close(early=error is not None)

    @abstractmethod
    def submit(self, job: Job, send: Send) -> Future[Ended]:
        """Run a job; ``send`` gets a message for each host, in a thread of the executor's."""

    @abstractmethod
    def stop(self) -> None:
        """Have all jobs end early. What is finished is sent first."""

    @abstractmethod
    def close(self, early: bool) -> None:
        """Release what runs the jobs; with early, jobs that have not begun are left out."""


class Local(Executor):
    """Processes of this machine, one for each slice at work."""

    def __init__(self, width: int) -> None:
        self._pool = ThreadPoolExecutor(width, thread_name_prefix="slice")
        self._closers: list[Callable[[], None]] = []
        self._stopped = False

    def close(self, early: bool) -> None:
        self._pool.shutdown(cancel_futures=early)

    def submit(self, job: Job, send: Send) -> Future[Ended]:
        return self._pool.submit(self._run, job, send)

    def _run(self, job: Job, send: Send) -> Ended:
        wait, close = jobs.start(job, send)
        self._closers.append(close)
        if self._stopped:
            close()
        return wait()

    def stop(self) -> None:
        self._stopped = True
        for close in list(self._closers):
            close()


class Dask(Executor):
    """The workers of a Dask cluster, which the scheduler's address names: ``tcp://10.0.0.5:8786``.

    Each worker needs the same checkout of the project at the same path, the inventory, and the keys of the hosts.
    Messages go by the scheduler's event topics, so that what a worker has sent is not lost with it.
    """

    def __init__(self, address: str, run_id: str) -> None:
        try:
            import distributed
        except ImportError as error:
            raise FleetError(f"The executor dask needs the package distributed. {PACKAGE}") from error
        self._topic = f"faiss-fleet-{run_id}"
        try:
            self._client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise FleetError(
                f"No Dask scheduler answers at {address}: {error}. Start one (`dask scheduler`), and name its address "
                "with --scheduler.",
                cause="network",
            ) from error
        self._stop = distributed.Event(f"{self._topic}-stop", client=self._client)
        self._pool = self._client.get_executor(pure=False)

    def close(self, early: bool) -> None:
        self._client.close()

    def submit(self, job: Job, send: Send) -> Future[Ended]:
        topic = f"{self._topic}-{job.number}-{job.attempt}"
        self._client.subscribe_topic(topic, lambda event: send(event[1]))
        future: Future[Ended] = self._pool.submit(_on_worker, job, topic, self._stop.name)
        return future

    def stop(self) -> None:
        self._stop.set()


def _on_worker(job: Job, topic: str, stop: str) -> Ended:
    """Run a job on a Dask worker. A job that another worker began, and died of, leaves out the hosts that it sent."""
    import distributed

    worker = distributed.get_worker()
    client = distributed.get_client()
    sent = {str(message["record"]["host"]["name"]) for _time, message in client.get_events(topic) or ()}
    left = tuple(name for name in job.hosts if name not in sent)
    if not left:
        return Ended(0, "")

    def send(message: dict[str, Any]) -> None:
        worker.log_event(topic, message)

    wait, close = jobs.start(job.of(left), send)
    over = threading.Event()

    def end_early() -> None:
        event = distributed.Event(stop, client=client)
        while not over.is_set():
            if event.wait(1):
                close()
                return

    threading.Thread(target=end_early, daemon=True).start()
    try:
        return wait()
    finally:
        over.set()
