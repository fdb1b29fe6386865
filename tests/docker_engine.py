# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A docker daemon of the tests' own, from Debian's packages: nothing is installed, no other daemon is touched."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests import needs

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "docker"
PACKAGES = ("docker.io", "containerd", "libsubid4")


def programs() -> Path:
    """A folder with docker, dockerd and containerd, fetched by apt-get once."""
    needs.root()
    if (CACHE / "bin").is_dir():
        return CACHE / "bin"
    apt = needs.command("apt-get", "The docker daemon of the tests comes from Debian's packages.")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as place:
        Path(place).chmod(0o755)
        options = ["-qq", "-o", "APT::Sandbox::User=root"]
        done = subprocess.run(
            [apt, *options, "download", *PACKAGES], cwd=place, capture_output=True, text=True, check=False
        )
        if done.returncode:
            needs.missing(f"docker.io cannot be fetched: {done.stderr.strip()[-300:]} Run `apt-get update`.")
        for package in Path(place).glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, f"{place}/root"], check=True)
        made = Path(place) / "bin"
        made.mkdir()
        for folder in ("usr/bin", "usr/sbin"):
            for program in filter(Path.is_file, (Path(place) / "root" / folder).iterdir()):
                shutil.copy2(program, made / program.name)
        for library in (Path(place) / "root/usr/lib").rglob("libsubid.so.*"):
            shutil.copy2(library, made / library.name)
        made.rename(CACHE / "bin")
    return CACHE / "bin"


@contextlib.contextmanager
def daemon(folder: Path) -> Iterator[dict[str, str]]:
    """The environment in which docker is that of a daemon with its data in ``folder``; it ends afterwards."""
    place = programs()
    # A socket's path may have 107 characters, which a test's folder can exceed.
    short = Path(tempfile.mkdtemp(prefix="ff-docker-"))
    environment = {**os.environ, "PATH": f"{place}:{os.environ['PATH']}:/usr/sbin:/sbin"}
    environment["LD_LIBRARY_PATH"] = str(place)
    socket = short / "docker.sock"
    log = folder / "dockerd.log"
    flags = ["--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"]
    flags += [f"--data-root={folder}/data", f"--exec-root={short}/exec", f"--pidfile={short}/pid"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["dockerd", *flags, "-H", f"unix://{socket}"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 60
        while not socket.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                needs.missing(f"dockerd does not start here: {log.read_text()[-800:]}")
            time.sleep(0.1)
        del environment["LD_LIBRARY_PATH"]
        yield {**environment, "DOCKER_HOST": f"unix://{socket}"}
    finally:
        # It ends the containerd that it started.
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for mount in ("netns", "exec"):
            subprocess.run(["umount", "-q", "-R", short / mount], check=False, capture_output=True)
        shutil.rmtree(short, ignore_errors=True)
        shutil.rmtree(folder / "data", ignore_errors=True)
