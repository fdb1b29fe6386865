# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of the tests' own: on a Unix socket and a loopback port, in a directory that goes with it."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests import needs

PASSWORD = "pg-t0ps3cret"


def _program(name: str) -> str:
    """Debian keeps the server's programs off the PATH."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    return found[-1] if found else needs.command(name, "Install the package postgresql (apt-get install postgresql).")


@contextlib.contextmanager
def server(by_socket: bool = False) -> Iterator[str]:
    """URL of a fresh database, by its socket for who is in another network namespace.

    The server refuses to run as root, so root runs it as nobody.
    """
    initdb, postgres = _program("initdb"), _program("postgres")
    directory = Path(tempfile.mkdtemp(prefix="ff-pg-"))
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        shutil.chown(directory, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    password = directory / "password"
    password.write_text(PASSWORD)
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    setup = [
        initdb,
        "-D",
        f"{directory}/data",
        "-U",
        "fleet",
        "--pwfile",
        str(password),
        "-A",
        "scram-sha-256",
        "--no-sync",
    ]
    subprocess.run(setup, check=True, capture_output=True, user=user, env=environment, cwd=directory)
    options = ["-k", str(directory), "-p", str(port), "-h", "127.0.0.1", "-c", "fsync=off", "-c", "shared_buffers=16MB"]
    log = (directory / "log").open("wb")
    process = subprocess.Popen(
        [postgres, "-D", f"{directory}/data", *options],
        user=user,
        env=environment,
        cwd=directory,
        stdout=log,
        stderr=log,
    )
    try:
        deadline = time.monotonic() + 60
        ready = [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        while subprocess.run(ready, check=False).returncode:  # it listens before it takes connections
            assert process.poll() is None and time.monotonic() < deadline, (directory / "log").read_text()
            time.sleep(0.1)
        place = f"/postgres?host={directory}&port={port}" if by_socket else f"127.0.0.1:{port}/postgres"
        yield f"postgresql://fleet:{PASSWORD}@{place}"
    finally:
        process.send_signal(signal.SIGINT)  # its "fast" shutdown
        process.wait(60)
        log.close()
        shutil.rmtree(directory, ignore_errors=True)
