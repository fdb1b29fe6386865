#!/usr/bin/env python3
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Records what real hosts answer in their one call when nothing has changed, for bench_simulation.py.

    tests/bench/record_answers.py [recipe ...] > tests/fixtures/answers.jsonl

Each recipe (images/build --list) is one host by SSH, which is audited first with the options of an empty inventory.
A line holds the recipe and the answer. It runs as root, like tests/ssh_farm.py.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.fleet import interpreter, one_call, payload
from faiss_fleet.fleet.host_options import ROLES, HostOptions, Resolver
from tests.ssh_farm import Farm

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ("centos7-py313", "debian12")
PYTHONS = ("python3", "python3.13", "python3.8")


def default_options() -> HostOptions:
    """Options of a host of which the inventory says nothing."""
    defaults: dict[str, Any] = {}
    for role in ROLES:
        defaults |= yaml.safe_load((ROOT / "roles" / role / "defaults/main.yml").read_text(encoding="utf-8"))
    # Both are worked out of other options.
    own = {"glibc_facts__prefix": "/opt/faiss-fleet", "glibc_facts__setting": "/etc/faiss-fleet/backend.json"}
    return Resolver({**defaults, **own}, lambda value, _variables: value).of({})


def ask(farm: Farm, name: str) -> dict[str, Any]:
    """The answer of one host of the farm."""
    inventory = json.loads(farm.inventory.read_text(encoding="utf-8"))["all"]
    options, place = inventory["vars"], inventory["hosts"][name]["ansible_host"]
    ssh = ["ssh", "-p", str(options["ansible_port"]), "-i", options["ansible_ssh_private_key_file"]]
    ssh += [*shlex.split(options["ansible_ssh_common_args"]), f"root@{place}"]
    command = interpreter.command(payload.BOOT, "auto_silent", PYTHONS, {}, {})
    text, mark = payload.text(one_call.questions(default_options(), check_mode=False, facts_only=False))
    done = farm.run([*ssh, str(command)], stdin=None, input=text, text=False, capture_output=True)
    answer = payload.answer(done.stdout.decode(), mark)
    if answer is None or not answer["configuration"]:
        raise SystemExit(f"{name} gave no answer of a configured host: {answer} {done.stderr.decode()[-2000:]}")
    return answer


def main() -> int:
    recipes = sys.argv[1:] or list(RECIPES)
    with tempfile.TemporaryDirectory(prefix="ff-record-") as reports, Farm({name: name for name in recipes}) as farm:
        environment = {**os.environ, "FAISS_FLEET_REPORTS": reports, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
        audit = ["ansible-playbook", "audit.yml", "-i", str(farm.inventory)]
        done = farm.run(audit, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise SystemExit(done.stdout)
        for name in recipes:
            print(json.dumps({"recipe": name, "answer": ask(farm, name)}, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
