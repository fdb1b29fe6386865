# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The hosts that faults are injected into, the controller that audits them, and what is on both before and after."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faiss_fleet.strategies.wheel import catalogue
from images.standins import cache
from images.standins.shell import command
from tests import kept_cache, signals
from tests.matrix import pool
from tests.ssh_farm import Farm

ROOT = Path(__file__).resolve().parents[2]
FAISS = "1.9.0.post1"
# The ways of an audit, each with the variables that choose it: host by host, and one remote call for all of a host.
WAYS: dict[str, dict[str, Any]] = {"ordinary": {"fleet_batch": False}, "batch": {}}
OLD, NEW, NO_PYTHON = "centos7-py313", "debian12", "centos7-nopython"
SETTING = "/etc/faiss-fleet/backend.json"
PREFIX = "/opt/faiss-fleet"
AUDITED = (PREFIX, "/etc/faiss-fleet")  # all that an audit leaves on a host
WORKLOAD = {"n": 1000, "d": 16, "k": 5, "queries": 20}
EVERY_FORMAT, USUAL_FORMATS = "all", "html,csv"
# A whole audit that takes longer hangs.
LONGEST = 600.0

# Words that must be in no output. Each run has all of them in its inventory, environment and the hosts' configuration.
SECRETS = {
    "password": "s3cr3t-passw0rd",
    "become": "s3cr3t-bec0me",
    "token": "s3cr3t-t0ken",
    "nested": "s3cr3t-nested",
    "pip_url": "s3cr3t-pip-url",
    "conda_url": "s3cr3t-conda-url",
    "conda_token": "s3cr3t-conda-tk",
    "environment": "s3cr3t-environ",
    "pip_conf": "s3cr3t-pip-conf",
    "condarc": "s3cr3t-condarc",
    "npmrc": "s3cr3t-npmrc",
    "index_query": "s3cr3t-query",
}


def wheelhouse() -> Path:
    """A directory of the cache with the wheels for glibc 2.17 and the hosts' Pythons, downloaded once and locked."""
    rows = json.loads(Path(pool.__file__).with_name("packages.json").read_text(encoding="utf-8"))
    wanted = {rows[name]["file"]: rows[name]["sha256"] for name in ("3.13", "3.11", "packaging")}
    for each in catalogue.table():
        if (
            each.file.startswith(tuple(f"faiss_cpu-{FAISS}-cp{tag}-" for tag in ("313", "311")))
            and "x86_64" in each.file
        ):
            wanted[each.file] = each.sha256
    path = cache.directory("matrix", "fault-wheels")
    with cache.lock("fault-wheels"):
        for file, sha256 in wanted.items():
            if not (path / file).exists():
                with tempfile.TemporaryDirectory(dir=cache.directory("work")) as work:
                    pool.downloaded(file, sha256, Path(work)).rename(path / file)
    return path


@dataclass
class Done:
    """One run of a playbook, with all that it wrote."""

    status: int | None  # None: it did not end in time and was killed
    output: str
    seconds: float
    reports: Path
    hosts: tuple[str, ...]
    run: Path | None = None  # its directory under the reports
    new: list[Path] = field(default_factory=list)  # run directories that were not there before

    @property
    def lines(self) -> list[str]:
        path = self.run / "records.jsonl" if self.run else None
        return path.read_text(encoding="utf-8").splitlines() if path and path.exists() else []

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


class Controller:
    """Where audits are started: a home, a temporary directory, a cache and reports of its own."""

    def __init__(self, base: Path, wheels: Path) -> None:
        self.base, self.wheels = base, wheels
        self.formats = EVERY_FORMAT
        self.home, self.tmp, self.cache, self.reports = (base / name for name in ("home", "tmp", "cache", "reports"))
        for path in (self.home, self.tmp, self.cache):
            path.mkdir(parents=True)
        (self.home / ".config/pip").mkdir(parents=True)
        (self.home / ".config/pip/pip.conf").write_text(
            f"[global]\nextra-index-url = http://user:{SECRETS['pip_conf']}@127.0.0.1:9/simple\n"
        )
        (self.home / ".condarc").write_text(f"channels: ['http://u:{SECRETS['condarc']}@127.0.0.1:9/ch']\n")
        (self.home / ".npmrc").write_text(f"//127.0.0.1:9/:_authToken={SECRETS['npmrc']}\n")

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.home),
            "TMPDIR": str(self.tmp),
            "FAISS_FLEET_REPORTS": str(self.reports),
            "FAISS_FLEET_FORMATS": self.formats,
            "ANSIBLE_NOCOLOR": "1",
            "COLUMNS": "200",
            "CANARY": str(self.base / "canary"),  # made by what must never run
            "APPLICATION_TOKEN": SECRETS["environment"],
            "PIP_INDEX_URL": f"http://user:{SECRETS['pip_url']}@127.0.0.1:9/simple?token={SECRETS['index_query']}",
            "PIP_NO_CACHE_DIR": "1",
            **more,
        }

    def variables(self) -> dict[str, Any]:
        """For all hosts; a fault may have others for its own."""
        return {
            "faiss_install__strategies": ["wheel"],
            "faiss_install__wheelhouse": str(self.wheels),
            "faiss_install__cache": str(self.cache),
            "faiss_install__measure_fallback": False,
            "faiss_install__search_test": {"workload": WORKLOAD, "timeout": 20},
            "faiss_install__conda_channels": [
                f"http://user:{SECRETS['conda_url']}@127.0.0.1:9/t/{SECRETS['conda_token']}/channel"
            ],
            "glibc_facts__timeout": 2,
            "app_password": SECRETS["password"],
            "app": {"api_token": SECRETS["nested"]},
            "vault_token": SECRETS["token"],
        }


class Fleet:
    """Hosts by SSH, started once. A host is as it was found when a fault comes, and when it is gone."""

    def __init__(self, hosts: Mapping[str, str], way: str, seed: int = 0) -> None:
        self.way, self.seed = way, seed
        self.farm = Farm(hosts)
        self.by_roles: set[str] = set()  # hosts that a batch leaves to the roles
        self._audits = 0

    def __enter__(self) -> Fleet:
        wheels = wheelhouse()
        self.farm.__enter__()
        self.controller = Controller(self.farm.directory / "controller", wheels)
        for name, host in self.farm.hosts.items():
            # Machines of one image have one identity; these are machines.
            identity = hashlib.sha256(name.encode()).hexdigest()[:32] + "\n"
            if host.recipe != NO_PYTHON:
                self.path(name, "/etc/machine-id").write_text(identity)
        return self

    def __exit__(self, *error: Any) -> None:
        self.farm.__exit__(None, None, None)

    @property
    def hosts(self) -> list[str]:
        return list(self.farm.hosts)

    def path(self, host: str, path: str) -> Path:
        return self.farm.path(host, path)

    def upper(self, host: str) -> Path:
        """What a host has changed of its image, as the file system keeps it."""
        return self.farm.hosts[host].root.parent / "upper"

    # -- what is done on a host

    def enter(self, *argv: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Runs a command of the controller among the hosts' mounts and processes."""
        line = [command("nsenter"), f"--target={self.farm._pid}", "--net", "--mount", "--pid", "--", *argv]
        settings: dict[str, Any] = {"text": True, "capture_output": True, "check": True, **options}
        return subprocess.run(line, **settings)

    def sh(self, host: str, script: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Runs a shell script on a host, as its root."""
        return self.enter("chroot", str(self.farm.hosts[host].root), "/bin/sh", "-c", script, **options)

    def mount(self, host: str, place: str, *options: str) -> None:
        self.path(host, place).mkdir(parents=True, exist_ok=True)
        self.enter("mount", *options, f"{self.farm.hosts[host].root}{place}")

    def unmount(self, host: str, place: str) -> None:
        self.enter("umount", "-l", f"{self.farm.hosts[host].root}{place}")

    def sshd(self, host: str) -> int:
        """Process id of a host's listener, outside."""
        return self.farm._sshd[host]

    def start(self, host: str) -> None:
        """Starts the sshd of a host that was stopped."""
        self.farm.start(host)

    def erase(self, host: str) -> None:
        """A host where no audit has ever been."""
        for place in AUDITED:
            shutil.rmtree(self.path(host, place), ignore_errors=True)

    def first_run(self, hosts: Iterable[str]) -> Done:
        """The first audit. What an earlier run has packed for these hosts is there: no fault looks at packing."""
        hosts = tuple(hosts)
        name = "-".join(["faults", *sorted({self.farm.hosts[host].recipe for host in hosts})])
        kept_cache.bring(name, self.controller.cache)
        done = self.run(hosts)
        if done.status == 0:
            kept_cache.keep(name, self.controller.cache)
        return done

    def converge_as(self, audited: str, host: str) -> None:
        """Gives a host what an audit has left on another of its recipe."""
        roots = [self.farm.hosts[name].root for name in (audited, host)]
        for place in AUDITED if audited != host else ():
            if self.path(audited, place).exists():
                self.enter("cp", "--archive", f"{roots[0]}{place}", f"{roots[1]}{os.path.dirname(place)}/")

    # -- what is done on the controller

    def inventory(self, hosts: Iterable[str], variables: Mapping[str, Mapping[str, Any]]) -> Path:
        path = self.controller.base / "hosts.json"
        self.farm.write_inventory(path, variables)
        content = json.loads(path.read_text())
        everything = content["all"]
        everything["hosts"] = {
            name: {**everything["hosts"][name], "fleet_batch": name not in self.by_roles} for name in hosts
        }
        everything["vars"].update(self.controller.variables())
        # Connections of its own: one that an earlier audit left open would know nothing of the fault.
        self._audits += 1
        sockets = self.farm.directory / f"c{self._audits}"
        sockets.mkdir(mode=0o700)
        everything["vars"]["ansible_control_path_dir"] = str(sockets)
        path.write_text(json.dumps(content, indent=1))
        return path

    def command(self, book: str, inventory: Path, arguments: Iterable[str], extra: Mapping[str, Any]) -> list[str]:
        values = {**WAYS[self.way], **extra}
        return ["ansible-playbook", book, "-i", str(inventory), "-e", json.dumps(values), *arguments]

    def run(
        self,
        hosts: Iterable[str],
        variables: Mapping[str, Mapping[str, Any]] | None = None,
        *arguments: str,
        book: str = "audit.yml",
        extra: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        during: Any = None,
        longest: float = LONGEST,
    ) -> Done:
        """Runs a playbook to its end. during: called with the process once it is started."""
        hosts = tuple(hosts)
        inventory = self.inventory(hosts, variables or {})
        return self.run_inventory(
            hosts,
            inventory,
            *arguments,
            book=book,
            extra=extra,
            environment=environment,
            during=during,
            longest=longest,
        )

    def run_inventory(
        self,
        hosts: tuple[str, ...],
        inventory: Path,
        *arguments: str,
        book: str = "audit.yml",
        extra: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        during: Any = None,
        longest: float = LONGEST,
    ) -> Done:
        argv = self.command(book, inventory, arguments, extra or {})
        env = self.controller.environment(**(environment or {}))
        reports = Path(env["FAISS_FLEET_REPORTS"])
        before = set(_runs(reports))
        log = self.controller.base / "output"
        started = time.monotonic()
        env["PATH"] = os.path.dirname(sys.executable) + os.pathsep + env.get("PATH", os.defpath)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*self.farm.prefix, *argv],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=signals.as_in_a_terminal,
            )
            status: int | None
            try:
                if during is not None:
                    during(process)
                status = process.wait(longest)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                with contextlib.suppress(ProcessLookupError):
                    if status_unknown(process):
                        os.killpg(process.pid, signal.SIGKILL)
                        process.wait()
        new = sorted(set(_runs(reports)) - before)
        text = log.read_bytes().decode("utf-8", "replace")
        return Done(status, text, time.monotonic() - started, reports, hosts, new[-1] if new else None, new)

    # -- what is there

    def snapshot(self, host: str) -> dict[str, str]:
        """Every path that a host has changed of its image, with what it is."""
        return dict(_tree(self.upper(host)))

    def configuration(self, host: str) -> dict[str, bytes | None]:
        """The two files of the backend configuration, by what a reader gets; None for what is no readable file."""
        found: dict[str, bytes | None] = {}
        for name in ("backend.json", "backend.env"):
            path = self.path(host, f"/etc/faiss-fleet/{name}")
            if path.is_symlink():
                # As the host sees it: an absolute link begins at its root.
                path = self.path(host, os.path.join("/etc/faiss-fleet", os.readlink(path)))
            try:
                is_file = stat.S_ISREG(path.lstat().st_mode) and path.lstat().st_size < 1 << 20
                found[name] = path.read_bytes() if is_file else None
            except OSError:
                found[name] = None
        return found

    def end_processes(self, host: str) -> None:
        for line in self.processes(host):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(line.split()[0]), signal.SIGKILL)

    def processes(self, host: str) -> list[str]:
        """Command lines of what runs on a host, its sshd and their sessions apart."""
        root = str(self.farm.hosts[host].root)
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if os.readlink(entry / "root") == root:
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
                    if line and not line.startswith("sshd"):
                        found.append(f"{entry.name} {line}")
            except OSError:
                continue
        return found


def status_unknown(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None


def _runs(reports: Path) -> Iterator[Path]:
    if reports.is_dir():
        for path in reports.iterdir():
            if path.is_dir() and not path.is_symlink():
                yield path


def _tree(top: Path) -> Iterator[tuple[str, str]]:
    for directory, names, files in os.walk(top):
        for name in [*names, *files]:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            kind = stat.S_IFMT(status.st_mode)
            what = f"{stat.S_IMODE(status.st_mode):04o} {status.st_uid} {kind:o}"
            if kind == stat.S_IFREG:
                what += f" {status.st_size} {status.st_mtime_ns}"
            elif kind == stat.S_IFLNK:
                what += f" {os.readlink(path)}"
            yield "/" + os.path.relpath(path, top), what
