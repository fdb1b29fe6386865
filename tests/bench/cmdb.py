# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""ansible-cmdb, which renders what Ansible's ``setup`` says of hosts to one HTML page, on the facts of a run of ours.

It is installed from requirements/bench-cmdb.txt into an environment in the cache, whose Python is 3.11 or older: the
last release imports a module that 3.12 no longer has.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench import peers

MOST_HOSTS = 10_000  # beyond, its page is one that no browser opens
LIMIT = 600.0  # seconds that it is given


class Rendered(NamedTuple):
    """Its page and what it took to make."""

    page: Path
    seconds: float
    cpu: float
    peak_mib: float


def render(directory: Path, limit: float = LIMIT) -> Rendered:
    """Render the hosts of a run's directory. peers.Absent says why there is no page."""
    binary = peers.installed("ansible-cmdb", _python(), "bench-cmdb.txt", "bench-cmdb-build.txt")
    facts, page, said = (directory.parent / f"{directory.name}-cmdb{end}" for end in ("", ".html", ".log"))
    _write_facts(directory / "records.jsonl", facts)
    # It is a shell script that takes the first Python on the path. local_js: DataTables from disk, as ours has it.
    environment = {**os.environ, "PATH": f"{binary.parent}{os.pathsep}{os.environ['PATH']}"}
    command = [str(binary), "-t", "html_fancy", "-p", "local_js=1", str(facts)]
    started, late = time.perf_counter(), threading.Event()
    with page.open("wb") as out, said.open("wb") as told:
        process = subprocess.Popen(command, stdout=out, stderr=told, env=environment, start_new_session=True)

        def stop() -> None:
            late.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit, stop)
        timer.start()
        _pid, status, used = os.wait4(process.pid, 0)  # of this child, with its own children
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    shutil.rmtree(facts)
    if late.is_set():
        raise peers.Absent(f"it was not done after {limit:g} s")
    names = [json.loads(line)["host"]["name"] for line in (directory / "records.jsonl").open(encoding="utf-8")]
    text = page.read_text(encoding="utf-8", errors="replace")
    lacking = [name for name in (names[0], names[-1]) if name not in text]
    if process.returncode or lacking:
        last = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise peers.Absent(
            f"it ended with {process.returncode}, without {lacking}: {' '.join(last) or 'it said nothing'}"
        )
    return Rendered(page, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _python() -> str:
    """A Python that it runs on."""
    if sys.version_info < (3, 12):
        return os.path.realpath(sys.executable)
    for name in ("python3.11", "python3.10"):
        found = shutil.which(name)
        if found and subprocess.run([found, "-c", "import venv, ensurepip"], capture_output=True).returncode == 0:
            return found
    raise peers.Absent("it wants Python 3.11 or older, with its venv module, and there is none")


def _write_facts(records: Path, directory: Path) -> None:
    """One file a host, as ``ansible -m setup --tree`` writes them."""
    directory.mkdir()
    with records.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            name, known = record["host"]["name"], record["facts"]
            said = {"ansible_facts": setup(name, known)} if known else {"unreachable": True, "msg": record["because"]}
            (directory / name).write_text(json.dumps(said), encoding="utf-8")


def setup(name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What ``setup`` would say of the host as far as our facts know it, by its names, and our facts beside it.

    So both pages show the same: ansible-cmdb puts every fact that it is given into a host's details.
    """
    system, cpu = facts["os"], facts["cpu"]
    memory = (facts.get("memory_bytes") or 0) // 1_048_576
    family = {"debian": "Debian", "alpine": "Alpine"}.get(system["id"] or "", "RedHat")
    mounts = [
        {"mount": each["mount"], "device": "/dev/vda1", "fstype": each["type"], "options": "rw"}
        | {"size_total": each["free_bytes"], "size_available": each["free_bytes"]}
        for each in {each["mount"]: each for each in facts["filesystems"]}.values()
    ]
    return {
        "ansible_fqdn": name,
        "ansible_nodename": name,
        "ansible_hostname": name.partition(".")[0],
        "ansible_domain": name.partition(".")[2],
        "ansible_system": "Linux",
        "ansible_os_family": family,
        "ansible_distribution": system["name"],
        "ansible_distribution_version": system["version"],
        "ansible_kernel": facts["kernel"],
        "ansible_architecture": facts["arch"],
        "ansible_machine": facts["arch"],
        "ansible_userspace_architecture": facts["arch"],
        "ansible_userspace_bits": "64",
        "ansible_processor": ["0", cpu["model"]],
        "ansible_processor_count": 1,
        "ansible_processor_cores": cpu["count"],
        "ansible_processor_vcpus": cpu["count"],
        "ansible_memtotal_mb": memory,
        "ansible_memfree_mb": memory // 2,
        "ansible_swaptotal_mb": 0,
        "ansible_swapfree_mb": 0,
        "ansible_mounts": mounts,
        "ansible_selinux": {"status": facts["selinux"]["status"]},
        "ansible_interfaces": [],
        "ansible_devices": {},
        **{f"faiss_fleet_{key}": value for key, value in facts.items()},
    }


def main() -> None:
    """Renders a run's directory and prints the figures as JSON, or why there are none.

    In a process of its own: the peak memory of a child is never told as less than its parent had.
    """
    try:
        made = render(Path(sys.argv[1]))
    except peers.Absent as exc:
        print(json.dumps(str(exc)))
    else:
        print(json.dumps([made.seconds, made.cpu, made.peak_mib, made.page.stat().st_size / 1e6]))


if __name__ == "__main__":
    main()
