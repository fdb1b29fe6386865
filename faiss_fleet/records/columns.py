# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The columns of every report: header and cell stand side by side and cannot drift apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import checks, waivers
from .schema import Record

Cell = str | int | float | bool | None


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


class Measured:
    """A record with what several columns look up in it, looked up once."""

    __slots__ = ("figures", "javascript", "javascript_test", "proof", "record")

    def __init__(self, record: Record) -> None:
        self.record, self.proof, self.javascript_test = record, proof(record), javascript_test(record)
        self.figures, self.javascript = figures(self.proof), figures(self.javascript_test)


@dataclass(frozen=True)
class Column:
    """One column. value returns None where the record has no answer."""

    key: str
    title: str
    value: Callable[[Measured], Cell]


def _versions(name: str, prefix: str) -> Callable[[Measured], Cell]:
    return lambda m: at(m.record, "facts", name, "versions", prefix)


def _glibc(m: Measured) -> Cell:
    libc = at(m.record, "facts", "libc")
    return libc["version"] if libc and libc["family"] == "glibc" else None


def _libc(m: Measured) -> Cell:
    libc = at(m.record, "facts", "libc")
    return f"{libc['family']} {libc['version'] or '?'}" if libc and libc["family"] else None


def _free_mb(m: Measured) -> Cell:
    for system in at(m.record, "facts", "filesystems") or []:
        if system["purpose"] == "prefix" and system["free_bytes"] is not None:
            return int(system["free_bytes"]) // 1_000_000
    return None


def _pythons(m: Measured) -> Cell:
    versions = [python["version"] for python in at(m.record, "facts", "pythons") or [] if python["version"]]
    return " ".join(dict.fromkeys(versions)) or None


def _waiver(m: Measured) -> Cell:
    holds = waivers.of_record(m.record)[0]
    return waivers.text(holds) if holds else None


COLUMNS: tuple[Column, ...] = (
    Column("host", "Host", lambda m: m.record["host"]["name"]),
    Column("groups", "Groups", lambda m: " ".join(m.record["host"]["groups"])),
    Column("state", "State", lambda m: m.record["state"]),
    Column("backend", "Backend", lambda m: at(m.record, "decision", "backend")),
    Column("provider", "Strategy", lambda m: at(m.record, "decision", "provider")),
    Column("faiss", "FAISS", lambda m: m.proof.get("faiss_version")),
    Column("isa_loaded", "FAISS build", lambda m: m.proof.get("isa_loaded")),
    Column("recall", "Recall", lambda m: m.figures.get("recall_at_k")),
    Column("qps", "Queries/s", lambda m: m.figures.get("qps")),
    Column("p50_ms", "p50 ms", lambda m: m.figures.get("p50_ms")),
    Column("p95_ms", "p95 ms", lambda m: m.figures.get("p95_ms")),
    Column("js_qps", "JavaScript queries/s", lambda m: m.javascript.get("qps")),
    Column("js_p95_ms", "JavaScript p95 ms", lambda m: m.javascript.get("p95_ms")),
    Column("js_kernel", "JavaScript kernel", lambda m: m.javascript_test.get("kernel")),
    Column("libc", "C library", _libc),
    Column("glibc", "glibc", _glibc),
    Column("glibcxx", "libstdc++", _versions("libstdcxx", "GLIBCXX")),
    Column("arch", "Architecture", lambda m: at(m.record, "facts", "arch")),
    Column("isa_level", "CPU level", lambda m: at(m.record, "facts", "cpu", "isa_level")),
    Column("os", "System", lambda m: at(m.record, "facts", "os", "name")),
    Column("kernel", "Kernel", lambda m: at(m.record, "facts", "kernel")),
    Column("pythons", "Pythons", _pythons),
    Column("free_mb", "Free MB", _free_mb),
    Column("cause", "Cause", lambda m: m.record["cause"]),
    Column("because", "Because", lambda m: m.record["because"]),
    Column("remedy", "Remedy", lambda m: m.record["remedy"]),
    Column("waived", "Waived", lambda m: waivers.of_record(m.record)[0] is not None),
    Column("waiver", "Waiver", _waiver),
    Column("attempts", "Attempts", lambda m: len(m.record["attempts"])),
    Column("setting_path", "Setting", lambda m: at(m.record, "setting", "path")),
    Column("setting_changed", "Setting changed", lambda m: at(m.record, "setting", "changed")),
    Column("predicted", "Predicted", lambda m: at(m.record, "decision", "predicted")),
    Column("probe", "Probed by", lambda m: at(m.record, "facts", "method")),
    Column("run", "Run", lambda m: m.record["run"]["id"]),
    Column("finished", "Finished", lambda m: m.record["run"]["finished"]),
)

KEYS = (*(column.key for column in COLUMNS), *checks.KEYS)  # of every table for programs
BY_KEY = {column.key: column for column in COLUMNS}


def row(record: Record) -> dict[str, Cell]:
    """All cells of a host by key, then those of its checks."""
    measured = Measured(record)
    found: dict[str, Cell] = {column.key: column.value(measured) for column in COLUMNS}
    found.update(checks.cells(record))
    return found
