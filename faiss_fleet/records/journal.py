# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Keeps one run's records on disk while it goes on: a controller killed half-way loses nothing that was finished.

A run is a directory ``reports/<run id>/``. Host names are data in its files, never part of a path. ``run.json`` says
which hosts are due, so that one without a line is known to be missing; ``records.jsonl`` grows by one synced line each.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from ..errors import FleetError
from ..run_id import RUN_ID
from .build import Run, interrupted
from .clean import Cleaner
from .schema import Record

RECORDS, RUN, LATEST = "records.jsonl", "run.json", "latest"
TRIES = 100  # as often as other writers may come first
DAMAGED = "records.jsonl.damaged"  # as it was, before lines that are no records were left out

Hosts = dict[str, list[str]]  # groups by host name, in the inventory's order


def reports_directory(setting: str, config_file: str | None) -> Path:
    """Where runs are kept: a relative setting starts at the directory of ansible.cfg, without one at the project's."""
    base = Path(config_file).parent if config_file else Path(__file__).resolve().parents[2]
    return (base / Path(setting).expanduser()).resolve()


def refuse_unwritable(reports: Path) -> None:
    """Raises FleetError when a run could not be written there. Leaves the directory made, and empty if it was."""
    try:
        reports.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=reports):
            pass
    except OSError as error:
        raise FleetError(
            f"The reports directory {reports} cannot be written: {error.strerror or error}. Nothing was changed on any "
            "host. Make it writable for this user, or name another one in FAISS_FLEET_REPORTS or in ansible.cfg under "
            "[fleet_record] reports=.",
            cause="permission_denied",
        ) from error
    latest = reports / LATEST
    if latest.exists() and not latest.is_symlink():
        raise FleetError(
            f"{latest} is not a symbolic link, so it cannot point at the new run. Nothing was changed on any host. "
            "Move it away."
        )


def write_atomically(path: Path, chunks: Iterable[str]) -> bool:
    """Replaces a file whole with text. Returns whether its content is now another one."""

    def write(file: BinaryIO) -> None:
        file.writelines(chunk.encode("utf-8") for chunk in chunks)

    return written_whole(path, write)


def written_whole(path: Path, write: Callable[[BinaryIO], None]) -> bool:
    """Replaces a file whole. Returns whether its content is now another one; a reader never sees half of it.

    What is not a file, such as /dev/null or a pipe, is written to and stays what it is.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as device:
            write(device)
        return True
    with _locked(path.with_name(f".{path.name}.faiss-fleet")) as file:
        beside = Path(file.name)
        try:
            write(file)
            file.flush()
            os.fsync(file.fileno())
            if path.exists() and _same_content(path, beside):
                beside.unlink()
                return False
            beside.replace(path)
            return True
        except BaseException:
            _remove(beside, file)
            raise


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """The file, empty, for this process alone. Others are waited for; what a killed one left is used again.

    On a file system without locks, or where a file's number changes, it is one of another name, which no other process
    has.
    """
    for _ in range(TRIES):
        with open(path, "wb", opener=_as_it_is) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError:
                path.unlink(missing_ok=True)
                break
            if _stands_at(path, file):  # else whoever was waited for has put it in its place, or removed it
                file.truncate(0)
                yield file
                return
    with path.with_name(f"{path.name}.{secrets.token_hex(4)}").open("xb") as file:
        yield file


def _as_it_is(path: str, flags: int) -> int:
    """Opens a file with its content, which may be another writer's. No link: anybody may have put it there."""
    return os.open(path, (flags & ~os.O_TRUNC) | os.O_NOFOLLOW, 0o666)


def _stands_at(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _remove(path: Path, file: BinaryIO) -> None:
    if _stands_at(path, file):  # else it is in its place already, and this is the next writer's
        path.unlink(missing_ok=True)


def point_latest(directory: Path) -> None:
    """Makes ``latest`` beside a run's directory lead to it, in one step."""
    latest = directory.parent / LATEST
    beside = latest.with_name(f".{LATEST}")
    with _locked(latest.with_name(f".{LATEST}.faiss-fleet")) as file:
        try:
            beside.unlink(missing_ok=True)
            beside.symlink_to(directory.name)
            beside.replace(latest)
        finally:
            _remove(Path(file.name), file)


def find(reports: Path, name: str = LATEST) -> Path:
    """The directory of a run by its id or of the latest one; FleetError when there is none of that name."""
    if name != LATEST and not RUN_ID.fullmatch(name):
        raise FleetError(f"{name!r} is not a run id. Give 'latest' or an id like 20261122T101112Z-3f9a1c.")
    directory = (reports / name).resolve()
    if not (directory / RECORDS).is_file():
        known = sorted(entry.name for entry in reports.glob("*") if RUN_ID.fullmatch(entry.name))[-5:]
        hint = f"The newest there: {', '.join(known)}." if known else "No run was recorded there yet; run audit.yml."
        raise FleetError(f"There is no run {name} under {reports}. {hint}")
    return directory


def read_run(directory: Path) -> tuple[Run, Hosts]:
    """What run.json says: the run and the hosts that are due."""
    try:
        data = json.loads((directory / RUN).read_text(encoding="utf-8"))
        return Run.from_dict(data["run"]), {str(name): list(groups) for name, groups in data["hosts"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else error
        raise FleetError(
            f"{directory / RUN} cannot be read: {what}. Restore it or audit again: {RECORDS} has the finished hosts."
        ) from error


def read_records(directory: Path, damaged: list[int] | None = None) -> Iterator[Record]:
    """Every record of a run, in order. Lines that are no record are passed over.

    damaged gets their numbers, but for a last line without an end: that one is being written, or was torn by a crash.
    """
    with (directory / RECORDS).open("rb") as file:
        for number, line in enumerate(file, 1):
            record = record_of(line)
            if record is not None:
                yield record
            elif damaged is not None and line.endswith(b"\n"):
                damaged.append(number)


def settle(directory: Path, cleaner: Cleaner | None = None, each: Callable[[Record], None] | None = None) -> bool:
    """Leaves one line per host that was due, in the inventory's order: the last one written, or 'interrupted'.

    Rewrites the file only where it differs, as a whole and in one step. each is handed every record on the way; True
    is returned when these were the settled ones, False when the file had to be rewritten and is to be read again.
    """
    run, hosts = read_run(directory)
    journal = Journal(directory, run)
    journal.resume(hosts, each)
    return not journal.finish(cleaner or Cleaner())


def read_lines(directory: Path) -> Iterator[str]:
    """The records of a settled run as they stand in its file, a line each, without its end."""
    with (directory / RECORDS).open("rb") as file:
        for line in file:
            yield line.decode("utf-8").rstrip("\n")


class Journal:
    """The records of one run as they come in. Knows where each host's line is, and keeps none of them in memory."""

    def __init__(self, directory: Path, run: Run) -> None:
        self.directory, self.run = directory, run
        self.hosts: Hosts = {}
        self._lines: dict[str, tuple[int, int]] = {}
        self._file, self._size = 0, 0
        self._tidy = True  # every line is a record, none is superseded
        self._damaged = False  # a line is whole and no record: somebody else's work
        self._torn = False  # the last line has no end

    @classmethod
    def begin(cls, reports: Path, run: Run) -> Journal:
        """Makes the run's directory. FleetError when it is taken or cannot be made."""
        directory = reports / run.id
        try:
            directory.mkdir(parents=True)
            (directory / RECORDS).touch()
        except OSError as error:
            raise FleetError(
                f"The run's directory {directory} cannot be made: {error.strerror or error}. See that there is room, "
                f"that {reports} is writable, and that no other run has this id."
            ) from error
        return cls(directory, run)

    def expect(self, hosts: Mapping[str, Iterable[str]]) -> None:
        """Adds hosts that are due; written down before they are audited."""
        new = {name: list(groups) for name, groups in hosts.items() if name not in self.hosts}
        if new or not (self.directory / RUN).exists():
            self.hosts.update(new)
            data = {"schema": 1, "run": asdict(self.run), "hosts": self.hosts}
            write_atomically(self.directory / RUN, [json.dumps(data, indent=1) + "\n"])

    def append(self, record: Record) -> None:
        """Writes a host's line and waits until it is on disk. OSError when it is not; the file then is as before."""
        line = _line(record)
        self._catch_up()
        if self._torn:
            # Of a process that was killed as it wrote: this line must not become a part of that one.
            line = b"\n" + line
        descriptor = os.open(self.directory / RECORDS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            if os.write(descriptor, line) != len(line):
                raise OSError(28, "No space left on device")
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, self._size)
            raise
        finally:
            os.close(descriptor)
        name = record["host"]["name"]
        self._tidy = self._tidy and name not in self._lines
        start = int(self._torn)
        self._lines[name] = (self._size + start, len(line) - start)
        self._size += len(line)
        self._torn = False

    def read(self, name: str) -> Record | None:
        """The host's record as last written, None when it has none yet."""
        self._catch_up()
        place = self._lines.get(name)
        if place is None:
            return None
        with (self.directory / RECORDS).open("rb") as file:
            file.seek(place[0])
            return record_of(file.read(place[1]))

    def has(self, name: str) -> bool:
        """Whether this process knows of a line of the host."""
        return name in self._lines

    def _catch_up(self) -> None:
        # report.yml may have settled the run meanwhile: the file then is another one, with lines at other places.
        path = self.directory / RECORDS
        if not path.exists():
            path.touch()
        found = path.stat()
        if (found.st_ino, found.st_size) != (self._file, self._size):
            self.resume(self.hosts)

    def resume(self, hosts: Hosts, each: Callable[[Record], None] | None = None) -> None:
        """Finds the lines of a run that an earlier process wrote. each is handed every record that is read."""
        self.hosts = dict(hosts)
        self._lines, self._size, self._tidy, self._damaged, self._torn = {}, 0, True, False, False
        with (self.directory / RECORDS).open("rb") as file:
            self._file = os.fstat(file.fileno()).st_ino
            for line in file:
                record = record_of(line)
                name = record["host"]["name"] if record else None
                if each is not None and record is not None:
                    each(record)
                self._tidy = self._tidy and name is not None and name not in self._lines
                self._damaged = self._damaged or (record is None and line.endswith(b"\n"))
                if name is not None:
                    self._lines[name] = (self._size, len(line))
                self._size += len(line)
                self._torn = not line.endswith(b"\n")

    def missing(self) -> list[str]:
        """Hosts that are due and have no line yet."""
        return [name for name in self.hosts if name not in self._lines]

    def finish(self, cleaner: Cleaner, finished: str | None = None) -> bool:
        """Gives each host that has no line its 'interrupted', and puts the lines into the inventory's order.

        Returns whether anything had to be rewritten.
        """
        self._catch_up()
        missing = self.missing()
        order = [*self.hosts, *(name for name in self._lines if name not in self.hosts)]
        if self._tidy and not missing and list(self._lines) == order:
            return False

        def lines() -> Iterator[str]:
            for name in order:
                record = self.read(name) or interrupted(self.run, name, self.hosts[name], cleaner, finished)
                yield _line(record).decode("ascii")

        if self._damaged:
            shutil.copyfile(self.directory / RECORDS, self.directory / DAMAGED)
        write_atomically(self.directory / RECORDS, lines())
        self.resume(self.hosts)
        return True


def _line(record: Record) -> bytes:
    # ASCII only: no separator, surrogate or direction mark inside can break a line or a reader.
    return json.dumps(record, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def record_of(line: bytes) -> Record | None:
    """The record of a line; None for one that does not say whole of which host and which run it is."""
    try:
        record: Record = json.loads(line)
        Run.from_dict(record["run"])
        texts = (record["host"]["name"], record["run"]["finished"])
        return record if line.endswith(b"\n") and all(isinstance(text, str) for text in texts) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _same_content(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as left, other.open("rb") as right:
        while chunk := left.read(1 << 20):
            if chunk != right.read(1 << 20):
                return False
    return True
