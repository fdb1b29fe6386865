#!/usr/bin/env python3
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What an audit of a fleet costs beside `ansible -m ping` and `ansible -m setup` on the same hosts.

    tests/bench/bench_fleet.py [--hosts 50] [--repeat 3] [--recipe centos7-py313] [--roles] [--slices 4]
        [--pyinfra] [--new-connections]

Hosts are reached by real SSH into chroots on this machine (tests/ssh_farm.py), so controller and hosts share its cores.
One host is audited for the first time; the others begin as it is then. ssh keeps a connection open for a minute: with
so many hosts that a command takes longer, each command begins with new ones, as with --new-connections.
The processor time is the controller's alone: Ansible, its workers and their ssh clients. Memory is that of the largest
process. bench_class.py measures a first audit of one class, bench_simulation.py the controller's own work without SSH.
Nothing is judged: figures go to stdout. It runs as root, like the farm.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from images.standins.errors import StandInError
from tests.bench import peers
from tests.ssh_farm import Farm

ROOT = Path(__file__).resolve().parents[2]
PYINFRA = "pyinfra fact"
# What a probe reads too: the system, its libraries, processors, memory, file systems, SELinux and Pythons.
FACTS = (
    *("server.LinuxDistribution", "server.Kernel", "server.KernelVersion", "server.Arch", "server.Hostname"),
    *("hardware.Cpus", "hardware.Memory", "server.Mounts", "server.Selinux", "server.Home"),
    *("server.Command", "command=getconf GNU_LIBC_VERSION", "server.Which", "command=python3"),
)
RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


# Runs a command and says behind a mark what it and its children took: seconds of processors, KiB of the largest one.
USAGE = "FAISS_FLEET_USAGE "
MEASURED = f"""
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("{USAGE}%f %d" % (used.ru_utime + used.ru_stime, used.ru_maxrss), flush=True)
sys.exit(status)
"""


class Spent(NamedTuple):
    """Of a command: seconds on the clock and of the controller's processors, MiB of its largest process."""

    wall: float
    cpu: float
    mib: float


def timed(farm: Farm, argv: list[str], reports: Path) -> tuple[Spent, str]:
    """What a command takes that has to succeed, and its output."""
    env = {**os.environ, "FAISS_FLEET_REPORTS": str(reports), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    started = time.perf_counter()
    measured = [sys.executable, "-c", MEASURED, *argv]
    done = farm.run(measured, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wall = time.perf_counter() - started
    output, _mark, usage = done.stdout.rpartition(USAGE)
    if done.returncode:
        raise StandInError(f"{' '.join(argv)} ended with {done.returncode}:\n{output[-4000:]}")
    cpu, kib = map(float, usage.split())
    return Spent(wall, cpu, kib / 1024), output


def hosts_changed(output: str) -> list[str]:
    """Hosts of an ansible-playbook run that were changed, unreachable or failed."""
    return [name for name, *counts in RECAP.findall(output) if any(int(count) for count in counts)]


def measure(options: argparse.Namespace) -> None:
    with Farm({"first": options.recipe}) as farm:
        audited = audited_host(farm)
        names = [f"host{number:04}" for number in range(1, options.hosts + 1)]
        if options.first:
            measure_first(names, options)
            return
        with Farm(dict.fromkeys(names, options.recipe), over=audited) as others:
            measure_farm(others, options)


def measure_first(names: list[str], options: argparse.Namespace) -> None:
    """First audits of hosts whose class has its artefacts already, by the batch and by the roles, beside a ping."""
    print(
        f"first audits of {len(names)} hosts ({options.recipe}) by SSH, {options.forks} forks, {os.cpu_count()} cores"
    )
    seconds: dict[str, list[Spent]] = {}
    for way, more in (("batch", []), ("roles", ["-e", "fleet_batch=false"])):
        with Farm(dict.fromkeys(names, options.recipe)) as farm, tempfile.TemporaryDirectory() as reports:
            common = ["-i", str(farm.inventory), "--forks", str(options.forks)]
            for name in ("ansible -m ping", "ansible -m setup"):  # the first ping makes the connections
                argv = ["ansible", "all", "-m", name.split()[-1], "-o", *common]
                timed(farm, argv, Path(reports))
                seconds.setdefault(name, []).append(timed(farm, argv, Path(reports))[0])
            spent, output = timed(farm, ["ansible-playbook", "audit.yml", *common, *more], Path(reports))
            if sorted(hosts_changed(output)) != names:
                raise StandInError(f"Not every host was changed:\n{output[-2000:]}")
            seconds[f"first audit.yml, {way}"] = [spent]
    show(seconds, len(names))


def audited_host(farm: Farm) -> Path:
    """Audits the only host of a farm; returns a copy of what that leaves on it."""
    with tempfile.TemporaryDirectory(prefix="ff-bench-") as reports:
        first, output = timed(farm, ["ansible-playbook", "audit.yml", "-i", str(farm.inventory)], Path(reports))
    if hosts_changed(output) != ["first"]:
        raise StandInError(f"The first audit changed nothing:\n{output[-2000:]}")
    print(f"first audit.yml of one host: {first.wall:.1f} s, {first.cpu:.1f} s of the controller's processor")
    return farm.keep("first", farm.directory / "audited")


def measure_farm(farm: Farm, options: argparse.Namespace) -> None:
    names, hosts = list(farm.hosts), len(farm.hosts)
    with tempfile.TemporaryDirectory(prefix="ff-bench-") as reports:
        common = ["-i", str(farm.inventory), "--forks", str(options.forks)]
        commands = {
            "ansible -m ping": ["ansible", "all", "-m", "ping", "-o", *common],
            "ansible -m setup": ["ansible", "all", "-m", "setup", "-o", *common],
            "probe.yml": ["ansible-playbook", "playbooks/probe.yml", *common],
            "audit.yml, nothing to do": ["ansible-playbook", "audit.yml", *common],
        }
        if options.roles:
            commands["the same by the roles"] = ["ansible-playbook", "audit.yml", *common, "-e", "fleet_batch=false"]
        if options.pyinfra:
            commands[PYINFRA] = pyinfra(farm, Path(reports) / "inventory.py", options.forks)
        # Connections, caches and compiled modules of the hosts are warm for all that is compared.
        timed(farm, commands["ansible -m ping"], Path(reports))
        cores = f"{os.cpu_count()} cores, Python {platform.python_version()}"
        print(f"{hosts} hosts ({options.recipe}) by SSH, {options.forks} forks, {cores}")
        for number in (1, options.slices) if options.slices else ():
            run = ["faiss-fleet", "run", "-i", str(farm.inventory), "--slices", str(number), "-f", str(options.forks)]
            commands[f"faiss-fleet run, {number} slice(s)"] = run
        calls = {name: farm.calls(name) for name in names}
        timed(farm, commands["audit.yml, nothing to do"], Path(reports))
        most = max(farm.calls(name) - before for name, before in calls.items())
        print(f"remote calls of a converged audit, counted at sshd: {most} a host at most", flush=True)
        seconds: dict[str, list[Spent]] = {name: [] for name in commands}
        # In turns, so that a busy minute of the machine hits all alike.
        for number in range(options.repeat):
            for name, argv in commands.items():
                if options.new_connections and name != PYINFRA:  # which keeps none
                    sockets = farm.directory / f"c{number}{len(name)}"
                    sockets.mkdir(mode=0o700, exist_ok=True)
                    argv = [*argv, "-e", f"ansible_control_path_dir={sockets}"]
                spent, output = timed(farm, argv, Path(reports))
                seconds[name].append(spent)
                changed = hosts_changed(output)
                if changed:
                    raise StandInError(f"{name} changed {len(changed)} hosts a second time, {changed[0]} among them.")
    show(seconds, hosts)


def pyinfra(farm: Farm, inventory: Path, forks: int) -> list[str]:
    """The command that asks the hosts for what a probe reads too, as far as pyinfra has facts of it."""
    data = {
        "ssh_user": "root",
        "ssh_key": str(farm.directory / "client_key"),
        "ssh_known_hosts_file": str(farm.directory / "known_hosts"),
        "ssh_strict_host_key_checking": "yes",
    }
    hosts = [(host.name, {"ssh_hostname": host.address}) for host in farm.hosts.values()]
    inventory.write_text(f"hosts = ({hosts!r}, {data!r})\n", encoding="utf-8")
    binary = str(peers.installed("pyinfra", os.path.realpath(sys.executable), "bench-pyinfra.txt"))
    return [binary, "-y", "--parallel", str(forks), str(inventory), "fact", *FACTS]


def show(seconds: dict[str, list[Spent]], hosts: int) -> None:
    """Medians of each command, on the clock and of the processors, and their ratios to the two of Ansible's own."""
    middle = {name: Spent(*map(statistics.median, zip(*spent, strict=True))) for name, spent in seconds.items()}
    ping, setup = middle["ansible -m ping"], middle["ansible -m setup"]
    ratios = f"{'/ ping':>8}{'/ setup':>9}"
    print(f"{'':28}{'wall s':>8}{ratios}{'cpu s':>8}{ratios}{'ms a host':>11}{'MiB':>6}")
    for name, each in middle.items():
        wall = f"{each.wall:8.1f}{each.wall / ping.wall:8.2f}{each.wall / setup.wall:9.2f}"
        cpu = f"{each.cpu:8.2f}{each.cpu / ping.cpu:8.2f}{each.cpu / setup.cpu:9.2f}{each.cpu / hosts * 1000:11.1f}"
        print(f"{name:28}{wall}{cpu}{each.mib:6.0f}")
    one, several = ([each for name, each in middle.items() if name.startswith("faiss-fleet")] + [None, None])[:2]
    if one and several:
        print(f"processor time of the slices against one: {several.cpu / one.cpu:.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Times audits of hosts by SSH beside ping and setup.")
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--recipe", default="centos7-py313")
    parser.add_argument("--forks", type=int, default=20, help="the same for all commands (ansible.cfg says 20)")
    parser.add_argument("--roles", action="store_true", help="measure the same audit without the batch as well")
    parser.add_argument("--first", action="store_true", help="measure first audits, by the batch and by the roles")
    parser.add_argument("--new-connections", action="store_true", help="use none that an earlier command left open")
    parser.add_argument("--pyinfra", action="store_true", help="measure the facts of pyinfra as well")
    parser.add_argument("--slices", type=int, default=0, metavar="N", help="measure 1 and N slices")
    options = parser.parse_args()
    try:
        measure(options)
    except (StandInError, peers.Absent) as exc:
        print(f"bench_fleet: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
