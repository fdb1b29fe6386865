#!/usr/bin/env python3
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What an audit of a fleet costs beside `ansible -m ping` and `ansible -m setup` on the same hosts.

    tests/bench/bench_fleet.py [--hosts 50] [--repeat 3] [--recipe centos7-py313]

Hosts are reached by real SSH into chroots on this machine (tests/ssh_farm.py), so controller and hosts share its cores.
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

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from images.standins.errors import StandInError
from tests.ssh_farm import Farm

ROOT = Path(__file__).resolve().parents[2]
RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


def timed(farm: Farm, argv: list[str], reports: Path) -> tuple[float, str]:
    """Wall seconds and output of a command that has to succeed."""
    env = {**os.environ, "FAISS_FLEET_REPORTS": str(reports), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    started = time.perf_counter()
    done = farm.run(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise StandInError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return seconds, done.stdout


def hosts_changed(output: str) -> list[str]:
    """Hosts of an ansible-playbook run that were changed, unreachable or failed."""
    return [name for name, *counts in RECAP.findall(output) if any(int(count) for count in counts)]


def measure(hosts: int, repeat: int, recipe: str, forks: int) -> None:
    names = [f"host{number:03}" for number in range(1, hosts + 1)]
    with tempfile.TemporaryDirectory(prefix="ff-bench-") as reports, Farm(dict.fromkeys(names, recipe)) as farm:
        common = ["-i", str(farm.inventory), "--forks", str(forks)]
        commands = {
            "ansible -m ping": ["ansible", "all", "-m", "ping", "-o", *common],
            "ansible -m setup": ["ansible", "all", "-m", "setup", "-o", *common],
            "probe.yml": ["ansible-playbook", "playbooks/probe.yml", *common],
            "audit.yml, nothing to do": ["ansible-playbook", "audit.yml", *common],
        }
        # Connections, caches and compiled modules of the hosts are warm for all that is compared.
        timed(farm, commands["ansible -m ping"], Path(reports))
        first, output = timed(farm, commands["audit.yml, nothing to do"], Path(reports))
        cores = f"{os.cpu_count()} cores, Python {platform.python_version()}"
        print(f"{hosts} hosts ({recipe}) by SSH, {forks} forks, {cores}")
        print(f"first audit.yml: {first:.1f} s, {len(hosts_changed(output))} hosts changed")
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        # In turns, so that a busy minute of the machine hits all alike.
        for _ in range(repeat):
            for name, argv in commands.items():
                spent, output = timed(farm, argv, Path(reports))
                seconds[name].append(spent)
                changed = hosts_changed(output)
                if changed:
                    raise StandInError(f"{name} changed {len(changed)} hosts a second time, {changed[0]} among them.")
    show(seconds)


def show(seconds: dict[str, list[float]]) -> None:
    """Median, least and most of each command, and the median's ratio to the two of Ansible's own."""
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"{'':26}{'median s':>9}{'least':>8}{'most':>8}{'/ ping':>8}{'/ setup':>9}")
    for name, values in seconds.items():
        to_ping = middle[name] / middle["ansible -m ping"]
        to_setup = middle[name] / middle["ansible -m setup"]
        print(f"{name:26}{middle[name]:9.1f}{min(values):8.1f}{max(values):8.1f}{to_ping:8.2f}{to_setup:9.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Times audits of hosts by SSH beside ping and setup.")
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--recipe", default="centos7-py313")
    parser.add_argument("--forks", type=int, default=20, help="the same for all commands (ansible.cfg says 20)")
    options = parser.parse_args()
    try:
        measure(options.hosts, options.repeat, options.recipe, options.forks)
    except StandInError as exc:
        print(f"bench_fleet: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
