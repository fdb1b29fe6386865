# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Strategy ``container``: a Python with FAISS in an image, started by the host's podman or docker."""

from __future__ import annotations

import dataclasses
from typing import Any

from ...artefacts.named_file import NamedFile
from ...causes import diagnose as causes
from ...errors import Fault, FleetError
from ...target.elf import versions as glibc
from ..base import INVENTORY, Artefact, Candidate, Facts, Forecast, Options, Reason, make_reason
from ..host_python import python_on_host
from ..wheel import judge as wheel_judge
from ..wheel import strategy as wheel
from . import base_image as container_base
from . import build as container_build
from . import lock as container_lock
from . import options as container_options
from . import wrapper as container_wrapper
from .options import PREFIX, ContainerOptions
from .options import STRATEGY as NAME
from .wrapper import Engine

# From here on glibc starts threads by clone3, which an older engine's filter answers with EPERM.
GLIBC_OF_CLONE3 = (2, 34)
PREFIX_BYTES = 1_000_000
BUILD_SECONDS = 120.0
READ_SECONDS = 20.0


class ContainerStrategy:
    """See the module."""

    name = NAME
    native = True
    remover = container_lock.MODULE

    def plan(self, facts: Facts, options: Options) -> list[Candidate]:
        """One candidate: the engine that answers, with the image that the inventory names or has built."""
        wanted = container_options.from_options(options)
        engine, reasons = chosen_engine(facts, wanted)
        reasons += host_reasons(facts, options)
        inside, wheels, unfit = _inside(facts, options, wanted)
        reasons += unfit
        if engine:
            reasons += clone3(engine, inside)
        return [_candidate(wanted, engine, inside, wheels, reasons)]

    def resolve(self, candidate: Candidate, facts: Facts, options: Options) -> Artefact | None:
        """The prefix and the image, made once per class of hosts."""
        wanted = container_options.from_options(options)
        engine, missing = chosen_engine(facts, wanted)
        if engine is None:
            cause = missing[0]["cause"]
            text = "; ".join(reason["text"] for reason in missing)
            raise FleetError(
                f"No engine could start a container: {text}.", cause, str(causes.remedy(cause)), fault="host"
            )
        if not wanted.named:
            raise FleetError(f"{candidate['id']} has no image any more. Run again.", "image_missing")
        wheels, found = None, {}
        if wanted.source == "build":
            inside = _base(wanted, options, now=True)
            assert inside is not None
            chosen = _runnable(container_base.as_host(inside, facts), options)
            wheels = wheel.STRATEGY.resolve(chosen, container_base.as_host(inside, facts), options)
            found = {name: chosen["artefact"][name] for name in ("version", "python")}
        made = container_lock.artefact(facts, options, engine, wheels)
        return dataclasses.replace(made, found={**made.found, **found})

    def forecast(self, candidate: Candidate, facts: Facts, options: Options) -> Forecast | None:
        """The prefix where nothing large has to be made for it, else how the image would be made."""
        wanted = container_options.from_options(options)
        wheels, expected = None, None
        inside = _base(wanted, options, now=False) if wanted.source == "build" else None
        if inside is not None:
            within = container_base.as_host(inside, facts)
            expected = wheel.STRATEGY.forecast(_runnable(within, options), within, options)
            wheels = expected.artefact if expected else None
        if container_lock.at_hand(wanted, options, wheels):
            return Forecast(artefact=self.resolve(candidate, facts, options))
        given = wanted.base if wanted.source == "build" else wanted.archive
        size = given.path.stat().st_size if isinstance(given, NamedFile) else None
        if wanted.source == "build":
            # Which wheel it gets is known only of a base that was looked into.
            added = (expected.ship or 0) if expected else 0
            how = "build the image from its base"
            return Forecast(how=how, ship=None if size is None else size + added, seconds=BUILD_SECONDS)
        container_lock.check_arch(container_lock.given_arch(wanted, options), facts)
        return Forecast(how="read the image's archive", download=0, ship=size, seconds=READ_SECONDS)


def chosen_engine(facts: Facts, wanted: ContainerOptions) -> tuple[Engine | None, list[Reason]]:
    """The engine that answers, podman first; else None with what is the matter with each."""
    named = [found for found in facts["engines"] if wanted.engine in ("", found["name"])]
    ready = [found for found in named if found["answers"]]
    if ready:
        best = min(ready, key=lambda found: found["name"] != "podman")
        return container_wrapper.engine_of(best), []
    need = wanted.engine or "podman or docker"
    if not named:
        return None, [make_reason("engine", "engine_missing", need, None, f"this host has no {need}")]
    reasons = []
    for found in named:
        error = found.get("error") or "it does not answer"
        diagnosed = causes.diagnose(error)
        cause = diagnosed[0]["cause"] if diagnosed else "engine_missing"
        have = " ".join(filter(None, [found["name"], found["version"]]))
        need = f"a {found['name']} that answers"
        reasons.append(make_reason("engine", cause, need, have, f"{found['path']}: {error}"))
    return None, reasons


def host_reasons(facts: Facts, options: Options) -> list[Reason]:
    """What of the host itself stands in the way of any container."""
    found = python_on_host(facts)
    kernel = facts.get("kernel") or ""
    have = glibc.parse_version(kernel)[:2] if kernel[:1].isdigit() else None
    if have and have < container_wrapper.KERNEL_OF_ENGINES:
        need = glibc.text(container_wrapper.KERNEL_OF_ENGINES)
        text = f"container engines need Linux {need}, and this host runs {kernel}"
        found.append(make_reason("kernel", "kernel_too_old", f"Linux {need}", kernel, text))
    return found + wheel_judge.file_system(facts, options, PREFIX_BYTES, NAME)


def clone3(engine: Engine, inside: dict[str, Any] | None) -> list[Reason]:
    """One reason where the engine is known to keep the image's glibc from starting threads."""
    version = (inside or {}).get("libc", {}).get("version")
    if not version or not container_wrapper.refuses_clone3(engine.name, engine.version):
        return []
    if glibc.parse_version(version) < GLIBC_OF_CLONE3:
        return []
    have, need = glibc.text(engine.version), glibc.text(container_wrapper.DOCKER_OF_CLONE3)
    text = f"docker {have} answers clone3 with EPERM, so no thread starts under the image's glibc {version}"
    return [make_reason("seccomp", "seccomp_clone3", f"docker {need}", have, text)]


def _inside(
    facts: Facts, options: Options, wanted: ContainerOptions
) -> tuple[dict[str, Any] | None, Candidate | None, list[Reason]]:
    """What is known of the image: its userland, the wheel for it, and why there is none."""
    if not wanted.named:
        text = f"{wanted.variable} names nothing, so there is no image for the source {wanted.source}"
        return None, None, [make_reason(INVENTORY, "image_missing", "an image", None, text)]
    if wanted.source != "build":
        return None, None, []
    try:
        inside = _base(wanted, options, now=False)
    except FleetError:
        return None, None, []  # raised once more when it is tried: it is no host's fault, and blocks none
    if inside is None:
        return None, None, []
    if inside["arch"] != facts["arch"]:
        text = f"the base is for {inside['arch']}, and this host is {facts['arch']}"
        return inside, None, [make_reason("arch", "arch_mismatch", facts["arch"], inside["arch"], text)]
    chosen = _wheel(container_base.as_host(inside, facts), options)
    # What the base itself lacks is said when it is tried, as it is no host's fault either.
    return inside, chosen, _of_the_host(chosen)


def _base(wanted: ContainerOptions, options: Options, now: bool) -> dict[str, Any] | None:
    """The base as facts. What cannot be used of it says nothing of a host, whatever its cause says elsewhere."""
    try:
        return container_build.inspected(wanted, options, now)
    except FleetError as exc:
        exc.fault = "inventory" if exc.fault == "host" else exc.fault
        raise


def _wheel(within: Facts, options: Options) -> Candidate:
    """The best wheel for the image's Python; a blocked one, with its reasons, when none fits."""
    candidates = wheel.plan(within, options, wheel.catalogue_of(options), None)
    return next((found for found in candidates if found["verdict"] == "possible"), candidates[0])


def _of_the_host(chosen: Candidate) -> list[Reason]:
    """The reasons that are the processor's; the others are those of the base, which comes with its userland."""
    return [reason for reason in chosen["reasons"] if reason["check"] in ("arch", "cpu_isa")]


def _runnable(within: Facts, options: Options) -> Candidate:
    """The best wheel for the image's Python. Raises FleetError when none fits."""
    chosen = _wheel(within, options)
    if chosen["verdict"] == "possible":
        return chosen
    reason = [*_of_the_host(chosen), *chosen["reasons"]][0]
    text = f"No wheel runs in the base: {reason['text']}."
    fault: Fault = "host" if _of_the_host(chosen) else "inventory"
    raise FleetError(text, reason["cause"], chosen["remedy"], fault=fault)


def _candidate(
    wanted: ContainerOptions,
    engine: Engine | None,
    inside: dict[str, Any] | None,
    wheels: Candidate | None,
    reasons: list[Reason],
) -> Candidate:
    known = wheels["artefact"] if wheels else {"version": None, "python": None}
    file = wanted.archive if wanted.source == "archive" else wanted.base if wanted.source == "build" else None
    image, sha256 = str(wanted.image) if wanted.source == "registry" and wanted.image else None, None
    if isinstance(file, NamedFile):
        image, sha256 = file.path.name, file.sha256
    elif file is not None:
        image = str(file)
    return Candidate(
        id=f"{NAME}:{wanted.source}:{image or 'none'}:{engine.name if engine else 'none'}",
        strategy=NAME,
        artefact={
            "name": "faiss-cpu",
            "version": known["version"],
            "file": image,
            "sha256": sha256,
            "python": known["python"],
        },
        verdict="blocked" if reasons else "possible",
        reasons=reasons,
        remedy=_remedy(reasons[0], wanted) if reasons else None,
        runtime=None if engine is None else container_lock.runtime(engine),
        note=_note(wanted, inside),
    )


def _note(wanted: ContainerOptions, inside: dict[str, Any] | None) -> str | None:
    if inside:
        libc = inside["libc"]
        within = f"{libc['family']} {libc['version']}" if libc["version"] else "an unknown C library"
        return f"Built on the controller; the image has {within} and Python {inside['pythons'][0]['version']}."
    if wanted.source == "build":
        return "The base is looked into when it is tried."
    return "Which FAISS the image has is found by the search test."


def _remedy(reason: Reason, wanted: ContainerOptions) -> str:
    if reason["check"] == INVENTORY:
        return (
            f"Set {wanted.variable}, or another {PREFIX}source: registry (an image by its digest), archive (of `podman "
            "save` or `docker save`), build (a base, to which the controller adds FAISS)."
        )
    return str(causes.remedy(reason["cause"]))


STRATEGY = ContainerStrategy()
