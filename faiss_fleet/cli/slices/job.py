# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Audits the hosts of one slice: in a process of its own, which tells of each host as soon as its record is on disk.

The job reads its description as one line of JSON from standard input and prints lines of JSON: ``{"record": ...,
"logs": {path: text}}`` for each host, ``{"ended": status, "tail": text}`` at the end. It ends with its children when
standard input is closed: whoever started it is gone, or wants it to end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ...artefacts import cache
from ...errors import FleetError
from ...records.attempt_logs import DIRECTORY
from ...records.follow import Follower
from .. import launch
from ..launch import Ended
from ..places import checkout

Send = Callable[[dict[str, Any]], None]
Closer = Callable[[], None]
GRACE = 30  # seconds that Ansible has to write down what is finished, after it was asked to end


@dataclass(frozen=True)
class Job:
    """What a slice is about. command_line: of ansible-playbook, without ``--limit``; passwords: answers to prompts."""

    number: int
    run_id: str
    hosts: tuple[str, ...]
    command_line: tuple[str, ...]
    passwords: Mapping[str, str]
    attempt: int = 1

    def of(self, hosts: Sequence[str], attempt: int | None = None) -> Job:
        """Return the same job for some of its hosts."""
        return replace(self, hosts=tuple(hosts), attempt=attempt or self.attempt)

    def line(self) -> str:
        """Return the description that ``main`` reads."""
        return json.dumps(asdict(self)) + "\n"


def start(job: Job, send: Send) -> tuple[Callable[[], Ended], Closer]:
    """Start a job's process. Return a function that waits for its end, and one that has it end early.

    send: gets each host's ``{"record", "logs"}`` in the waiting thread. The first function raises FleetError where the
    process ended without its last line, as one that was killed does.
    """
    root = checkout()
    process = subprocess.Popen(
        [sys.executable, "-m", __name__],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root}:{os.environ.get('PYTHONPATH', '')}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def close() -> None:
        with suppress(OSError):
            stdin.close()

    def messages() -> Iterator[dict[str, Any]]:
        try:
            stdin.write(job.line())
            stdin.flush()
            for line in stdout:
                yield json.loads(line)
        except (OSError, ValueError):
            return  # the process is gone, in the middle of a line perhaps

    def wait() -> Ended:
        try:
            for message in messages():
                if "record" not in message:
                    return Ended(int(message["ended"]), str(message["tail"]))
                send(message)
        finally:
            close()
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        raise FleetError(
            f"The process of slice {job.number} ended without a result (exit status {process.returncode}). See whether "
            "the kernel killed it for lack of memory (`dmesg`), or run fewer slices at once.",
            cause="killed",
        )

    return wait, close


def logs_of(directory: Path, record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(place, text) of the logs that a record names, below the directory of its run."""
    for attempt in record["attempts"]:
        place = str(attempt.get("log_file") or "")
        path = directory / place
        if place.startswith(f"{DIRECTORY}/") and path.is_file():
            yield place, path.read_text(encoding="utf-8", errors="replace")


def run(job: Job, send: Send) -> Ended:
    """Audit the hosts of a job and send each record as soon as it is written."""
    with cache.temporary("slice") as reports:
        limit = reports / "hosts"
        limit.write_text("".join(f"{name}\n" for name in job.hosts), encoding="utf-8")
        environment = launch.environment(job.run_id, reports, "")
        # Reports are written once, of the whole run, which is then taken into the store.
        environment["FAISS_FLEET_FORMATS"] = ""
        directory = reports / job.run_id
        follower = Follower(directory)

        def on_event(_event: Mapping[str, Any] | None = None) -> None:
            for record in follower.new():
                send({"record": record, "logs": dict(logs_of(directory, record))})

        ended = launch.playbook(
            "audit.yml", [*job.command_line, "--limit", f"@{limit}"], environment, on_event, job.passwords
        )
        on_event()
    return ended


def main() -> int:
    """Be the process of one job; see the file's first lines."""
    job = Job(**json.loads(sys.stdin.readline()))
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no message

    def send(message: Mapping[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    def end_when_alone() -> None:
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)  # which ansible-runner hands on: Ansible writes down what is finished
        threading.Event().wait(GRACE)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=end_when_alone, daemon=True).start()
    ended = run(job, send)
    send({"ended": ended.status, "tail": ended.tail})
    return 0


if __name__ == "__main__":
    sys.exit(main())
