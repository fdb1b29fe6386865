# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A docker daemon of the tests' own, from Debian's packages: nothing is installed, no other daemon is touched.

Debian 12's (20.10) keeps its images in a store of its own, as docker did up to 28. Debian 13's (26.1) runs on Debian 12
as well, and is told to keep them in containerd, which new installations from docker 29 on do unasked.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from images.standins import inputs
from tests import needs

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "docker"
PACKAGES = {
    "bookworm": ("docker.io", "containerd", "libsubid4"),
    "trixie": ("docker.io", "docker-cli", "containerd"),
}


def _apt(place: Path, release: str) -> list[str]:
    """apt-get with sources of its own: the machine's are for another release."""
    for part in ("lists/partial", "cache/archives/partial"):
        (place / "apt" / part).mkdir(parents=True)
    sources = place / "apt" / "sources.list"
    sources.write_text(f"deb [arch=amd64 signed-by={inputs.keyring()}] {inputs.mirror()} {release} main\n")
    apt = needs.command("apt-get", "The docker daemon of the tests comes from Debian's packages.")
    options = [f"Dir::Etc::sourcelist={sources}", "Dir::Etc::sourceparts=-", f"Dir::State::lists={place}/apt/lists"]
    options += [f"Dir::Cache={place}/apt/cache", "APT::Architecture=amd64", "APT::Sandbox::User=root"]
    return [apt, "-qq", *(part for option in options for part in ("-o", option))]


def programs(release: str) -> Path:
    """A directory with a release's docker, dockerd and containerd, fetched by apt-get once."""
    needs.root()
    kept = CACHE / release
    if kept.is_dir():
        return kept
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as place:
        Path(place).chmod(0o755)
        apt = _apt(Path(place), release)
        for command in (["update"], ["download", *PACKAGES[release]]):
            done = subprocess.run([*apt, *command], cwd=place, capture_output=True, text=True, check=False)
            if done.returncode:
                needs.missing(f"docker.io of {release} cannot be fetched: {done.stderr.strip()[-300:]}")
        for package in Path(place).glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, f"{place}/root"], check=True)
        made = Path(place) / "bin"
        made.mkdir()
        for directory in ("usr/bin", "usr/sbin"):
            for program in filter(Path.is_file, (Path(place) / "root" / directory).iterdir()):
                shutil.copy2(program, made / program.name)
        for library in (Path(place) / "root/usr/lib").rglob("libsubid.so.*"):
            shutil.copy2(library, made / library.name)
        made.rename(kept)
    return kept


@contextlib.contextmanager
def daemon(directory: Path, containerd: bool = False) -> Iterator[dict[str, str]]:
    """The environment in which docker is that of a daemon with its data in ``directory``; it ends afterwards.

    containerd: it keeps its images there.
    """
    place = programs("trixie" if containerd else "bookworm")
    # A socket's path may have 107 characters, which a test's directory can exceed.
    short = Path(tempfile.mkdtemp(prefix="ff-docker-"))
    environment = {**os.environ, "PATH": f"{place}:{os.environ['PATH']}:/usr/sbin:/sbin"}
    environment["LD_LIBRARY_PATH"] = str(place)
    socket = short / "docker.sock"
    log = directory / "dockerd.log"
    conf = directory / "daemon.json"
    said = {"features": {"containerd-snapshotter": True}} if containerd else {"storage-driver": "vfs"}
    conf.write_text(json.dumps(said))
    flags = ["--iptables=false", "--ip6tables=false", "--bridge=none", f"--config-file={conf}"]
    flags += [f"--data-root={directory}/data", f"--exec-root={short}/exec", f"--pidfile={short}/pid"]
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
        shutil.rmtree(directory / "data", ignore_errors=True)
