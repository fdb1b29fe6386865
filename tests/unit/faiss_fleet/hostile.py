# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Hosts that mean harm, for the tests of every report."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from faiss_fleet.records import schema as record_schema
from faiss_fleet.records.build import RecordBuilder
from faiss_fleet.records.clean import Cleaner
from faiss_fleet.reports.summary import Summary
from tests.sample_records import RUN, records

SCRIPT = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
TURNED = "left\u202etfel\u202c\u2066\u200f\u200b"
SEPARATED = "one\u2028two\u2029three\x85four"
STEERED = "\x1b[2J\x1b]0;owned\x07\x08\x9b31m\r\n"
SYMBOLS = (
    "needs GLIBCXX_3.4.21 (for _ZNSt11logic_errorC2ERKS_, _ZSt24__throw_out_of_range_fmtPKcz, _ZTv0_n24 and 9 more)"
)
FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "\u2003=1",
    "\u00a0=1",
    "\uff1d1",
    "\uff0b1",
    "\ufeff=1",
)


def host(name: str, *, system: str = "Linux", because: str = "Because.", remedy: str | None = None) -> dict[str, Any]:
    """A valid record of a fallback whose name, system, reason and remedy are as given."""
    facts = {**next(iter(records(1)))["facts"], "os": {"id": system, "version": system, "name": system}}
    decision = {"backend": "js", "provider": "js", "candidate": None, "policy": "first", "because": because}
    builder = RecordBuilder(RUN, name, [name], diagnose=lambda text: [])
    builder.add_facts({"ansible_facts": {"glibc_facts": facts}})
    builder.add_backend({"decision": {**decision, "cause": "glibc_too_old", "remedy": remedy}})
    record = builder.close(Cleaner(), RUN.started)
    assert record_schema.faults(record) == []
    return record


def everything(name: str = "hostile") -> dict[str, Any]:
    """All of it in one host."""
    text = " ".join((SCRIPT, TURNED, SEPARATED, STEERED, "| a | b", "[link](http://example.net) @all", "x" * 1_000_000))
    return host(name + SCRIPT + TURNED, system=text, because=text, remedy=text)


def summary(*made: dict[str, Any]) -> Summary:
    """What the renderers read."""
    return Summary(asdict(RUN), made)
