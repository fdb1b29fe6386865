# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the solver's process answers without a channel. It is not imported: the library hangs in a fork after use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Answers requests, then compares needs with virtual packages, then shows URLs: one process for all that is asked here.
CHILD = """
import json, os, sys
from types import SimpleNamespace
from faiss_fleet.strategies.conda import solver_child

asked = json.load(sys.stdin)
cause = ValueError("outer")
cause.__cause__ = OSError("inner")
print(json.dumps({
    "answers": [solver_child.answer(request) for request in asked["requests"]],
    "unmet": [solver_child.unmet(SimpleNamespace(depends=depends), named) for depends, named in asked["needs"]],
    "public": [solver_child._public(url, asked["public"]) for url in asked["urls"]],
    "words": [solver_child._words(cause), solver_child._words(KeyError())],
}), flush=True)
os._exit(0)
"""
ROOT = Path(__file__).resolve().parents[5]
CHANNEL = "https://127.0.0.1:1/ch"
SOLVE = {
    "operation": "solve",
    "offline": True,
    "timeout": 5,
    "channels": [CHANNEL],
    "specs": ["faiss-cpu"],
    "main": "faiss-cpu",
    "subdir": "linux-64",
    "virtual": {"__glibc": "2.17=0"},
    "public": {},
}
NEEDS = [
    (["__glibc >=2.28,<3.0.a0", "numpy"], {"__glibc": "2.17=0"}, ["__glibc >=2.28,<3.0.a0"]),
    (["__glibc >=2.17"], {"__glibc": "2.17=0"}, []),
    (["__cuda"], {"__glibc": "2.17=0"}, ["__cuda"]),
    (["__archspec * x86_64_v3"], {"__archspec": "1=x86_64_v3"}, []),
    (["__archspec * x86_64_v4"], {"__archspec": "1=x86_64_v3"}, ["__archspec * x86_64_v4"]),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    directory = tmp_path_factory.mktemp("conda")
    requests = [
        {**SOLVE, "repodata": str(directory)},
        {**SOLVE, "operation": "read_lock", "path": "/nowhere/pixi.lock"},
        {**SOLVE, "operation": "install", "files": ["/nowhere/x.conda"], "check": False},
        {**SOLVE, "operation": "no such"},
    ]
    asked = {
        "requests": requests,
        "needs": [(depends, named) for depends, named, _unmet in NEEDS],
        "urls": ["https://me:pw@h/ch/noarch/a.conda", "https://other/ch/a.conda"],
        "public": {"https://me:pw@h/ch/": "https://h/ch"},
    }
    done = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=ROOT, input=json.dumps(asked), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_whatever_fails_is_an_answer_in_words(told: dict[str, Any]) -> None:
    assert len(told["answers"]) == 4
    for answer in told["answers"]:
        assert answer["ok"] is False and answer["kind"] and answer["message"]


def test_a_channel_that_is_not_reached_is_told_from_a_request_that_is_wrong(told: dict[str, Any]) -> None:
    solve, _lock, _install, unknown = told["answers"]
    assert solve["kind"] == "network"
    assert (unknown["kind"], unknown["type"]) == ("error", "KeyError")


def test_what_a_package_asks_of_the_host_is_compared(told: dict[str, Any]) -> None:
    assert told["unmet"] == [unmet for _depends, _named, unmet in NEEDS]


def test_the_secret_of_a_channel_is_in_no_answer(told: dict[str, Any]) -> None:
    assert told["public"] == ["https://h/ch/noarch/a.conda", "https://other/ch/a.conda"]


def test_an_error_is_told_with_what_it_came_of(told: dict[str, Any]) -> None:
    assert told["words"] == ["outer: inner", "KeyError"]
