# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The containers of inventory/demo: started once, ended by the ids that were recorded."""

from __future__ import annotations

import json
from pathlib import Path

from . import cache, engine, portable
from .errors import StandInError
from .recipes import RECIPES
from .shell import say

PREFIX = "ff-demo-"
# The hosts of inventory/demo, each with its stand-in. None of them needs a compiler to be made.
HOSTS = {
    "centos7-py313": "centos7-py313",
    "centos7-py38": "centos7-py38",
    "centos7-nopython": "centos7-nopython",
    "centos7-pinned": "centos7-py313",
    "debian12": "debian12",
}


def up() -> None:
    """Starts what does not run yet. What runs keeps its state, so that a second audit finds nothing to do."""
    with cache.lock("demo"):
        recorded = _read()
        for host, standin in HOSTS.items():
            if _running(recorded.get(host)):
                continue
            image = engine.image(RECIPES[standin])
            if host in recorded:
                _remove(recorded.pop(host))
            name = PREFIX + host
            recorded[host] = engine.podman(
                "run",
                "--detach",
                f"--name={name}",
                f"--hostname={host}",
                image,
                remedy=f"\nIs there a container {name} of somebody else's? Then remove it: images/podman rm -f {name}",
            ).strip()
            _write(recorded)
            say(f"{host}: runs as {name}")
    portable.archive()


def down() -> None:
    """Ends exactly the recorded containers."""
    with cache.lock("demo"):
        recorded = _read()
        for name in list(recorded):
            _remove(recorded.pop(name))
            _write(recorded)
            say(f"{name}: ended")


def status() -> None:
    recorded = _read()
    for name in HOSTS:
        print(f"{name:18} {'runs as ' + PREFIX + name if _running(recorded.get(name)) else 'does not run'}")


def _state() -> Path:
    return cache.directory() / "demo.json"


def _read() -> dict[str, str]:
    """Container ids by stand-in."""
    try:
        recorded: dict[str, str] = json.loads(_state().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return recorded


def _write(recorded: dict[str, str]) -> None:
    partial = _state().with_suffix(".partial")
    partial.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
    partial.rename(_state())


def _running(container: str | None) -> bool:
    if container is None:
        return False
    try:
        return engine.podman("container", "inspect", "--format", "{{.State.Running}}", container).strip() == "true"
    except StandInError as exc:
        if "no such container" in str(exc).lower():
            return False
        raise


def _remove(container: str) -> None:
    # --ignore: it may be gone already.
    engine.podman("rm", "--force", "--ignore", "--time=0", container)
