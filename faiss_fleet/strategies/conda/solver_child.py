# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The process that runs py-rattler: one JSON request on standard input, one JSON answer on standard output.

A process of its own because the library may crash when an interpreter that used it ends, and hangs in a fork after use:
Ansible forks. So this one ends in os._exit, and nothing else of the project imports the library.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rattler
from rattler import exceptions
from rattler.package_streaming import download_to_path

Request = dict[str, Any]
Answer = dict[str, Any]

# How each kind of exception is reported to the parent. Anything else is "error".
KINDS = (
    ((exceptions.GatewayError, exceptions.FetchRepoDataError), "network"),
    ((exceptions.SolverError,), "unsat"),
    ((exceptions.ParseCondaLockError,), "lock"),
    (
        (exceptions.InvalidMatchSpecError, exceptions.InvalidChannelError, exceptions.InvalidUrlError),
        "request",
    ),
    (
        (exceptions.InstallerError, exceptions.LinkError, exceptions.ExtractError, exceptions.TransactionError),
        "install",
    ),
)
SOLVE_LIMIT = datetime.timedelta(seconds=120)
# Tried in this order when nothing fits: what a newer host would have, and whether that alone would help. Packages of
# conda-forge want __glibc below 3.
BETTER = (("__glibc", "2.999=0"), ("__archspec", None), ("__linux", "999=0"))
BEST_CPU = {"linux-64": "1=x86_64_v4"}


def virtual_packages(named: dict[str, str]) -> list[rattler.GenericVirtualPackage]:
    """{"__glibc": "2.17=0"} in the library's terms."""
    found = []
    for name, text in named.items():
        version, _, build = text.partition("=")
        found.append(
            rattler.GenericVirtualPackage(
                rattler.PackageName(name), rattler.Version(version), rattler.BuildString(build or "0")
            )
        )
    return found


def unmet(record: rattler.PackageRecord, named: dict[str, str]) -> list[str]:
    """What a package asks of virtual packages and these do not give: ["__glibc >=2.28"]."""
    return [depend for depend in record.depends if depend.startswith("__") and not _given(depend, named)]


def wants_of(records: Sequence[rattler.PackageRecord], named: dict[str, str]) -> list[Answer]:
    """What each package asks of virtual packages and these do not give."""
    return [
        {"name": record.name.normalized, "version": str(record.version), "wants": spec}
        for record in records
        for spec in unmet(record, named)
    ]


def _given(depend: str, named: dict[str, str]) -> bool:
    name = depend.split()[0]
    if name not in named:
        return False
    version, _, build = named[name].partition("=")
    record = rattler.PackageRecord(name, version, rattler.BuildString(build or "0"), 0, "noarch")
    return bool(rattler.MatchSpec(depend).matches(record))


def described(record: rattler.RepoDataRecord, public: dict[str, str]) -> Answer:
    return {
        "name": record.name.normalized,
        "version": str(record.version),
        "build": str(record.build),
        "subdir": record.subdir,
        "file": record.file_name,
        "url": _public(record.url, public),
        "sha256": record.sha256.hex() if record.sha256 else None,
    }


def _public(url: str, public: dict[str, str]) -> str:
    """The URL without the secrets of its channel."""
    for real, shown in public.items():
        if url.startswith(real.rstrip("/") + "/"):
            return shown.rstrip("/") + url[len(real.rstrip("/")) :]
    return url


class Solver:
    """A request to solve, which may be asked again with other specs or another host in mind."""

    def __init__(self, request: Request) -> None:
        self.request = request
        action = "force-cache-only" if request["offline"] else "cache-or-fetch"
        local = rattler.SourceConfig()
        self.gateway = rattler.Gateway(
            cache_dir=Path(request["repodata"]),
            default_config=rattler.SourceConfig(cache_action=action),  # type: ignore[arg-type]
            per_channel_config={"file://": local},
            client=rattler.Client.default_client(timeout=request["timeout"]),
        )
        self.channels = [rattler.Channel(url) for url in request["channels"]]
        self.platforms = [rattler.Subdir(request["subdir"]), rattler.Subdir("noarch")]

    async def solve(self, specs: list[str], virtual: dict[str, str]) -> list[rattler.RepoDataRecord]:
        return await rattler.solve(
            self.channels,
            specs,
            gateway=self.gateway,
            platforms=self.platforms,
            virtual_packages=virtual_packages(virtual),
            timeout=SOLVE_LIMIT,
        )

    async def attempt(self, specs: list[str], virtual: dict[str, str]) -> list[rattler.RepoDataRecord] | None:
        try:
            return await self.solve(specs, virtual)
        except exceptions.SolverError:
            return None

    async def records(self, names: list[str]) -> list[rattler.RepoDataRecord]:
        found = await self.gateway.query(self.channels, self.platforms, names, recursive=True)
        return [record for records in found for record in records]


async def solve(request: Request) -> Answer:
    solver = Solver(request)
    specs, virtual = request["specs"], request["virtual"]
    try:
        records = await solver.solve(specs, virtual)
    except exceptions.SolverError as exc:
        return {"ok": False, "kind": "unsat", "message": str(exc), **await _refusal(solver, specs, virtual)}
    packages = sorted((described(record, request["public"]) for record in records), key=lambda each: str(each["name"]))
    if request.get("pixi_lock"):
        _write_lock(request, records, solver.channels)
    return {"ok": True, "packages": packages, "newer": await _newer(solver, records)}


async def _newer(solver: Solver, records: list[rattler.RepoDataRecord]) -> Answer | None:
    """The FAISS that a host with a newer glibc would get, and what it wants; None when it would get the same."""
    request = solver.request
    found = await solver.attempt(request["specs"], {**request["virtual"], "__glibc": BETTER[0][1] or ""}) or []
    chosen = {record.name.normalized: str(record.version) for record in records}
    main = next((record for record in found if record.name.normalized == request["main"]), None)
    if main is None or str(main.version) == chosen.get(request["main"]):
        return None
    return {"version": str(main.version), "wants": wants_of(found, request["virtual"])}


def _write_lock(request: Request, records: list[rattler.RepoDataRecord], channels: list[rattler.Channel]) -> None:
    virtual = [f"{name}={text}" for name, text in sorted(request["virtual"].items())]
    platform = rattler.LockPlatform(request["subdir"], None, virtual)
    lock = rattler.LockFile([platform])
    public = request["public"]
    lock.set_channels("default", [rattler.LockChannel(_public(channel.base_url, public)) for channel in channels])
    for record in records:
        record.url = _public(record.url, public)
        lock.add_conda_package("default", platform, record)
    lock.to_path(Path(request["pixi_lock"]))


async def _refusal(solver: Solver, specs: list[str], virtual: dict[str, str]) -> Answer:
    """Why nothing fits, found out by asking again: for a better host, and for other versions on this one."""
    names = [_name(spec) for spec in specs]
    records = await solver.records(names)
    have = {record.name.normalized for record in records}
    missing = [name for name in names if name not in have]
    if missing:
        return {"missing": missing}
    answer: Answer = {"missing": [], "better": None, "fitting": None}
    for name, text in BETTER:
        text = text or BEST_CPU.get(solver.request["subdir"])
        if name in virtual and text and await solver.attempt(specs, {**virtual, name: text}):
            least = await _least(solver, specs, virtual, name, text, records)
            newer = {**virtual, name: least}
            found = await solver.attempt(specs, newer) or []
            answer["better"] = {"name": name, "least": least.partition("=")[0], "wants": wants_of(found, virtual)}
            break
    if answer["better"] is None:
        best = {name: text or BEST_CPU.get(solver.request["subdir"]) for name, text in BETTER if name in virtual}
        given = {name: text for name, text in best.items() if text}
        answer["anywhere"] = bool(await solver.attempt(specs, {**virtual, **given}))
    # Other versions on this host: of FAISS alone, then of all.
    main = solver.request["main"]
    for looser in ([name if name == main else spec for name, spec in zip(names, specs, strict=True)], names):
        fitting = await solver.attempt(looser, virtual) if looser != specs else None
        if fitting:
            answer["fitting"] = [
                {"name": record.name.normalized, "version": str(record.version)}
                for record in fitting
                if record.name.normalized in names
            ]
            break
    return answer


async def _least(
    solver: Solver,
    specs: list[str],
    virtual: dict[str, str],
    name: str,
    best: str,
    records: list[rattler.RepoDataRecord],
) -> str:
    """The lowest version of a virtual package that would do, of those that packages name as a bound."""
    if name == "__archspec":
        return best
    bounds = {
        part.lstrip(">=")
        for record in records
        for depend in record.depends
        if depend.split()[0] == name
        for part in depend.removeprefix(name).strip().split(",")
        if part.startswith(">=")
    }
    for bound in sorted(bounds, key=rattler.Version):
        if await solver.attempt(specs, {**virtual, name: f"{bound}=0"}):
            return f"{bound}=0"
    return best


def _name(spec: str) -> str:
    name = rattler.MatchSpec(spec).name
    return str(getattr(name, "normalized", None) or spec.split()[0])


async def read_lock(request: Request) -> Answer:
    """Packages of a pixi.lock for one platform, and what they ask of a host that this one does not give."""
    environment = rattler.LockFile.from_path(Path(request["path"])).default_environment()
    if environment is None:
        return {"ok": False, "kind": "lock", "message": "it has no environment named default"}
    packages, wants, platforms = [], [], []
    for platform, locked in environment.packages_by_platform().items():
        platforms.append(str(platform.subdir))
        if str(platform.subdir) != request["subdir"]:
            continue
        for package in locked:
            if not isinstance(package, rattler.CondaLockedBinaryPackage):
                message = f"{package.name} is not a conda package, and only such are installed"
                return {"ok": False, "kind": "lock", "message": message}
            record = package.repo_data_record()
            packages.append(described(record, request["public"]))
            wants += wants_of([record], request["virtual"])
    packages.sort(key=lambda each: str(each["name"]))
    return {"ok": True, "packages": packages, "wants": wants, "platforms": sorted(platforms)}


async def fetch(request: Request) -> Answer:
    """Downloads [{url, path}]. What comes is not trusted: the parent looks at each file's sha256."""
    client = rattler.Client.default_client(timeout=request["timeout"])
    for item in request["files"]:
        try:
            await download_to_path(client, item["url"], Path(item["path"]))
        except Exception as exc:
            return {"ok": False, "kind": "network", "message": f"{Path(item['path']).name}: {_words(exc)}"}
    return {"ok": True}


async def install(request: Request) -> Answer:
    """Puts local packages into ``target`` as if it were ``prefix``. No script of a package is run."""
    records = [await rattler.RepoDataRecord.from_package_archive(Path(path)) for path in request["files"]]
    wants = wants_of(records, request["virtual"]) if request["check"] else []
    if wants:
        return {"ok": False, "kind": "wants", "message": "", "wants": wants}
    await rattler.install(
        records,
        target_prefix=Path(request["target"]),
        cache_dir=Path(request["unpacked"]),
        installed_packages=[],
        platform=rattler.Subdir(request["subdir"]),
        execute_link_scripts=False,
        show_progress=False,
        alternative_target_prefix=request["prefix"],
        # Files of one environment must not be those of another.
        config=rattler.Config.from_toml("allow-hard-links = false"),
    )
    return {"ok": True, "installed": {record.name.normalized: str(record.version) for record in records}}


OPERATIONS = {"solve": solve, "read_lock": read_lock, "fetch": fetch, "install": install}


def _words(exc: BaseException) -> str:
    """The exception and what it came of, innermost last."""
    words: list[str] = []
    link: BaseException | None = exc
    while link is not None and len(words) < 5:
        words.append(str(link) or type(link).__name__)
        link = link.__cause__
    return ": ".join(words)


def answer(request: Request) -> Answer:
    try:
        return asyncio.run(OPERATIONS[request["operation"]](request))
    # A panic of the library is no Exception, and it too must reach the parent in words.
    except BaseException as exc:
        kind = next((kind for types, kind in KINDS if isinstance(exc, types)), "error")
        return {"ok": False, "kind": kind, "type": type(exc).__name__, "message": _words(exc)}


if __name__ == "__main__":
    said = json.dumps(answer(json.load(sys.stdin)))
    sys.stdout.write(said)
    sys.stdout.flush()
    os._exit(0)
