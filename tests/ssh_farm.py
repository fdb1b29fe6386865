#!/usr/bin/env python3
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Hosts reached by real SSH, on one machine: an sshd for each, in a root file system and at an address of its own.

    with Farm({"a": "centos7-py313", "b": "debian12"}) as farm:
        farm.run(["ansible", "all", "-i", str(farm.inventory), "-m", "ping"])

    tests/ssh_farm.py --hosts 50 --recipe centos7-py313 -- ansible all -i {inventory} -m ping

Everything runs in a network, mount and process namespace that the kernel takes down with its first process: no sshd,
mount or address outlives a farm, even one that was killed. The addresses, of 127.0.0.0/8, exist in that network only.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from images.standins import cache, rootfs
from images.standins.errors import StandInError
from images.standins.recipes import RECIPES
from images.standins.shell import command, run, say
from tests import in_memory

# Not under /tmp: sshd's ChrootDirectory wants directories that only root may write, all the way up.
BASE = Path(os.environ.get("FAISS_FLEET_FARM", "/var/lib/faiss-fleet-tests"))
PORT = 22
SSHD_CONFIG = """\
ListenAddress {address}:{port}
HostKey {farm}/host_key
AuthorizedKeysFile {farm}/client_key.pub
ChrootDirectory {root}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PidFile none
LogLevel VERBOSE
MaxStartups 100
MaxSessions 20
SetEnv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True)
class Host:
    name: str
    recipe: str
    address: str
    # Where the holder mounts it. Outside the holder's namespace this directory is empty: see Farm.path.
    root: Path


class Farm:
    """Starts its hosts on entry, and on exit ends them and removes their directories."""

    def __init__(self, hosts: Mapping[str, str], base: Path = BASE, over: Path | None = None) -> None:
        """``hosts`` gives the recipe (see images/build --list) of each host.

        over: a directory with what one host had changed of its recipe (see keep), which all of these begin with.
        """
        unknown = sorted(set(hosts.values()) - set(RECIPES))
        if unknown:
            raise StandInError(f"There is no stand-in {', '.join(unknown)}; there are: {', '.join(RECIPES)}.")
        self._wanted = dict(hosts)
        self._base = base
        self._over = over
        self._holder: subprocess.Popen[str] | None = None
        self._pid = 0
        self._sshd: dict[str, int] = {}
        self._lock: TextIO | None = None
        self._restarted: list[subprocess.Popen[bytes]] = []
        self.hosts: dict[str, Host] = {}
        self.directory = Path()

    def __enter__(self) -> Farm:
        if os.geteuid():
            raise StandInError("Namespaces, mounts and chroots are root's. Start it as root.")
        for name in ("unshare", "nsenter", "sshd", "ssh", "ssh-keygen", "ip", "mount"):
            command(name)
        lowers = {recipe: _lower(recipe, self._base) for recipe in set(self._wanted.values())}
        _sweep(self._base)
        self.directory = Path(tempfile.mkdtemp(prefix="farm-", dir=self._base))
        self.directory.chmod(0o755)
        in_memory.mount(self.directory)
        # Held as long as this process lives: _sweep of a later farm tells by it that the directory is in use.
        self._lock = (self.directory / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            self._prepare()
            self._start(lowers)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._holder is not None:
            if self._holder.stdin:
                self._holder.stdin.close()
            try:
                self._holder.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._holder.kill()
                self._holder.wait()
            self._holder = None
        for process in self._restarted:
            # nsenter stops itself when it sees that the sshd it started was stopped, at any moment from then on.
            while process.poll() is None:
                process.send_signal(signal.SIGCONT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.2)
        if self._lock is not None:
            _remove(self.directory)
            self._lock.close()
            self._lock = None

    @property
    def inventory(self) -> Path:
        """An inventory of all hosts, with keys and addresses."""
        return self.directory / "hosts.json"

    @property
    def prefix(self) -> list[str]:
        """What to put in front of a command so that it sees the farm's network."""
        return [command("nsenter"), f"--net=/proc/{self._pid}/ns/net", "--"]

    def run(self, argv: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Runs a command in the farm's network, output captured as text unless ``options`` say otherwise.

        The commands installed beside this Python (ansible, ansible-playbook) come first.
        """
        path = os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", os.defpath)
        settings: dict[str, Any] = {"text": True, "stdin": subprocess.DEVNULL, "env": os.environ, **options}
        settings["env"] = {**settings["env"], "PATH": path}
        if not {"stdout", "stderr", "capture_output"} & set(settings):
            settings["capture_output"] = True
        return subprocess.run([*self.prefix, *argv], **settings)

    def path(self, name: str, path: str) -> Path:
        """A file of a host, as this process can read and write it."""
        return Path(f"/proc/{self._pid}/root{self.hosts[name].root}/{path.lstrip('/')}")

    def calls(self, name: str) -> int:
        """How many commands the host's sshd has started for clients so far."""
        log = (self.hosts[name].root.parent / "sshd.log").read_text(encoding="utf-8", errors="replace")
        return log.count("Starting session: command")

    def stop(self, name: str) -> None:
        """Ends a host's sshd and every session on it, as a machine that goes down in the middle of a run."""
        listener = self._sshd.pop(name)
        ended = [listener, *_descendants(listener)]
        for pid in ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # Until it has ended it keeps the port, and the next one could not have it.
        deadline = time.monotonic() + 60
        while any(map(_runs, ended)) and time.monotonic() < deadline:
            time.sleep(0.02)

    def start(self, name: str) -> None:
        """Starts the sshd of a host again that was stopped."""
        directory = self.hosts[name].root.parent
        enter = [command("nsenter"), f"--target={self._pid}", "--net", "--mount", "--pid", "--"]
        with (directory / "sshd.log").open("a", encoding="utf-8") as log:
            process = subprocess.Popen(
                [*enter, command("sshd"), "-D", "-e", "-f", str(directory / "sshd_config")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._restarted.append(process)
        # nsenter stays as the parent of what it starts in another process namespace.
        deadline = time.monotonic() + 60
        while not (found := _descendants(process.pid)) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        if not found:
            said = (directory / "sshd.log").read_text(encoding="utf-8", errors="replace")[-500:]
            raise OSError(f"sshd of {name} did not start: {said}")
        self._sshd[name] = found[0]

    def keep(self, name: str, directory: Path) -> Path:
        """Copies what a host has changed of its recipe; returns the copy, for the hosts of another farm."""
        upper = self.hosts[name].root.parent / "upper"
        run(["cp", "--archive", upper, directory])
        return directory

    def write_inventory(self, path: Path, variables: Mapping[str, Mapping[str, Any]] | None = None) -> Path:
        """Writes an inventory (JSON, which is YAML too); ``variables`` adds variables of single hosts."""
        # IdentitiesOnly and GlobalKnownHostsFile keep the keys of whoever runs this out of it.
        options = (
            f"-o UserKnownHostsFile={self.directory}/known_hosts -o GlobalKnownHostsFile=/dev/null "
            "-o StrictHostKeyChecking=yes -o IdentitiesOnly=yes -F /dev/null"
        )
        content = {
            "all": {
                "hosts": {
                    host.name: {"ansible_host": host.address, **(variables or {}).get(host.name, {})}
                    for host in self.hosts.values()
                },
                "vars": {
                    "ansible_user": "root",
                    "ansible_port": PORT,
                    "ansible_ssh_private_key_file": f"{self.directory}/client_key",
                    "ansible_ssh_common_args": options,
                    # Two farms use the same addresses: a shared control socket would lead into the other one.
                    "ansible_control_path_dir": f"{self.directory}/cp",
                },
            }
        }
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        return path

    def _prepare(self) -> None:
        """Addresses, keys, configuration: everything that needs no namespace."""
        for number, (name, recipe) in enumerate(self._wanted.items()):
            address = f"127.1.{number // 250}.{number % 250 + 1}"
            self.hosts[name] = Host(name, recipe, address, self.directory / "hosts" / name / "root")
        for key in ("host_key", "client_key"):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "faiss-fleet tests", "-f", self.directory / key])
        kind, public, _ = (self.directory / "host_key.pub").read_text(encoding="utf-8").split(" ", 2)
        lines = [f"{host.address} {kind} {public}\n" for host in self.hosts.values()]
        (self.directory / "known_hosts").write_text("".join(lines), encoding="utf-8")
        (self.directory / "cp").mkdir(mode=0o700)
        for host in self.hosts.values():
            for part in ("root", "upper", "work"):
                (host.root.parent / part).mkdir(parents=True)
            config = SSHD_CONFIG.format(address=host.address, port=PORT, farm=self.directory, root=host.root)
            (host.root.parent / "sshd_config").write_text(config, encoding="utf-8")
        self.write_inventory(self.inventory)

    def _start(self, lowers: Mapping[str, Path]) -> None:
        over = f"{self._over}:" if self._over else ""
        order = {
            "farm": str(self.directory),
            "hosts": [
                {"name": host.name, "directory": str(host.root.parent), "lower": f"{over}{lowers[host.recipe]}"}
                for host in self.hosts.values()
            ],
        }
        argv = [command("unshare"), "--net", "--mount", "--pid", "--fork", "--kill-child", "--propagation=private"]
        self._holder = subprocess.Popen(
            [*argv, sys.executable, str(Path(__file__).resolve()), "--hold"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdin and self._holder.stdout
        self._holder.stdin.write(json.dumps(order) + "\n")
        self._holder.stdin.flush()
        line = self._holder.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "its first process ended without a word"}
        if "error" in answer:
            raise StandInError(f"The SSH farm did not start: {answer['error']}")
        self._pid = answer["pid"]
        inner = {int(pid): name for name, pid in answer["sshd"].items()}
        for pid in _descendants(self._pid):
            own = _inner_pid(pid)
            if own in inner:
                self._sshd[inner[own]] = pid


def _lower(recipe: str, base: Path) -> Path:
    """The root file system all hosts of a recipe share and never write to, laid once."""
    base.mkdir(parents=True, exist_ok=True)
    for directory in (base, *base.parents):
        status = directory.stat()
        if status.st_uid or status.st_mode & 0o022:
            raise StandInError(f"sshd does not chroot below {directory}, which others may write. Set FAISS_FLEET_FARM.")
    if os.statvfs(base).f_flag & os.ST_NODEV:
        raise StandInError(f"{base} is mounted nodev, so hosts there have no /dev/null. Set FAISS_FLEET_FARM.")
    path = base / "rootfs" / f"{recipe}-{RECIPES[recipe].digest()}"
    with cache.lock(f"lay-{recipe}"):
        if not path.exists():
            partial = path.with_name(path.name + ".partial")
            if partial.exists():
                shutil.rmtree(partial)
            rootfs.lay(RECIPES[recipe], partial)
            partial.rename(path)
    return path


def _remove(directory: Path) -> None:
    """Again where something was written or removed meanwhile: the kernel is still ending the processes of the hosts."""
    in_memory.unmount(directory)
    deadline = time.monotonic() + 30
    while True:
        try:
            shutil.rmtree(directory)
            return
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _sweep(base: Path) -> None:
    """Removes directories of farms that were killed (processes and mounts went with them), and what no recipe makes."""
    for directory in base.glob("farm-*"):
        try:
            with (directory / "lock").open("r+") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(directory)
        except (BlockingIOError, FileNotFoundError):
            # In use, or of a farm that is just starting.
            continue
    current = {f"{recipe.name}-{recipe.digest()}" for recipe in RECIPES.values()}
    if not any(base.glob("farm-*")):
        for directory in (base / "rootfs").iterdir():
            # One that another process lays at this moment is not whole yet: _lower sees to those that were left behind.
            if directory.name.removesuffix(".partial") not in current:
                shutil.rmtree(directory, ignore_errors=True)


def _runs(pid: int) -> bool:
    """Whether a process has not ended; one that nobody has waited for has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def _descendants(pid: int) -> list[int]:
    """Every process below one, by its number outside."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # After the last bracket: a process may have brackets in its name.
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    queue = [pid]
    while queue:
        below = parents.get(queue.pop(), [])
        found += below
        queue += below
    return found


def _inner_pid(pid: int) -> int | None:
    """A process's number in its own namespace; None when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    line = next(line for line in status.splitlines() if line.startswith("NSpid:"))
    return int(line.split()[-1])


def _hold() -> int:
    """The farm's first process: mounts, starts every sshd, and stays until its standard input ends."""
    order = json.loads(sys.stdin.readline())
    try:
        answer: dict[str, Any] = {"pid": int(os.readlink("/proc/self")), "sshd": _start_hosts(order)}
    except (StandInError, OSError) as exc:
        answer = {"error": str(exc)}
    print(json.dumps(answer), flush=True)
    # As process 1 of the namespace it is the parent of all that lost theirs: the kernel reaps them for it.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sys.stdin.read()
    return 0


def _unsynced() -> str:
    """The option by which hosts wait for no disk: their files go with the farm. Linux has it since 5.10."""
    release = [int(part) for part in re.findall(r"\d+", os.uname().release)[:2]]
    return ",volatile" if release >= [5, 10] else ""


def _start_hosts(order: Mapping[str, Any]) -> dict[str, int]:
    shell = pwd.getpwuid(0).pw_shell
    run(["ip", "link", "set", "lo", "up"])
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    started: dict[str, int] = {}
    for host in order["hosts"]:
        directory = Path(host["directory"])
        root = directory / "root"
        layers = f"lowerdir={host['lower']},upperdir={directory}/upper,workdir={directory}/work{_unsynced()}"
        run(
            ["mount", "-t", "overlay", "overlay", "-o", layers, root],
            remedy=f"\nIs {directory} itself on an overlay? Set FAISS_FLEET_FARM to a directory on ext4 or xfs.",
        )
        run(["mount", "-t", "proc", "proc", root / "proc"])
        (root / "dev/shm").mkdir(exist_ok=True)
        (root / "dev/shm").chmod(0o1777)
        if not os.path.lexists(f"{root}{shell}"):
            raise StandInError(f"sshd starts root's shell, {shell}, which the stand-in lacks. Make it /bin/bash.")
        log = (directory / "sshd.log").open("w", encoding="utf-8")
        process = subprocess.Popen(
            [command("sshd"), "-D", "-e", "-f", str(directory / "sshd_config")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        started[host["name"]] = process.pid
    return started


def main() -> int:
    if sys.argv[1:] == ["--hold"]:
        return _hold()
    parser = argparse.ArgumentParser(prog="tests/ssh_farm.py", description="Runs a command beside hosts by SSH.")
    parser.add_argument("--hosts", type=int, default=3, metavar="N", help="how many (default 3)")
    parser.add_argument("--recipe", default="centos7-py313", help="which stand-in (default centos7-py313)")
    parser.add_argument("argv", nargs="*", metavar="COMMAND", help="{inventory} becomes the inventory's path")
    options = parser.parse_args()
    names = [f"host{number:03}" for number in range(1, options.hosts + 1)]
    try:
        with Farm(dict.fromkeys(names, options.recipe)) as farm:
            if options.argv:
                argv = [part.replace("{inventory}", str(farm.inventory)) for part in options.argv]
                return farm.run(argv, stdout=None, stderr=None).returncode
            say(f"inventory {farm.inventory}; start commands with: {' '.join(farm.prefix)}; Ctrl-C ends the farm")
            signal.pause()
    except StandInError as exc:
        say(f"tests/ssh_farm.py: {exc}")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
