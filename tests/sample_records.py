# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Realistic host records of a fleet that never was, any number of them, the same for the same seed.

For tests and benchmarks of what reads records:  python -m tests.sample_records 1000 > records.jsonl
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from typing import Any

from faiss_fleet.records.build import RecordBuilder, Run
from faiss_fleet.records.clean import Cleaner
from faiss_fleet.run_id import timestamp

START = datetime(2026, 11, 22, 10, 11, 12, tzinfo=timezone.utc)
RUN = Run("20261122T101112Z-5a3f1e", timestamp(START), "control01.example.net", "0.1.0", False, ("inventory/prod",))
SITES, ROLES = ("ams", "fra", "iad", "sin"), ("search", "ingest", "api", "batch", "edge")

# name, share in a fleet, os, glibc, libstdc++, Pythons, how the audit of such a host ends
KINDS: tuple[tuple[str, int, tuple[str, str, str], str, str, tuple[str, ...], str], ...] = (
    (
        "centos7-py313",
        22,
        ("centos", "7.9.2009", "CentOS Linux 7 (Core)"),
        "2.17",
        "3.4.19",
        ("2.7.5", "3.13.0"),
        "wheel",
    ),
    (
        "centos7-py38",
        12,
        ("centos", "7.9.2009", "CentOS Linux 7 (Core)"),
        "2.17",
        "3.4.19",
        ("2.7.5", "3.8.18"),
        "wheel",
    ),
    ("centos7-portable", 8, ("centos", "7.9.2009", "CentOS Linux 7 (Core)"), "2.17", "3.4.19", ("2.7.5",), "portable"),
    ("centos7-stock", 10, ("centos", "7.9.2009", "CentOS Linux 7 (Core)"), "2.17", "3.4.19", ("2.7.5",), "blocked"),
    ("debian12", 20, ("debian", "12", "Debian GNU/Linux 12 (bookworm)"), "2.36", "3.4.30", ("3.11.2",), "wheel"),
    (
        "debian12-faiss",
        5,
        ("debian", "12", "Debian GNU/Linux 12 (bookworm)"),
        "2.36",
        "3.4.30",
        ("3.11.2",),
        "existing",
    ),
    ("rocky9", 7, ("rocky", "9.4", "Rocky Linux 9.4 (Blue Onyx)"), "2.34", "3.4.29", ("3.9.18",), "wheel"),
    ("alpine", 3, ("alpine", "3.20.1", "Alpine Linux v3.20"), "", "3.4.32", ("3.12.3",), "blocked"),
    ("old-cpu", 2, ("debian", "12", "Debian GNU/Linux 12 (bookworm)"), "2.36", "3.4.30", ("3.11.2",), "sigill"),
    (
        "full-disk",
        3,
        ("centos", "7.9.2009", "CentOS Linux 7 (Core)"),
        "2.17",
        "3.4.19",
        ("2.7.5", "3.13.0"),
        "disk_full",
    ),
    ("read-only-etc", 2, ("centos", "7.9.2009", "CentOS Linux 7 (Core)"), "2.17", "3.4.19", ("3.13.0",), "read_only"),
    ("gone", 4, ("centos", "7.9.2009", "CentOS Linux 7 (Core)"), "2.17", "3.4.19", ("2.7.5",), "unreachable"),
    ("late", 2, ("debian", "12", "Debian GNU/Linux 12 (bookworm)"), "2.36", "3.4.30", ("3.11.2",), "interrupted"),
)
CXXABI = {"3.4.19": "1.3.7", "3.4.29": "1.3.13", "3.4.30": "1.3.13", "3.4.32": "1.3.14"}  # of each libstdc++
NEWEST = {"3.13": "1.9.0.post1", "3.11": "1.15.1", "3.9": "1.12.0", "3.8": "1.8.0.post1", "3.12": "1.15.1"}
NUMPY = {"3.13": "2.2.6", "3.11": "2.4.6", "3.9": "2.0.2", "3.8": "1.24.4", "3.12": "2.4.6"}
FLAGS = (
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat clflush mmx fxsr sse sse2 ht syscall nx lm pni"
)
V2, V3 = "cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3", "abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"


def records(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """That many valid host records. The first thirteen hosts are one of each kind, the rest by their shares."""
    dice = random.Random(seed)
    cleaner = Cleaner(mask=lambda text: text)
    weights = [kind[1] for kind in KINDS]
    for number in range(count):
        kind = KINDS[number] if number < len(KINDS) else dice.choices(KINDS, weights)[0]
        yield _record(number, kind, dice, cleaner)


def write_run(reports: Any, count: int, seed: int = 1) -> Any:
    """A run's directory as the callback leaves it, before anything is rendered. Returns the directory."""
    directory = reports / RUN.id
    directory.mkdir(parents=True)
    hosts = {}
    with (directory / "records.jsonl").open("w", encoding="ascii") as file:
        for record in records(count, seed):
            file.write(json.dumps(record, separators=(",", ":")) + "\n")
            hosts[record["host"]["name"]] = record["host"]["groups"]
    (directory / "run.json").write_text(json.dumps({"schema": 1, "run": asdict(RUN), "hosts": hosts}, indent=1) + "\n")
    return directory


def write_fleet(reports: Any, count: int, kinds: int = 2_000) -> Any:
    """As write_run, for fleets of any size: past ``kinds`` hosts those again under other names, made quickly."""
    directory = write_run(reports, min(count, kinds))
    about = json.loads((directory / "run.json").read_text(encoding="utf-8"))
    lines = (directory / "records.jsonl").read_text(encoding="ascii").splitlines()
    names = list(about["hosts"])
    with (directory / "records.jsonl").open("a", encoding="ascii") as file:
        for number in range(kinds, count):
            host = names[number % kinds]
            name = f"r{number // kinds:02}-{host}"
            file.write(lines[number % kinds].replace(host, name) + "\n")
            about["hosts"][name] = about["hosts"][host]
    (directory / "run.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return directory


def _record(number: int, kind: tuple[Any, ...], dice: random.Random, cleaner: Cleaner) -> dict[str, Any]:
    name, _share, _os, _glibc, _cxx, _pythons, ending = kind
    site, role = dice.choice(SITES), dice.choice(ROLES)
    groups = sorted([site, role, "centos7" if name.startswith("centos7") else name.split("-")[0]])
    builder = RecordBuilder(RUN, f"{role}{number + 1:05d}.{site}.example.net", groups, diagnose=lambda text: [])
    finished = timestamp(START + timedelta(seconds=40 + number // 20 + dice.random() * 30))
    if ending == "unreachable":
        builder.add_unreachable(
            f"Failed to connect to the host via ssh: ssh: connect to host {builder.name} port 22: Connection timed out"
        )
        return builder.close(cleaner, finished)
    if ending == "interrupted":
        return builder.close(cleaner, finished)
    builder.add_facts({"ansible_facts": {"glibc_facts": _facts(kind, dice)}})
    plan = _plan(kind)
    js = _verified("js", "js", dice, faiss=None) | {"kernel": "wasm-simd"}
    chosen = next((candidate for candidate in plan if candidate["verdict"] == "possible"), plan[-1])
    attempts, verification = [], [js]
    decision = _decision(chosen, plan, ending)
    if ending in ("wheel", "portable", "existing"):
        if ending != "existing":
            attempts.append(_attempt(chosen, dice))
        python = chosen["id"].split(":")[2][2:] if ending != "existing" else "311"
        native = _verified(chosen["id"], "faiss", dice, faiss=chosen["artefact"]["version"])
        native["numpy_version"] = NUMPY[f"3.{python[1:]}"]
        verification.insert(0, native)
    elif ending == "sigill":
        attempts.append(_attempt(chosen, dice))
        verification.insert(0, _sigill(chosen["id"]))
    elif ending == "disk_full":
        attempts.append(_attempt(chosen, dice, "disk_full"))
    tried = {"plan": plan, "attempts": attempts, "verification": verification}
    builder.add_install({"strategies": ["existing", "wheel", "js"], **tried})
    if ending == "read_only":
        builder.add_error(
            "vector_backend",
            {
                "msg": "/etc/faiss-fleet cannot be made: [Errno 30] Read-only file system: '/etc/faiss-fleet'",
                "cause": "read_only",
                "remedy": "Mount /etc writable for the audit, or name another place in vector_backend__path.",
            },
        )
    else:
        builder.add_backend({"decision": decision, "setting": _setting(decision, chosen, verification, dice)})
    return builder.close(cleaner, finished)


def _facts(kind: tuple[Any, ...], dice: random.Random) -> dict[str, Any]:
    name, _share, (os_id, os_version, os_name), glibc, cxx, pythons, _ending = kind
    level = "x86-64-v2" if name == "old-cpu" else dice.choice(("x86-64-v3", "x86-64-v3", "x86-64-v4"))
    flags = (
        f"{FLAGS} {V2}" + ("" if level == "x86-64-v2" else f" {V3}") + (" avx512f avx512bw" if level[-1] == "4" else "")
    )
    free = 4_194_304 if name == "full-disk" else dice.randrange(2, 400) * 1_073_741_824
    loader = "/lib/ld-musl-x86_64.so.1" if not glibc else "/lib64/ld-linux-x86-64.so.2"
    family = "glibc" if glibc else "musl"
    libc = glibc or "1.2.5"
    methods = ("loader", "confstr", "getconf", "ldd", "version_definitions") if glibc else ("loader", "ldd")
    answers = [{"method": each, "family": family, "version": libc, "source": None, "error": None} for each in methods]
    versions = {"GLIBCXX": cxx, "CXXABI": CXXABI[cxx]}
    stdcxx = {"path": "/usr/lib64/libstdc++.so.6", "versions": versions, "error": None}
    return {
        "method": "raw" if name == "alpine" else "module",
        "seconds": round(0.12 + dice.random() * 0.15, 3),
        "gaps": [{"fact": "selinux", "reason": "/sys/fs/selinux is not mounted"}] if os_id != "centos" else [],
        "libc": {
            "family": family,
            "version": libc,
            "method": "loader",
            "path": loader,
            "answers": answers,
            "disagreement": None,
            "also_present": [],
        },
        "libstdcxx": stdcxx,
        "libgomp": {"path": "/usr/lib64/libgomp.so.1", "versions": {"GOMP": "4.0", "OMP": "3.1"}, "error": None},
        "libgcc": {"path": "/usr/lib64/libgcc_s.so.1", "versions": {"GCC": "7.0.0"}, "error": None},
        "arch": "x86_64",
        "cpu": {
            "model": dice.choice(("Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz", "AMD EPYC 7543 32-Core Processor")),
            "count": dice.choice((2, 4, 8, 16, 32)),
            "isa_level": level,
            "flags": flags.split(),
        },
        "memory_bytes": dice.choice((4, 8, 16, 64)) * 1_073_741_824,
        "kernel": {"centos": "3.10.0-1160.119.1.el7.x86_64", "debian": "6.1.0-28-amd64"}.get(
            os_id, "5.14.0-427.el9.x86_64"
        ),
        "os": {"id": os_id, "version": os_version, "name": os_name},
        "pythons": [_python(version) for version in pythons],
        "nodes": [
            {"path": "/usr/bin/node", "version": "16.20.2", "napi": 8, "modules": "93", "npm": "8.19.4", "error": None}
        ],
        "condas": [],
        "engines": [],
        "toolchains": {"gcc": {"path": "/usr/bin/gcc", "version": "4.8.5"}, "cmake": None, "devtoolsets": []},
        "filesystems": [
            {
                "purpose": purpose,
                "path": path,
                "existing_path": existing,
                "mount": mount,
                "type": "xfs",
                "free_bytes": free,
            }
            | {"noexec": purpose == "tmp" and dice.random() < 0.1, "read_only": False, "writable": True}
            for purpose, path, existing, mount in (
                ("prefix", "/opt/faiss-fleet", "/opt", "/"),
                ("tmp", "/tmp", "/tmp", "/tmp"),
                ("setting", "/etc/faiss-fleet", "/etc", "/"),
            )
        ],
        "selinux": {"status": "enforcing" if os_id in ("centos", "rocky") else "absent", "policy": None},
        "faiss": [],
        "prefixes": [],
        "limits": {},
        "user": "root",
    }


def _python(version: str) -> dict[str, Any]:
    major, minor = version.split(".")[:2]
    path = f"/usr/bin/python{major}.{minor}"
    return {
        "path": path,
        "realpath": path,
        "version": version,
        "implementation": "CPython",
        "soabi": f"cpython-{major}{minor}-x86_64-linux-gnu" if major == "3" else None,
        "tag": f"cp{major}{minor}",
        "bits": 64,
        "pip": "23.0.1",
        "numpy": None,
        "ctypes": True,
        "error": None,
    }


def _plan(kind: tuple[Any, ...]) -> list[dict[str, Any]]:
    _name, _share, _os, glibc, cxx, pythons, ending = kind
    plan = []
    if ending == "existing":
        plan.append(_candidate("existing", "existing:faiss-1.7.2:/usr/bin/python3.11", "1.7.2", []))
    threes = [python for python in pythons if python.startswith("3")]
    for python in threes or (["3.13.0"] if ending == "portable" else []):
        short = ".".join(python.split(".")[:2])
        for version in ("1.15.1", "1.12.0", "1.9.0.post1", "1.8.0.post1"):
            if _newer(version, NEWEST[short]) and glibc != "2.17" and glibc:
                continue
            reasons = _reasons(version, glibc, cxx) if not glibc or _newer(version, NEWEST[short]) else []
            path = "{prefix}/python/bin/python3.13" if ending == "portable" else f"/usr/bin/python{short}"
            tag = f"cp{short.replace('.', '')}"
            remedy = None if glibc else "Use a system or an image with glibc: no wheel of FAISS is made for musl."
            plan.append(_candidate("wheel", f"wheel:faiss-cpu-{version}:{tag}:{path}", version, reasons, remedy))
    if not plan:
        text = "No CPython 3.6 or newer is on this host, and no portable one is named in the inventory."
        reason = {"check": "python", "cause": "python_missing", "need": "CPython 3.6+", "have": "2.7.5", "text": text}
        remedy = "Name a portable CPython in faiss_install__portable_python, with its sha256."
        plan.append(_candidate("wheel", "wheel:faiss-cpu-1.9.0.post1:none", "1.9.0.post1", [reason], remedy))
    plan.append(_candidate("js", "js", None, []))
    return plan


def _newer(version: str, other: str) -> bool:
    return [int(part) for part in version.split(".")[:3]] > [int(part) for part in other.split(".")[:3]]


def _reasons(version: str, glibc: str, cxx: str) -> list[dict[str, Any]]:
    if not glibc:
        text = "The wheel is built for glibc (manylinux); this host's C library is musl 1.2.5."
        return [{"check": "platform_tag", "cause": "musl", "need": "glibc", "have": "musl 1.2.5", "text": text}]
    gfortran, faiss = "faiss_cpu.libs/libgfortran-040039e1.so.5.0.0", "faiss/_swigfaiss.abi3.so"
    needs = [
        ("glibc", "glibc_too_old", "GLIBC_2.27", glibc, gfortran, "libm.so.6", ["powf", "expf", "logf"]),
        (
            "libstdcxx",
            "glibcxx_too_old",
            "GLIBCXX_3.4.22",
            cxx,
            faiss,
            "libstdc++.so.6",
            ["_ZNSt6thread15_M_start_threadE"],
        ),
    ]
    return [
        {
            "check": check,
            "cause": cause,
            "need": need,
            "have": have,
            "file": file,
            "library": library,
            "symbols": symbols,
        }
        | {"text": f"{file} of {version} needs {need} of {library} ({symbols[0]}); this host has {have}."}
        for check, cause, need, have, file, library, symbols in needs
    ]


def _candidate(
    strategy: str, name: str, version: str | None, reasons: list[dict[str, Any]], remedy: str | None = None
) -> dict[str, Any]:
    kind = "js" if strategy == "js" else "python"
    digest = hashlib.sha256(name.encode()).hexdigest()
    prefix = f"/opt/faiss-fleet/wheel/{digest[:16]}" if strategy == "wheel" else None
    return {
        "id": name,
        "strategy": strategy,
        "artefact": {
            "name": {"wheel": "faiss-cpu", "existing": "faiss"}.get(strategy, "JSVectorStorage"),
            "version": version,
        }
        | {"file": None, "sha256": None, "digest": digest[:16] if prefix else None, "python": None, "packages": []},
        "verdict": "blocked" if reasons else "possible",
        "reasons": reasons,
        "remedy": remedy or ("Use the newest release that fits, further down in the plan." if reasons else None),
        "runtime": {
            "kind": kind,
            "argv": [name.rpartition(":")[2] if kind == "python" else "/usr/bin/node"],
            "env": {"PYTHONPATH": f"{prefix}/site-packages"} if prefix else {},
            "prefix": prefix,
        },
        "note": None,
    }


def _attempt(candidate: dict[str, Any], dice: random.Random, cause: str | None = None) -> dict[str, Any]:
    full = "[Errno 28] No space left on device: '/opt/faiss-fleet/wheel/.partial/faiss/_swigfaiss_avx512.so'"
    return {
        "candidate": candidate["id"],
        "strategy": candidate["strategy"],
        "artefact": candidate["artefact"],
        "seconds": round(2 + dice.random() * 4, 2),
        "changed": cause is None,
        "ok": cause is None,
        "cause": cause,
        "message": full if cause else None,
        "remedy": "Free 210 MB on /, or name another prefix in faiss_install__prefix." if cause else None,
        "log": f"unpacking 1,204 members\n{full}\nremoved the half-built prefix" if cause else "unpacked 1,204 members",
        "log_file": None,
        "prefix": candidate["runtime"]["prefix"],
        "bytes_shipped": 47_185_920,
    }


def _verified(candidate: str, backend: str, dice: random.Random, faiss: str | None) -> dict[str, Any]:
    speed = dice.gauss(1, 0.08)
    rows = (
        (("flat", 2400, 1.0), ("ivf", 9000, 0.931), ("hnsw", 13500, 0.967))
        if backend == "faiss"
        else (("flat", 420, 1.0),)
    )
    indexes = []
    for index, qps, recall in rows:
        p50 = 1000 / (qps * speed)
        indexes.append(
            {"index": index, "recall_at_k": recall, "qps": round(qps * speed, 1), "p50_ms": round(p50, 4)}
            | {"p95_ms": round(p50 * (1.2 + dice.random() * 0.5), 4), "batch_qps": round(qps * speed * 3.4, 1)}
            | {"build_seconds": round(dice.random(), 3), "save_load": True}
        )
    return {
        "candidate": candidate,
        "ok": True,
        "cause": None,
        "message": None,
        "remedy": None,
        "backend": backend,
        "stage": "done",
        "signal": None,
        "exit_code": 0,
        "faiss_version": faiss.replace(".post1", "") if faiss else None,
        "numpy_version": None,
        "python_version": None,
        "isa_loaded": dice.choice(("avx2", "avx512")) if faiss else None,
        "known_answer": True,
        "save_load": True,
        "indexes": indexes,
        "workload": {"n": 10_000, "d": 384, "k": 10, "queries": 200, "threads": 1, "seed": 7},
        "peak_rss_bytes": 181_403_648,
        "seconds": round(2 + dice.random(), 2),
        "log": "Loading faiss with AVX2 support.\nSuccessfully loaded faiss with AVX2 support." if faiss else None,
    }


def _sigill(candidate: str) -> dict[str, Any]:
    return {
        "candidate": candidate,
        "ok": False,
        "cause": "cpu_isa",
        "message": "The interpreter was killed by SIGILL (illegal instruction) while importing faiss.",
        "remedy": "Pin a release with a generic build: faiss_install__wheel_version: 1.9.0.post1.",
        "backend": "faiss",
        "stage": "import",
        "signal": "SIGILL",
        "exit_code": None,
        "indexes": [],
        "log": "Loading faiss.",
    }


def _decision(chosen: dict[str, Any], plan: list[dict[str, Any]], ending: str) -> dict[str, Any]:
    if ending in ("wheel", "portable", "existing"):
        blocked = [candidate["artefact"]["version"] for candidate in plan if candidate["verdict"] == "blocked"]
        because = f"{chosen['artefact']['name']} {chosen['artefact']['version']} passed the search test"
        because += f"; {blocked[0]} does not run here." if blocked else "."
        return {
            **{"backend": "faiss", "provider": chosen["strategy"], "candidate": chosen["id"], "policy": "first"},
            **{"because": because, "predicted": False},
        }
    because = {
        "blocked": "No FAISS runs here: " + (plan[0]["reasons"][0]["text"] if plan[0]["reasons"] else ""),
        "sigill": "faiss-cpu died of SIGILL at import, so the JavaScript store is used.",
        "disk_full": "No room for faiss-cpu under /opt/faiss-fleet, so the JavaScript store is used.",
    }.get(ending, "The JavaScript store is used.")
    return {
        **{"backend": "js", "provider": "js", "candidate": "js", "policy": "first"},
        **{"because": because, "predicted": False},
    }


def _setting(
    decision: dict[str, Any], chosen: dict[str, Any], verification: list[dict[str, Any]], dice: random.Random
) -> dict[str, Any]:
    proof = next((entry for entry in verification if entry["candidate"] == decision["candidate"]), None)
    figures = proof["indexes"][0] if proof else {}
    after = {
        **{
            "schema": 1,
            "backend": decision["backend"],
            "provider": decision["provider"],
            "candidate": decision["candidate"],
        },
        **{"runtime": chosen["runtime"], "policy": "first", "because": decision["because"]},
        **{"versions": {"faiss": proof["faiss_version"] if proof else None, "numpy": None, "python": None}},
        "verified": {"at": RUN.started, "run": RUN.id, **figures},
    }
    changed = dice.random() < 0.4
    before = dice.choice((None, {**after, "backend": "js", "provider": "js", "candidate": "js"})) if changed else after
    return {
        "path": "/etc/faiss-fleet/backend.json",
        "before": before,
        "after": after,
        "changed": changed,
        "backup": None,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for each in records(arguments.count, arguments.seed):
        sys.stdout.write(json.dumps(each, separators=(",", ":")) + "\n")
