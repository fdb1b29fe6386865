# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs a playbook through ansible-runner and hands its events on. Nothing of it stays on disk but the reports."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..argument_specs import suggestion
from ..artefacts import cache
from ..errors import FleetError
from ..run_id import RUN_VARIABLE
from .places import ROOT, checkout

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
TAIL = 30  # lines of Ansible's own output shown when no host was reached


@dataclass(frozen=True)
class Ended:
    """How the playbook ended: its exit status, and the last lines that Ansible printed."""

    status: int
    tail: str
    broken_off: bool = False


def arguments(
    inventories: Sequence[str],
    limit: str | None,
    check: bool,
    diff: bool,
    extra: Sequence[str],
    rest: Sequence[str],
    here: Path,
) -> list[str]:
    """Of ansible-playbook. It runs in the project's directory, so paths given by the user are made absolute."""
    found: list[str] = []
    for inventory in inventories:
        local = here / Path(inventory).expanduser()
        found += ["-i", inventory if inventory.endswith(",") or not local.exists() else str(local.absolute())]
    if limit:
        local = here / limit.removeprefix("@")
        found += ["--limit", f"@{local.absolute()}" if limit.startswith("@") and local.exists() else limit]
    found += ["--check"] * check + ["--diff"] * diff
    for each in extra:
        local = here / each.removeprefix("@")
        found += ["-e", f"@{local.absolute()}" if each.startswith("@") and local.exists() else each]
    return [*found, *rest]


def check_inventories(inventories: Sequence[str], here: Path) -> None:
    """Raise FleetError for an inventory that is neither a path, of here or of the project, nor a list of hosts."""
    root = checkout()
    for each in inventories:
        local = here / Path(each).expanduser()
        if "," in each or local.exists() or (root / each).exists():
            continue
        beside = local.parent.iterdir() if local.parent.is_dir() else []
        near = suggestion(each, [str(Path(each).with_name(path.name)) for path in beside])
        raise FleetError(
            f"There is no inventory {each}.{near} Name a file or a directory, or list hosts with a comma: -i web01,"
        )


def environment(run_id: str, reports: Path, store: str) -> dict[str, str]:
    """What Ansible gets by its environment; a variable of the user's own stays."""
    # ansible-runner sets the path of callback plugins, which would hide the one in ansible.cfg.
    callbacks = [os.environ.get("ANSIBLE_CALLBACK_PLUGINS", ""), str(ROOT / "plugins" / "callback")]
    return {
        "ANSIBLE_CONFIG": os.environ.get("ANSIBLE_CONFIG", str(ROOT / "ansible.cfg")),
        "ANSIBLE_CALLBACK_PLUGINS": ":".join(filter(None, callbacks)),
        "FAISS_FLEET_REPORTS": str(reports),
        "FAISS_FLEET_STORE": store,
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}",
        RUN_VARIABLE: run_id,
    }


def playbook(
    name: str,
    command_line: Sequence[str],
    envvars: Mapping[str, str],
    on_event: Callable[[Mapping[str, Any]], None],
    passwords: Mapping[str, str],
) -> Ended:
    """Runs it to its end, or to Ctrl-C."""
    import ansible_runner

    def handle(event: Mapping[str, Any]) -> bool:
        on_event(event)
        return False  # no file for every event

    with cache.temporary("run") as directory:
        runner = ansible_runner.run(
            private_data_dir=str(directory),
            suppress_env_files=True,  # they would have the passwords, and stay where this process is killed
            project_dir=str(checkout()),
            playbook=name,
            cmdline=shlex.join(command_line),
            envvars=dict(envvars),
            passwords=dict(passwords),
            settings={"fact_cache_type": "memory"},
            event_handler=handle,
            quiet=True,
        )
        output = Path(runner.config.artifact_dir) / "stdout"
        tail = last_lines(output.read_text(encoding="utf-8", errors="replace")) if output.exists() else ""
    return Ended(int(runner.rc if runner.rc is not None else 1), tail, runner.status == "canceled")


def last_lines(text: str) -> str:
    """The end of what Ansible printed, without colours; of an option that it does not know, the line that says so."""
    lines = [line.rstrip() for line in _ESCAPES.sub("", text).splitlines()]
    refused = [line for line in lines if line.startswith("ansible-playbook: error: ")]
    if refused:
        return "\n".join(refused)
    return "\n".join([line for line in lines if line][-TAIL:])


def asked_passwords(rest: Sequence[str], ask: Callable[[str], str]) -> dict[str, str]:
    """Answers to what -k and -K will ask, asked for before the display begins."""
    short = "".join(each[1:] for each in rest if re.fullmatch("-[A-Za-z]+", each))
    answers: dict[str, str] = {}
    if "k" in short or "--ask-pass" in rest:
        answers[r"SSH password:\s*?$"] = ask("SSH password: ")
    if "K" in short or "--ask-become-pass" in rest:
        answers[r"BECOME password.*:\s*?$"] = ask("BECOME password: ")
    return answers
