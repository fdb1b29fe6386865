# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Faults of the controller, its input and what it asks, as data. Each has audits of its own."""

from __future__ import annotations

import signal
import tarfile
from pathlib import Path
from typing import Any

from tests.faults.case import Run
from tests.faults.model import ControllerFault
from tests.faults.on_controller import (
    a_file,
    a_read_only_mount,
    altered_wheel,
    clock_jumps,
    damaged_cache,
    damaged_journal,
    damaged_store,
    emptied,
    flipped,
    flipped_and_needed,
    full_place,
    full_reports,
    halved,
    index,
    newer,
    one_machine_twice,
    reports_refused,
    store_at,
    text,
    together,
)
from tests.faults.on_hosts import amplifying
from tests.faults.on_input import archive, escaping, hostile_names, member, portable, secrets, wheel
from tests.faults.on_signals import killed, signalled

WHOLE = "every host in the records once, configurations whole, the next run native"
NESTED = "[" * 100_000
BLOCK, LINK, HARD = tarfile.BLKTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


def controller(name: str, what: str, run: Run, expects: str = WHOLE, **more: Any) -> ControllerFault:
    return ControllerFault("controller", name, what, run, expects, **more)


def hostile(name: str, what: str, run: Run, expects: str = "refused, or harmless", **more: Any) -> ControllerFault:
    return ControllerFault("input", name, what, run, expects, **more)


def secret(name: str, what: str, run: Run) -> ControllerFault:
    return ControllerFault("secrets", name, what, run, "none of twelve planted words is in any output")


def half_archive(directory: Path, program: bytes) -> Path:
    path = portable()(directory, program)
    halved(path)
    return path


NATIVE = "both hosts native"
FAILED = "the new host failed by a fault of the controller and is not configured; the other stays native"
FAULTS = (
    controller("SIGKILL", "kill -9 at a seeded moment", killed, seeds=20, both_ways=True, finding="H"),
    controller("Ctrl-C", "SIGINT to all its processes", signalled(signal.SIGINT, group=True), both_ways=True),
    controller("Ctrl-C twice", "a second SIGINT after 0.4 s", signalled(signal.SIGINT, signal.SIGINT, group=True),
               finding="H.12"),
    controller("SIGTERM", "kill", signalled(signal.SIGTERM), both_ways=True, finding="H.12"),
    controller("SIGTERM twice", "kill, and again after 0.4 s", signalled(signal.SIGTERM, signal.SIGTERM), finding="H.12"),
    controller("SIGHUP", "its terminal is closed", signalled(signal.SIGHUP, group=True), finding="H.12"),
    controller("SIGQUIT", "Ctrl-\\", signalled(signal.SIGQUIT, group=True), finding="H.12"),
    controller("reports are a file", "FAISS_FLEET_REPORTS names a file", reports_refused(a_file),
               "refused, and nothing was changed on any host"),
    controller("read-only reports", "the reports directory is mounted read-only", reports_refused(a_read_only_mount),
               "refused, and nothing was changed on any host"),
    controller("full reports", "96 kB are left for the reports", full_reports, "not 0, and it says to make room"),
    controller("full cache", "4 MB are left for the cache", full_place("cache"), FAILED),
    controller("full TMPDIR", "4 MB are left for temporary files", full_place("TMPDIR"), "native, or failed"),
    controller("flipped archive", "one bit of each packed prefix in the cache", damaged_cache(
        "archives/*.tar.gz", flipped), NATIVE, finding="H.9"),
    controller("half archives", "each packed prefix is cut in two", damaged_cache("archives/*.tar.gz", halved), NATIVE,
               finding="H.9"),
    controller("flipped wheels", "one bit of each wheel in the cache, and no archive", damaged_cache(
        "wheels/*/*.whl", flipped_and_needed), NATIVE, finding="H.9"),
    controller("newer cache", "each note of the cache has schema 99 and no packages", damaged_cache("**/*.json", newer),
               NATIVE, finding="H.16"),
    controller("empty notes", "each note of the cache is empty", damaged_cache("**/*.json", emptied), NATIVE,
               finding="H.16"),
    controller("half notes", "each note of the cache is cut in two", damaged_cache("**/*.json", halved), NATIVE,
               finding="H.16"),
    controller("nested notes", "each note of the cache is 100,000 brackets deep", damaged_cache(
        "**/*.json", text(NESTED)), NATIVE, finding="H.16"),
    controller("lists for notes", "each note of the cache is a list", damaged_cache("**/*.json", text("[1, 2]")), NATIVE,
               finding="H.16"),
    controller("garbage locks", "each lock file of the cache is garbage", damaged_cache("**/*.lock", text("\ufffd" * 99)),
               NATIVE),
    controller("half a line", "an earlier run's records end in half a line", damaged_journal(b'{"schema": 1, "host": {"na'),
               NATIVE, finding="H.16"),
    controller("nested line", "an earlier run's records have a line of 100,000 brackets", damaged_journal(
        NESTED.encode() + b"\n"), NATIVE, finding="H.16"),
    controller("line of bytes", "an earlier run's records have a line of NUL and invalid UTF-8", damaged_journal(
        b"\x00\xff\xfe" * 999 + b"\n"), NATIVE, finding="H.16"),
    controller("garbage store", "history.sqlite is no database", damaged_store(text("no database\n" * 999)), NATIVE),
    controller("half a store", "history.sqlite is cut in two", damaged_store(halved), NATIVE),
    controller("store down", "the database refuses connections", store_at("postgresql://u:s3cr3t-t0ken@127.0.0.1:9/x"),
               NATIVE),
    controller("store silent", "the database takes the connection and says nothing", store_at(
        "postgresql://u:s3cr3t-t0ken@127.0.0.1:5439/x", "silent"), NATIVE),
    controller("controller's clock that jumps", "the controller's clock is set two days ahead, back to 2001 and right again, all through "
               "the audit", clock_jumps, NATIVE, both_ways=True),
    controller("two controllers", "two audits of the same hosts at once", together(),
               "both runs whole; native, or failed at a lock", both_ways=True),
    controller("two controllers, two policies", "two audits at once, of which one wants js", together(
        faiss_install__strategies=["js"]), "both runs whole; native, or failed at a lock", both_ways=True),
    controller("one machine twice", "a host has two names in the inventory", one_machine_twice, "both names in the records"),
    controller("no index", "nothing listens at the package index", index(""), FAILED, finding="H.7"),
    controller("index: wrong hash", "another sha256 than the file has", index("hash"), FAILED),
    controller("index: endless", "a wheel that never ends", index("endless"), FAILED),
    controller("index: stalls", "headers, and then nothing", index("stall"), FAILED),
    controller("index: half a wheel", "the connection ends early", index("cut"), FAILED),
    controller("index: garbage", "a page that is none", index("garbage"), FAILED),
    controller("index: 401", "it wants a password", index("401"), FAILED, finding="H.7"),
    controller("index: 403", "it forbids", index("403"), FAILED, finding="H.7"),
    controller("index: 500", "it is broken", index("500"), FAILED, finding="H.7"),
    hostile("altered wheel", "a wheel was altered, and SHA256SUMS is empty", altered_wheel(""),
            "refused before any host is touched", finding="H.10"),
    hostile("archive: ..", "members that leave the directory", archive(portable(*escaping()))),
    hostile("archive: link out", "a link to / and a member below it", archive(portable(
        member("python/out", kind=LINK, target="/"), member("python/out/escaped", b"x")))),
    hostile("archive: hard link", "a hard link to /etc/passwd", archive(portable(
        member("python/passwd", kind=HARD, target="/etc/passwd")))),
    hostile("archive: device", "a block device and a FIFO", archive(portable(
        member("python/sda", kind=BLOCK), member("python/pipe", kind=tarfile.FIFOTYPE)))),
    hostile("archive: bomb", "a library of 1 GB of zeros in 5 MB", archive(portable(
        member("python/lib/libbomb.so", size=1 << 30))), finding="H.16"),
    hostile("archive: names", "names of HTML, Jinja and control characters", archive(portable(
        member("python/{{ lookup('pipe', 'touch $CANARY') }}<script>canary()\x1b[31m", b"x"))),),
    hostile("archive: half", "an archive that ends early", archive(half_archive)),
    hostile("wheel: ..", "a wheel with members that leave the directory", wheel(("../../escaped", b"x"),
            ("/tmp/escaped", b"x"))),
    hostile("wheel: ELF", "a library that names 40,000 symbols, each the end of one long name", wheel(
            ("faiss/libnames.so", amplifying()), ("faiss/libneeds.so", amplifying(needed=True))), finding="H.11"),
    hostile("wheel: bomb", "a wheel with 300 MB of zeros", wheel(("faiss/zeros", 300_000_000))),
    hostile("names", "hosts of the inventory are named by scripts, templates and formulas", hostile_names),
    secret("usual", "twelve words in variables, URLs, environment, pip, conda and npm configuration", secrets()),
    secret("-vvvv", "the same at the highest verbosity", secrets("-vvvv")),
    secret("-vvvv, index fails", "the index whose URL has a password refuses", secrets("-vvvv", failing="index")),
    secret("-vvvv, channel fails", "the channel whose URL has a token refuses", secrets("-vvvv", failing="conda")),
    secret("-vvvv, no connection", "the hosts refuse the user", secrets("-vvvv", failing="connection")),
)  # fmt: skip
