# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""From a class of hosts to the archive that is shipped: solved, or read from a lock, once, and kept as a lock.

Beside the lock lie its two common spellings, pixi.lock and @EXPLICIT: each can be given back to repeat it exactly.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ...artefacts import cache, class_work, packing
from ...errors import FleetError
from ..base import Artefact, Facts, Options, Runtime
from . import explicit as conda_explicit
from . import host_class as conda_class
from . import options as conda_options
from . import prefix as conda_prefix
from . import refusal as conda_refusal
from . import solver as conda_solver
from .channels import Channels, public
from .host_class import HostClass
from .options import STRATEGY, CondaOptions

# Of what a prefix holds and where; a new layout is a new digest.
LAYOUT = 1
# Not the answer of a channel, but none.
OUTAGES = ("conda_network", "timeout", "tls")
RUNTIME = Runtime(kind="python", argv=["{prefix}/bin/python"], env={}, prefix=None)

Package = dict[str, Any]


def artefact(facts: Facts, options: Options, now: Callable[[], float] = time.time) -> Artefact:
    """The packed environment. What an earlier run locked and packed is used again unless the lock is too old."""
    host, wanted = conda_class.of_facts(facts), conda_options.from_options(options)
    lock = locked(facts, options, now)
    packed = class_work.packed(
        STRATEGY, lock, options, lambda place: conda_prefix.build(lock, host, wanted, options, place)
    )
    return _named(packed.artefact(RUNTIME, lock), wanted)


def _named(artefact: Artefact, wanted: CondaOptions) -> Artefact:
    """The artefact, which says that the inventory's lock is what decided about its content."""
    return dataclasses.replace(artefact, given=wanted.lock is not None)


def locked(facts: Facts, options: Options, now: Callable[[], float] = time.time) -> dict[str, Any]:
    """The lock of the host's class: kept, read from the inventory's, or solved."""
    host, wanted = conda_class.of_facts(facts), conda_options.from_options(options)
    path = lock_path(host, wanted, options)
    with class_work.once(path, options):
        lock = _kept(path, options, now())
        if lock is None:
            try:
                lock = _made(path, host, wanted, options, now)
            except FleetError as exc:
                # A channel that is down today is no reason to take from a host what works there: the older lock serves.
                older = _kept(path, options, now(), any_age=True) if exc.cause in OUTAGES else None
                if older is None:
                    raise
                lock = older
    return lock


def lock_path(host: HostClass, wanted: CondaOptions, options: Options) -> Path:
    """Where the lock of a class is kept. Hosts for which everything is solved alike have the same path."""
    given = cache.sha256(wanted.lock) if wanted.lock else None
    stamps = [] if given else wanted.channels.stamps([host.subdir, "noarch"])
    asked = [wanted.channels.shown, wanted.packages, given, stamps, options.prefix]
    key = cache.digest([LAYOUT, host.subdir, host.virtual, *asked])[:32]
    return options.cache / "locks" / f"{STRATEGY}-{key}.json"


def kept(facts: Facts, options: Options, now: Callable[[], float] = time.time) -> Artefact | None:
    """What an earlier run locked and packed for the host's class; None where it would have to be made."""
    host, wanted = conda_class.of_facts(facts), conda_options.from_options(options)
    lock = _kept(lock_path(host, wanted, options), options, now())
    packed = packing.kept(options.cache / "archives", STRATEGY, lock) if lock else None
    return _named(packed.artefact(RUNTIME, lock), wanted) if packed and lock else None


def _kept(path: Path, options: Options, now: float, any_age: bool = False) -> dict[str, Any] | None:
    hours = float(options.extra.get("faiss_install__lock_max_age_hours") or 0)
    return class_work.kept_lock(path, LAYOUT, options, now, hours, any_age)


def _made(
    path: Path, host: HostClass, wanted: CondaOptions, options: Options, now: Callable[[], float]
) -> dict[str, Any]:
    started = time.monotonic()
    newer = None
    if wanted.lock:
        packages = _given(wanted.lock, host)
    else:
        packages, newer = _solved(path, host, wanted, options)
    for package in packages:
        _check(package, host)
    if not any(package["name"] == "python" for package in packages):
        raise FleetError(
            f"The environment for this class of hosts ({host}) has no python, which FAISS is started with. Add python "
            f"to {conda_options.PACKAGES}.",
            "conda_unsat",
            fault="inventory",
        )
    lock = {"layout": LAYOUT, "platform": host.subdir, "prefix": options.prefix, "packages": packages}
    cache.write(path.with_suffix(".explicit.txt"), conda_explicit.text(lock, str(host)).encode())
    seconds = round(time.monotonic() - started, 3)
    cache.write_json(path, {"resolved_at": now(), "seconds": seconds, "for": str(host), "newer": newer, "lock": lock})
    return lock


@contextlib.contextmanager
def _repodata(channels: Channels, options: Options) -> Iterator[Path]:
    """Where the solver keeps what channels list. Addresses are noted there: a secret one gets a place that goes."""
    if not channels.secrets():
        yield options.cache / "conda" / "repodata"
        return
    with cache.scratch(options.cache, "repodata") as place:
        yield Path(place)


def _solved(
    path: Path, host: HostClass, wanted: CondaOptions, options: Options
) -> tuple[list[Package], dict[str, Any] | None]:
    """The packages, and the newer FAISS that only a newer glibc would allow."""
    channels = wanted.channels
    with _repodata(channels, options) as repodata:
        answer = conda_solver.call(
            "solve",
            channels=channels.real,
            public=channels.secrets(),
            subdir=host.subdir,
            specs=wanted.packages,
            main=wanted.main,
            virtual=dict(host.virtual),
            repodata=str(repodata),
            offline=options.offline and not channels.local,
            pixi_lock=str(path.with_suffix(".pixi.lock")),
        )
    if not answer["ok"]:
        raise conda_refusal.error(answer, host, wanted.packages, channels.shown)
    packages = [{**package, "url": public(package["url"])} for package in answer["packages"]]
    return packages, answer.get("newer")


def _given(path: Path, host: HostClass) -> list[Package]:
    """Packages of a lock that the inventory names."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if any(line.strip() == "@EXPLICIT" for line in text.splitlines()):
        packages = conda_explicit.parse(text, path.name)
        platforms = sorted({package["subdir"] for package in packages} - {"noarch"})
        if platforms and host.subdir not in platforms:
            raise _for_other_platforms(path, platforms, host)
        return packages
    answer = conda_solver.call(
        "read_lock", path=str(path.resolve()), subdir=host.subdir, public={}, virtual=dict(host.virtual)
    )
    if not answer["ok"]:
        raise FleetError(
            f"{path} is neither a pixi.lock nor a list that begins with @EXPLICIT: {answer['message']}. Name another "
            f"file in {conda_options.LOCK}.",
            "corrupt_artefact",
        )
    if not answer["packages"]:
        raise _for_other_platforms(path, answer["platforms"], host)
    if answer["wants"]:
        raise conda_refusal.lock_refused(answer["wants"], host)
    return [{**package, "url": public(package["url"])} for package in answer["packages"]]


def _for_other_platforms(path: Path, platforms: Sequence[str], host: HostClass) -> FleetError:
    """A lock that serves other hosts: on these it rules the strategy out, like one for a newer glibc."""
    remedy = f"Name a lock for {host.subdir} in {conda_options.LOCK}."
    text = f"{path} is for {', '.join(platforms) or 'nothing'}, and these hosts are {host.subdir}. {remedy}"
    return FleetError(text, "arch_mismatch", remedy, fault="host" if platforms else "inventory")


def _check(package: Package, host: HostClass) -> None:
    """What the channel or the lock says becomes a path on this controller and a demand on what is fetched."""
    file = package["file"]
    if not conda_explicit.FILE.match(file) or ".." in file:
        raise FleetError(f"A channel names a package {file!r}, which cannot be the name of one.", "corrupt_artefact")
    if not package["sha256"]:
        remedy = "Name a channel whose repodata has sha256 sums in faiss_install__conda_channels."
        text = f"{package['url']} has no sha256 in its channel, so it cannot be checked. {remedy}"
        raise FleetError(text, "hash_mismatch", remedy)
    if package["subdir"] not in (host.subdir, "noarch"):
        raise FleetError(
            f"{file} is for {package['subdir']}, and these hosts are {host.subdir}. Name a lock for {host.subdir} in "
            f"{conda_options.LOCK}.",
            "arch_mismatch",
            fault="inventory",
        )


def note(facts: Facts, options: Options) -> str:
    """What a plan's reader wants to know of a class that was solved: what it misses, and where its lock is."""
    host, wanted = conda_class.of_facts(facts), conda_options.from_options(options)
    path = lock_path(host, wanted, options)
    kept = cache.read_json(path)
    newer = kept.get("newer") if isinstance(kept, dict) else None
    parts = [f"For {host}."]
    if newer:
        wants = conda_refusal.wants(newer["wants"])
        parts.append(f"{wanted.main} {newer['version']} is in the channels: {wants}, and the host has less.")
    parts.append(f"Its lock, to repeat it, is on the controller: {path.with_suffix('.explicit.txt')}")
    return " ".join(parts)


def version_of(packages: Sequence[Package], name: str) -> str | None:
    return next((str(package["version"]) for package in packages if package["name"] == name), None)
