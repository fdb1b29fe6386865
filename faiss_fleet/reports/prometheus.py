# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Metrics for node_exporter's textfile collector: hosts by state and cause, and each host's figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from ..records.columns import Cell
from .summary import Summary
from .text import one_line

# Metric: (what it says, cell, factor to its unit).
FIGURES = {
    "faiss_fleet_host_queries_per_second": ("Single-query calls per second of the backend in use.", "qps", 1.0),
    "faiss_fleet_host_p50_seconds": ("Median latency of one query.", "p50_ms", 0.001),
    "faiss_fleet_host_p95_seconds": ("95th percentile of the latency of one query.", "p95_ms", 0.001),
    "faiss_fleet_host_javascript_p95_seconds": ("The same of the JavaScript store.", "js_p95_ms", 0.001),
}

INFO = ("state", "provider", "faiss", "libc", "arch", "isa_level", "os", "cause")


def render(summary: Summary) -> Iterator[str]:
    """The metrics by lines."""
    run, mode = summary.run, "predicted" if summary.run["check_mode"] else "verified"
    yield from _head("faiss_fleet_run_info", "The run that these figures are of.")
    yield _sample("faiss_fleet_run_info", 1, run=run["id"], version=run["version"], mode=mode)
    yield from _head("faiss_fleet_run_start_time_seconds", "When it began.")
    yield _sample("faiss_fleet_run_start_time_seconds", _moment(run["started"]))
    yield from _head("faiss_fleet_hosts", "Hosts by state; mode is predicted in check mode, else verified.")
    for state, count in summary.states.items():
        yield _sample("faiss_fleet_hosts", count, state=state, mode=mode)
    yield from _head("faiss_fleet_hosts_waived", "Those of faiss_fleet_hosts whose cause is waived.")
    for state in summary.states:
        if state != "native":
            yield _sample("faiss_fleet_hosts_waived", summary.waived_states[state], state=state, mode=mode)
    yield from _head("faiss_fleet_hosts_by_cause", "Hosts by what stands in the way of native FAISS.")
    for cause in summary.causes:
        yield _sample("faiss_fleet_hosts_by_cause", len(cause.hosts), cause=cause.name, mode=mode)
    yield from _head("faiss_fleet_hosts_by_cause_waived", "Those of faiss_fleet_hosts_by_cause that are waived.")
    for cause in summary.causes:
        yield _sample("faiss_fleet_hosts_by_cause_waived", cause.waived, cause=cause.name, mode=mode)
    yield from _head("faiss_fleet_waivers", "Waivers that name hosts of the run, by whether they hold.")
    expired = sum(each.expired for each in summary.accepted.values())
    for status, count in (("in_force", len(summary.accepted) - expired), ("expired", expired)):
        yield _sample("faiss_fleet_waivers", count, status=status)
    yield from _head("faiss_fleet_host_native", "1 where native FAISS was verified, 0 where not; without predictions.")
    for cells in summary.rows:
        if not summary.is_predicted(cells):
            yield _sample("faiss_fleet_host_native", int(cells["state"] == "native"), host=cells["host"])
    yield from _head("faiss_fleet_host_info", "What is known of each host. Its facts are labels, so they may change.")
    for cells in summary.rows:
        facts = {key: cells[key] for key in INFO}
        facts["waived"] = "true" if cells["waived"] else "false"
        host_mode = "predicted" if summary.is_predicted(cells) else "verified"
        yield _sample("faiss_fleet_host_info", 1, host=cells["host"], mode=host_mode, **facts)
    for name, (text, key, factor) in FIGURES.items():
        yield from _head(name, text)
        for cells in summary.rows:
            value = cells[key]
            if isinstance(value, (int, float)):
                yield _sample(name, value * factor, host=cells["host"])


def _head(name: str, text: str) -> Iterator[str]:
    yield f"# HELP {name} {text}\n# TYPE {name} gauge\n"


def _sample(name: str, value: float, **labels: Cell) -> str:
    inside = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value:.10g}\n" if inside else f"{name} {value:.10g}\n"


def _label(value: Cell) -> str:
    return _text("" if value is None else str(value))


@lru_cache(maxsize=4_000)  # hosts of one class have most of their texts in common
def _text(value: str) -> str:
    text = one_line(value)
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
