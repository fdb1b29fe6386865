# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a host is asked in its one call, and what its answer comes to: the stages' results, or why that is not enough.

The same functions as of the roles plan, try and decide; a host where they leave nothing to do is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import FleetError
from ..target.backend import config
from ..target.search import run as search_test
from . import changes, search_call, search_limits, stages
from .answered_host import AnsweredHost, HandOver
from .host_options import HostOptions

# Seconds for the whole call: a host that needs longer has the roles' limits, which wait for each part of the work.
CALL_SECONDS = 60.0
# The host ends by itself before the call is cut, and then leaves nothing behind.
HOST_SECONDS = 50
WORKLOAD = {**search_test.WORKLOAD, "indexes": list(search_call.INDEXES), "soak": 0, "loader": True}


@dataclass(frozen=True)
class Done:
    """Results of the stages of a host where nothing has to be done, as the recorder takes them."""

    facts: dict[str, Any]
    install: dict[str, Any]
    backend: dict[str, Any]


def questions(options: HostOptions, check_mode: bool, facts_only: bool) -> dict[str, Any]:
    """What ``inspection`` is asked. Raises HandOver where one call cannot tell."""
    asked: dict[str, Any] = {"facts": options.facts, "seconds": HOST_SECONDS, "check_mode": check_mode}
    if facts_only:
        return asked
    if options.facts["setting"] != options.backend["path"]:
        raise HandOver("its facts are read of another configuration than the one that is written")
    given = options.install.search_test
    workload = {name: value for name, value in (given.get("workload") or {}).items() if value is not None}
    asked["test"] = {
        "workload": {**WORKLOAD, **workload, "figures": False},
        "timeout": min(int(given.get("timeout") or search_call.TIMEOUT), HOST_SECONDS),
        **search_limits.asked(given),
    }
    names = ("path", "mode", "owner", "group", "user", "backup")
    asked["configuration"] = {name: options.backend[name] for name in names if options.backend[name] not in (None, "")}
    return asked


def conclude(answer: Mapping[str, Any], options: HostOptions, check_mode: bool) -> Done:
    """The results of a host where nothing has to be done. Raises HandOver for any other."""
    facts, found = answer["facts"], answer.get("configuration")
    if not facts.get("setting"):
        raise HandOver("nothing is configured yet")
    if not found or answer.get("refused"):
        raise HandOver(answer.get("refused") or "its configuration could not be read")
    if found["changed"]:
        raise HandOver("its configuration has to be written")
    host = AnsweredHost(answer.get("test"), options.install.search_test)
    # What would have to be made on this controller takes its time elsewhere, where only that host waits for it.
    install = stages.install(facts, options.install, host, dry_run=True)
    if any(attempt.get("foreseen") or attempt["changed"] for attempt in install.get("attempts", ())):
        raise HandOver("something has to be installed")
    if not check_mode and not install.get("failed"):
        install = stages.install(facts, options.install, host, dry_run=False, plan=install["plan"])
    if install.get("failed"):
        raise HandOver(str(install["msg"]))
    if install["if_lost"] or install["changed"]:
        raise HandOver("something has to be installed or removed")
    backend = _configured(found, install, options, facts, check_mode)
    return Done({"ansible_facts": {"glibc_facts": facts}}, install, backend)


def _configured(
    found: Mapping[str, Any],
    install: Mapping[str, Any],
    options: HostOptions,
    facts: Mapping[str, Any],
    check_mode: bool,
) -> dict[str, Any]:
    try:
        wanted = stages.Configuration.of(changes.arguments(install, options), facts, check_mode)
    except FleetError as exc:
        raise HandOver(str(exc)) from exc
    setting = wanted.module_args["setting"]
    if wanted.decision["predicted"]:
        setting = config.predicted(setting, found["before"])
    if not config.same(found["before"], setting):
        raise HandOver("another configuration has to be written")
    return wanted.result({**found, "backup_file": None, "diff": [], "lost": []})
