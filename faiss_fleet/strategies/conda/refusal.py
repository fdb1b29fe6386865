# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Says why conda refused: what the host has beside what a package wants, and what would have fitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...causes import diagnose as causes
from ...errors import Fault, FleetError
from ...redact import redact
from .host_class import HostClass
from .options import PACKAGES

CAUSES = {"__glibc": "conda_glibc", "__archspec": "cpu_isa", "__linux": "kernel_too_old"}
WORDS = 1500
# What the library says when it finds no certificates to trust, which it wants even for channels in directories.
NO_CERTIFICATES = ("builder error", "no ca certificates", "no native root")


def error(answer: dict[str, Any], host: HostClass, packages: Sequence[str], channels: Sequence[str]) -> FleetError:
    """The error for an answer of the solver's process that is not ok."""
    whole = redact(answer["message"].strip())
    found = _told(answer, host, packages, channels, whole[:WORDS])
    found.log = whole
    return found


def _told(
    answer: dict[str, Any], host: HostClass, packages: Sequence[str], channels: Sequence[str], said: str
) -> FleetError:
    kind = answer["kind"]
    if kind == "unsat":
        return _unsolved(answer, host, packages, channels, said)
    if kind == "wants":
        return lock_refused(answer["wants"], host)
    where = ", ".join(redact(channel) for channel in channels)
    if any(words in said.lower() for words in NO_CERTIFICATES):
        remedy = "Install the package ca-certificates on the controller, or set SSL_CERT_FILE to certificates to trust."
        text = f"conda's solver found no certificates to trust on this controller ({said}). {remedy}"
        return FleetError(text, "tls", remedy)
    if kind == "network":
        remedy = (
            "Let the controller reach the channel (proxy, credentials in RATTLER_AUTH_FILE), or name a mirror or a "
            "file:// copy of it in faiss_install__conda_channels."
        )
        return FleetError(f"The channels ({where}) could not be read: {said}. {remedy}", "conda_network", remedy)
    if kind == "request":
        remedy = f"Correct {PACKAGES} or faiss_install__conda_channels."
        text = f"conda does not understand what it is asked for ({', '.join(packages)}): {said}. {remedy}"
        return FleetError(text, None, remedy)
    if "longer than the placeholder" in said:
        remedy = "Set faiss_install__prefix to a shorter path: packages leave room for about 200 characters."
        return FleetError(f"The prefix on the hosts is longer than the packages have room for. {remedy}", None, remedy)
    found = causes.diagnose(said)
    cause = found[0]["cause"] if found else "corrupt_artefact" if kind in ("install", "lock") else "unknown"
    known = found[0]["remedy"] if found else None
    return FleetError(f"conda's solver failed: {said}", cause, known, fault="controller")


def _unsolved(
    answer: dict[str, Any], host: HostClass, packages: Sequence[str], channels: Sequence[str], said: str
) -> FleetError:
    if answer["missing"]:
        names, where = ", ".join(answer["missing"]), ", ".join(redact(channel) for channel in channels)
        remedy = f"Correct {PACKAGES}, or add the channel that has it to faiss_install__conda_channels."
        text = f"No package {names} for {host.subdir} is in the channels ({where}). {remedy} The solver said: {said}"
        return FleetError(text, "conda_not_found", remedy)
    better, fitting = answer["better"], answer["fitting"]
    parts = [f"No environment of {', '.join(packages)} fits this class of hosts ({host})"]
    cause = "conda_unsat"
    if better:
        cause = CAUSES[better["name"]]
        have, least = host.have(better["name"]), better["least"]
        unmet = wants(better["wants"])
        unmet = unmet or f"it would take {better['name']} {least}"
        parts[0] += f": {unmet}, and the host has {better['name']} {have}"
    if fitting:
        parts.append("The newest that would have fitted is " + _listed(fitting))
        remedy = f"Set {PACKAGES} to [{', '.join(_pinned(fitting))}], or leave the versions out."
    else:
        parts.append("No other version in these channels fits it either")
        remedy = "Name a channel with older builds in faiss_install__conda_channels, or use another strategy there."
    # What fits no host at all is asked for wrongly, and says nothing of this one.
    fault: Fault | None = "inventory" if better is None and answer.get("anywhere") is False else None
    return FleetError(". ".join([*parts, remedy]) + f" The solver said: {said}", cause, remedy, fault=fault)


def _listed(packages: Sequence[dict[str, str]]) -> str:
    first, *rest = sorted(packages, key=lambda each: (not each["name"].startswith("faiss"), each["name"]))
    others = ", ".join(f"{each['name']} {each['version']}" for each in rest)
    return f"{first['name']} {first['version']}" + (f" (with {others})" if others else "")


def _pinned(packages: Sequence[dict[str, str]]) -> list[str]:
    """FAISS at the version that fits, the others as they come."""
    return [
        f"{each['name']}={each['version']}" if each["name"].startswith("faiss") else each["name"]
        for each in sorted(packages, key=lambda each: (not each["name"].startswith("faiss"), each["name"]))
    ]


def wants(unmet: Sequence[dict[str, str]]) -> str:
    """[{"name", "version", "wants"}] in words."""
    return "; ".join(f"{each['name']} {each['version']} wants {each['wants']}" for each in unmet)


def lock_refused(unmet: Sequence[dict[str, str]], host: HostClass) -> FleetError:
    """A lock that was made for better hosts than these."""
    name = unmet[0]["wants"].split()[0]
    text = wants(unmet)
    remedy = "Give these hosts another lock in faiss_install__conda_lock, or none: they are then solved for."
    have = f"and the host has {name} {host.have(name)}"
    text = f"The lock is not for this class of hosts ({host}): {text}, {have}. {remedy}"
    return FleetError(text, CAUSES.get(name, "conda_unsat"), remedy)
