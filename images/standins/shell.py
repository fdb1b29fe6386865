# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Starts commands: a missing one is named with its package, a failed one with its last lines."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import StandInError

# Command -> the Debian package that brings it.
PACKAGES = {
    "apt-get": "apt (a Debian or Ubuntu machine)",
    "dpkg-deb": "dpkg",
    "gcc": "gcc",
    "ip": "iproute2",
    "make": "make",
    "mmdebstrap": "mmdebstrap",
    "npm": "npm",
    "podman": "podman",
    "qemu-x86_64-static": "qemu-user-static",
    "runc": "runc",
    "sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "tar": "tar",
    "xz": "xz-utils",
}


def say(text: str) -> None:
    """One progress line, on stderr: stdout is for results."""
    # In one write: several stand-ins are built at once.
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def command(name: str) -> str:
    """Path of a command, in the sbin directories too, which a plain user's PATH leaves out."""
    path = shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin:/sbin")
    if path is None:
        raise StandInError(f"{name} is not installed. Install it: apt-get install {PACKAGES.get(name, name)}")
    return path


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    remedy: str = "",
) -> str:
    """Standard output of a command that has to succeed. With ``log`` everything goes there instead."""
    line = [command(str(argv[0])), *[str(part) for part in argv[1:]]]
    environment = {**os.environ, "LC_ALL": "C", **(env or {})}
    if log is None:
        done = subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        code, output, answer = done.returncode, done.stdout + done.stderr, done.stdout
    else:
        with log.open("w", encoding="utf-8") as out:
            logged = subprocess.run(
                line, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )
        code, output, answer = logged.returncode, log.read_text(encoding="utf-8", errors="replace"), ""
    if code:
        tail = "\n    ".join(output.strip().splitlines()[-8:])
        where = f" The whole log is {log}." if log else ""
        raise StandInError(f"{argv[0]} ended with {code}:\n    {tail}\n{where}{remedy}".rstrip())
    return answer
