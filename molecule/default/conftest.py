# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The hosts of the running scenario, each looked at through podman rather than through what is under test."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest
import testinfra
import yaml
from testinfra.host import Host

SETTING = "/etc/faiss-fleet/backend.json"


def _names() -> list[str]:
    """Every host of the scenario's inventory: molecule says where that is."""
    inventory = Path(os.environ["MOLECULE_INVENTORY_FILE"])
    content = yaml.safe_load(inventory.read_text(encoding="utf-8"))
    return sorted(content["all"]["hosts"])


@pytest.fixture(params=_names())
def target(request: pytest.FixtureRequest) -> Host:
    return testinfra.get_host(f"podman://{request.param}")


@pytest.fixture
def setting(target: Host) -> dict[str, Any]:
    """The setting that the audit wrote."""
    content: dict[str, Any] = json.loads(target.file(SETTING).content_string)
    return content


@pytest.fixture
def start(target: Host, setting: dict[str, Any]) -> str:
    """A shell line that starts the setting's interpreter as an application would, with a clean environment."""
    runtime = setting["runtime"]
    pairs = [f"{name}={value}" for name, value in sorted(runtime["env"].items())]
    return shlex.join(["env", "-i", *pairs, *runtime["argv"]])
