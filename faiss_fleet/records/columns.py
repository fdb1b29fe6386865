# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The columns of every report: header and cell stand side by side and cannot drift apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import checks, waivers
from .schema import Record

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Column:
    """One column. value returns None where the record has no answer."""

    key: str
    title: str
    value: Callable[[Record], Cell]


def at(value: Any, *path: str) -> Any:
    """What stands at a path of keys, None where any step of it is missing."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def proof(record: Record) -> dict[str, Any]:
    """The search test of what was decided on, {} when there is none."""
    candidate = at(record, "decision", "candidate") or at(record, "setting", "after", "candidate")
    tests: list[dict[str, Any]] = record["verification"]
    return next((test for test in tests if candidate and test["candidate"] == candidate and test["ok"]), {})


def figures(test: dict[str, Any]) -> dict[str, Any]:
    """The measurements that stand for a search test: those of the flat index, which every backend has."""
    indexes: list[dict[str, Any]] = test.get("indexes") or []
    return next((index for index in indexes if index["index"] == "flat"), indexes[0] if indexes else {})


def javascript_test(record: Record) -> dict[str, Any]:
    """The search test of the JavaScript store, {} where there was none."""
    strategies = {candidate["id"]: candidate["strategy"] for candidate in record["plan"]}
    tests: list[dict[str, Any]] = record["verification"]
    for test in tests:
        if test.get("backend") == "js" or strategies.get(test["candidate"]) == "js":
            return test
    return {}


def javascript(record: Record) -> dict[str, Any]:
    """The measurements of the JavaScript store, {} where it was not measured."""
    return figures(javascript_test(record))


def _versions(name: str, prefix: str) -> Callable[[Record], Cell]:
    return lambda record: at(record, "facts", name, "versions", prefix)


def _glibc(record: Record) -> Cell:
    libc = at(record, "facts", "libc")
    return libc["version"] if libc and libc["family"] == "glibc" else None


def _libc(record: Record) -> Cell:
    libc = at(record, "facts", "libc")
    return f"{libc['family']} {libc['version'] or '?'}" if libc and libc["family"] else None


def _free_mb(record: Record) -> Cell:
    for system in at(record, "facts", "filesystems") or []:
        if system["purpose"] == "prefix" and system["free_bytes"] is not None:
            return int(system["free_bytes"]) // 1_000_000
    return None


def _pythons(record: Record) -> Cell:
    versions = [python["version"] for python in at(record, "facts", "pythons") or [] if python["version"]]
    return " ".join(dict.fromkeys(versions)) or None


def _waiver(record: Record) -> Cell:
    holds = waivers.of_record(record)[0]
    return waivers.text(holds) if holds else None


COLUMNS: tuple[Column, ...] = (
    Column("host", "Host", lambda r: r["host"]["name"]),
    Column("groups", "Groups", lambda r: " ".join(r["host"]["groups"])),
    Column("state", "State", lambda r: r["state"]),
    Column("backend", "Backend", lambda r: at(r, "decision", "backend")),
    Column("provider", "Strategy", lambda r: at(r, "decision", "provider")),
    Column("faiss", "FAISS", lambda r: proof(r).get("faiss_version")),
    Column("isa_loaded", "FAISS build", lambda r: proof(r).get("isa_loaded")),
    Column("recall", "Recall", lambda r: figures(proof(r)).get("recall_at_k")),
    Column("qps", "Queries/s", lambda r: figures(proof(r)).get("qps")),
    Column("p50_ms", "p50 ms", lambda r: figures(proof(r)).get("p50_ms")),
    Column("p95_ms", "p95 ms", lambda r: figures(proof(r)).get("p95_ms")),
    Column("js_qps", "JavaScript queries/s", lambda r: javascript(r).get("qps")),
    Column("js_p95_ms", "JavaScript p95 ms", lambda r: javascript(r).get("p95_ms")),
    Column("js_kernel", "JavaScript kernel", lambda r: javascript_test(r).get("kernel")),
    Column("libc", "C library", _libc),
    Column("glibc", "glibc", _glibc),
    Column("glibcxx", "libstdc++", _versions("libstdcxx", "GLIBCXX")),
    Column("arch", "Architecture", lambda r: at(r, "facts", "arch")),
    Column("isa_level", "CPU level", lambda r: at(r, "facts", "cpu", "isa_level")),
    Column("os", "System", lambda r: at(r, "facts", "os", "name")),
    Column("kernel", "Kernel", lambda r: at(r, "facts", "kernel")),
    Column("pythons", "Pythons", _pythons),
    Column("free_mb", "Free MB", _free_mb),
    Column("cause", "Cause", lambda r: r["cause"]),
    Column("because", "Because", lambda r: r["because"]),
    Column("remedy", "Remedy", lambda r: r["remedy"]),
    Column("waived", "Waived", lambda r: waivers.of_record(r)[0] is not None),
    Column("waiver", "Waiver", _waiver),
    Column("attempts", "Attempts", lambda r: len(r["attempts"])),
    Column("setting_path", "Setting", lambda r: at(r, "setting", "path")),
    Column("setting_changed", "Setting changed", lambda r: at(r, "setting", "changed")),
    Column("predicted", "Predicted", lambda r: at(r, "decision", "predicted")),
    Column("probe", "Probed by", lambda r: at(r, "facts", "method")),
    Column("run", "Run", lambda r: r["run"]["id"]),
    Column("finished", "Finished", lambda r: r["run"]["finished"]),
)

KEYS = (*(column.key for column in COLUMNS), *checks.KEYS)  # of every table for programs
BY_KEY = {column.key: column for column in COLUMNS}


def row(record: Record) -> dict[str, Cell]:
    """All cells of a host by key, then those of its checks."""
    found: dict[str, Cell] = {column.key: column.value(record) for column in COLUMNS}
    found.update(checks.cells(record))
    return found
