#!/usr/bin/env python3
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a first audit of 1, 5 and 20 hosts of one class costs, beside `pip install` on each of these hosts.

    tests/bench/bench_class.py [--hosts 1 5 20] [--forks 20]

Each size has fresh hosts by real SSH (tests/ssh_farm.py) and a controller whose cache is empty. Controller and hosts
share this machine's cores and one package index at 127.0.0.1, so that no network far away is measured. The audit
probes, plans, installs, tests and sets; pip only installs. Nothing is judged: figures go to stdout. It runs as root.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from images.standins.errors import StandInError
from tests import class_wheels
from tests.bench.bench_fleet import ROOT, hosts_changed
from tests.package_index import Index
from tests.ssh_farm import Farm

RECIPE = "centos7-py313"
TARGET = "/opt/naive"


@dataclass(frozen=True)
class Cost:
    """seconds of wall time; downloaded: bytes that the index served; shipped: bytes over the hosts' network."""

    seconds: float
    downloaded: int
    shipped: int


def traffic(farm: Farm) -> int:
    """Bytes that went over the farm's loopback so far. Not by /sys, which shows another network's."""
    lines = farm.run(["cat", "/proc/net/dev"], check=True).stdout.splitlines()
    (numbers,) = [line.split(":")[1].split() for line in lines if line.strip().startswith("lo:")]
    return int(numbers[8])


def cost(farm: Farm, index: Index, argv: list[str], env: dict[str, str]) -> Cost:
    """Of a command that has to succeed."""
    sent, served, started = traffic(farm), index.bytes_served(), time.perf_counter()
    done = farm.run(argv, cwd=ROOT, env={**os.environ, **index.environment, **env})
    seconds = time.perf_counter() - started
    if done.returncode:
        raise StandInError(f"{argv[0]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
    if argv[0] == "ansible-playbook":
        changed = len(hosts_changed(done.stdout))
        print(f"  {seconds:6.1f} s  audit.yml, {changed} hosts changed", flush=True)
    downloaded = index.bytes_served() - served
    return Cost(seconds, downloaded, traffic(farm) - sent - downloaded)


def audit(farm: Farm, index: Index, work: Path, forks: int) -> Cost:
    options = ["-e", f"faiss_install__cache={work}/cache", "-e", '{"faiss_install__strategies": ["wheel"]}']
    argv = ["ansible-playbook", "audit.yml", "-i", str(farm.inventory), "--forks", str(forks), *options]
    env = {"FAISS_FLEET_REPORTS": f"{work}/reports", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    return cost(farm, index, argv, env)


def naive(farm: Farm, index: Index, forks: int) -> Cost:
    """pip on every host, as many at once as the audit has."""
    wanted = f"faiss-cpu=={class_wheels.FAISS} numpy=={class_wheels.NUMPY}"
    command = (
        f"python3 -m pip install --quiet --no-cache-dir --disable-pip-version-check --root-user-action=ignore "
        f"--index-url {index.url} --target {TARGET} {wanted}"
    )
    argv = ["ansible", "all", "-i", str(farm.inventory), "--forks", str(forks), "-m", "shell", "-a", command]
    found = cost(farm, index, argv, {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")})
    for name in farm.hosts:
        if not farm.path(name, f"{TARGET}/faiss/__init__.py").exists():
            raise StandInError(f"pip left no faiss on {name}.")
    # What the hosts fetched went over their network, one by one.
    return Cost(found.seconds, 0, found.shipped + found.downloaded)


def measure(hosts: int, forks: int) -> dict[str, Cost]:
    names = [f"host{number:03}" for number in range(1, hosts + 1)]
    with tempfile.TemporaryDirectory(prefix="ff-bench-") as directory, Farm(dict.fromkeys(names, RECIPE)) as farm:
        work = Path(directory)
        with Index(class_wheels.directory(), work / "asked", farm.prefix) as index:
            farm.run(["ansible", "all", "-i", str(farm.inventory), "-m", "ping"], cwd=ROOT, check=True)
            print(f"{hosts} hosts", flush=True)
            found = {"first audit": audit(farm, index, work, forks), "second audit": audit(farm, index, work, forks)}
            packs = len(list((work / "cache/archives").glob("*.tar.gz")))
            solves, downloads = index.listings().get("numpy", 0), index.downloads()
            print(f"  {solves} solve, {max(downloads.values())} download of each wheel, {packs} pack", flush=True)
            found["pip install on each"] = naive(farm, index, forks)
            return found


def show(rows: dict[int, dict[str, Cost]]) -> None:
    head = f"{'hosts':>5}  {'':20}{'s':>7}{'s/host':>8}{'downloaded':>13}{'shipped':>12}{'a host':>11}"
    print(f"\n{head}{'s / pip':>9}{'MB / pip':>10}")
    for hosts, found in rows.items():
        pip = found["pip install on each"]
        for name, each in found.items():
            moved, by_pip = each.downloaded + each.shipped, pip.downloaded + pip.shipped
            print(
                f"{hosts:5}  {name:20}{each.seconds:7.1f}{each.seconds / hosts:8.2f}{each.downloaded / 1e6:10.1f} MB"
                f"{each.shipped / 1e6:9.1f} MB{each.shipped / 1e6 / hosts:8.1f} MB"
                f"{each.seconds / pip.seconds:9.2f}{moved / by_pip:10.2f}"
            )


def main() -> int:
    parser = argparse.ArgumentParser(description="Times first audits of one class of hosts beside pip on each host.")
    parser.add_argument("--hosts", type=int, nargs="+", default=[1, 5, 20])
    parser.add_argument("--forks", type=int, default=20, help="of audit and pip alike (ansible.cfg says 20)")
    options = parser.parse_args()
    print(f"{RECIPE} by SSH, {os.cpu_count()} cores, Python {platform.python_version()}, {options.forks} forks")
    try:
        show({hosts: measure(hosts, options.forks) for hosts in options.hosts})
    except StandInError as exc:
        print(f"bench_class: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
