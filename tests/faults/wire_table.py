# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Faults of the line to a host and of what stands at its other end, as data."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from images.standins.shell import run
from tests.faults.content_table import NASTY
from tests.faults.model import Fault, Inject, Seat
from tests.faults.on_hosts import all_of, says, written
from tests.ssh_farm import _descendants

LONG_LINE = "n" * 1_000_000
SUDO = "#!/bin/sh\nfor word; do [ \"$word\" = -n ] && echo 'sudo: a password is required' >&2 && exit 1; done\nexit 1\n"
ASKING = "#!/bin/sh\nprintf '[sudo] password for root: '\nwhile :; do sleep 1; done\n"
BECOME = {"ansible_become": True, "ansible_become_user": "app", "ansible_become_method": "sudo"}
TRANSFER = 1_000_000  # bytes of an archive that have arrived


def down(seat: Seat) -> None:
    seat.fleet.farm.stop(seat.host)
    seat.undo(lambda: seat.fleet.start(seat.host))


def stopped(seat: Seat) -> None:
    """The listener does not answer, and the kernel still takes connections for it."""
    pid = seat.fleet.sshd(seat.host)
    os.kill(pid, signal.SIGSTOP)
    seat.undo(lambda: os.kill(pid, signal.SIGCONT))


def reconfigured(*lines: str) -> Inject:
    """sshd with other options; {banner} is a file that it may read."""

    def inject(seat: Seat) -> None:
        config = seat.fleet.farm.hosts[seat.host].root.parent / "sshd_config"
        before = config.read_text()
        banner = config.with_name("banner")
        banner.write_text(NASTY + "\n" + LONG_LINE + "\n")
        seat.fleet.farm.stop(seat.host)
        # An option may be said once.
        said = {line.split()[0] for line in lines}
        kept = [line for line in before.splitlines() if line.split()[:1] and line.split()[0] not in said]
        config.write_text("\n".join([*(line.format(banner=banner) for line in lines), *kept]) + "\n")
        seat.fleet.start(seat.host)

        def back() -> None:
            seat.fleet.farm.stop(seat.host)
            config.write_text(before)
            seat.fleet.start(seat.host)

        seat.undo(back)

    return inject


def _transfer(seat: Seat, done: threading.Event) -> bool:
    """Waits until an archive is on its way to the host."""
    place = seat.path("/root/.ansible/tmp")
    while not done.is_set():
        for path in place.glob("*/*prefix.tar.gz*"):
            try:
                if path.stat().st_size > TRANSFER:
                    return True
            except OSError:
                continue
        time.sleep(0.005)
    return False


def sessions(seat: Seat) -> list[int]:
    return _descendants(seat.fleet.sshd(seat.host))


def in_transfer(action: Callable[[Seat], object]) -> Callable[[Seat, threading.Event], None]:
    def during(seat: Seat, done: threading.Event) -> None:
        if _transfer(seat, done):
            seat.memory["met"] = True
            action(seat)

    return during


def kill_sessions(seat: Seat) -> None:
    for pid in sessions(seat):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def stop_sessions(seat: Seat) -> None:
    """sshd goes silent with its connections open, as behind a firewall that forgot them."""
    found = sessions(seat)

    def end() -> None:
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    for pid in found:
        try:
            if Path(f"/proc/{pid}/comm").read_text().startswith("sshd"):
                os.kill(pid, signal.SIGSTOP)
        except OSError:
            continue
    seat.undo(end)


def cut_for_ever(seat: Seat, done: threading.Event) -> None:
    while not done.wait(0.3):
        kill_sessions(seat)


def noise(seat: Seat) -> None:
    seat.write("/root/noise", NASTY + "\n")
    all_of(written("/root/.bashrc", "cat /root/noise\ncat /root/noise >&2\n"))(seat)


def other_key(seat: Seat) -> None:
    """known_hosts has another key for this host."""
    directory = seat.fleet.controller.base
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / "other_key"])
    kind, public, _ = (directory / "other_key.pub").read_text().split(" ", 2)
    known = seat.fleet.farm.directory / "known_hosts"
    before = known.read_text()
    address = seat.fleet.farm.hosts[seat.host].address
    lines = [line for line in before.splitlines() if not line.startswith(address + " ")]
    known.write_text("\n".join([*lines, f"{address} {kind} {public}"]) + "\n")

    def back() -> None:
        known.write_text(before)
        for name in ("other_key", "other_key.pub"):
            (directory / name).unlink()

    seat.undo(back)


def wire(name: str, what: str, inject: Inject | None, state: Any = "unreachable", cause: Any = "unreachable",
         **more: Any) -> Fault:  # fmt: skip
    return Fault("wire", name, what, inject, state, cause, **more)


FAULTS = (
    wire("down from the start", "nothing listens at the host's address", down),
    wire("another host key", "known_hosts has another key for the host", other_key),
    wire("refused", "sshd takes no key", reconfigured("PubkeyAuthentication no"), looks="the reason says so",
         look=says("Permission denied")),
    wire("one session at a time", "sshd refuses a second channel of a connection", reconfigured("MaxSessions 1"),
         ("native", "unreachable", "failed"), (None, "unreachable")),
    wire("no file transfer", "sshd has no sftp", reconfigured("Subsystem sftp /bin/false"),
         ("native", "failed", "unreachable", "fallback"), (None, "unreachable", "unknown"), fresh=True),
    wire("banner", "sshd greets with HTML, escapes, templates and a line of 1 MB", reconfigured("Banner {banner}"),
         ("native", "unreachable"), (None, "unreachable")),
    wire("noise", "the shell of every session prints hostile text first", noise,
         ("native", "failed", "unreachable", "fallback"), (None, "unknown", "unreachable", "python_missing"),
         keeps=("/root/noise",)),
    wire("slow login", "every session begins after two seconds", written("/root/.bashrc", "sleep 2\n"), "native", None,
         keeps=("/root/.bashrc",)),
    wire("goes down in a transfer", "the host goes down while the archive is on its way", None,
         ("unreachable", "failed"), ("unreachable", "unknown"), during=in_transfer(down), fresh=True,
         keeps=("/root/.ansible/tmp",)),
    wire("cut in a transfer", "the connection is cut once while the archive is on its way", None,
         ("native", "unreachable", "failed", "fallback"), (None, "unreachable", "unknown"), during=in_transfer(kill_sessions),
         fresh=True),
    wire("cut for ever", "every connection is cut after 0.3 s", None, ("unreachable", "failed"), ("unreachable", "unknown"),
         during=cut_for_ever, keeps=("/tmp",)),  # of a module of Ansible's that was killed
    wire("sudo wants a password", "sudo -n is refused", written("/usr/bin/sudo", SUDO, 0o755), ("failed", "unreachable"),
         ("ansible_become", "unreachable", "unknown"), variables=BECOME),
    wire("line hangs from the start", "sshd takes connections and says nothing", stopped, waits=True),
    wire("line hangs in a transfer", "sshd goes silent while the archive is on its way", None,
         ("fallback", "failed", "unreachable"), ("timeout", "unreachable"), during=in_transfer(stop_sessions), fresh=True,
         variables={"faiss_install__attempt_timeout": 20}, waits=True),
    wire("sudo that waits", "sudo asks for a password and waits for ever", written("/usr/bin/sudo", ASKING, 0o755),
         ("failed", "unreachable"), ("ansible_become", "timeout", "unreachable", "unknown"), variables=BECOME, waits=True,
         goes_on=True),
    wire("endless noise", "the shell of every session prints for ever", written("/root/.bashrc", "cat /dev/zero\n"),
         "failed", "garbage_output", keeps=("/root/.bashrc",)),
)  # fmt: skip
