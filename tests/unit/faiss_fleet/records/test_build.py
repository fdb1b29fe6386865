# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One host, one record, one state: whatever the stages returned, and whatever they did not."""

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet.records import schema as record_schema
from faiss_fleet.records.build import RecordBuilder, interrupted
from faiss_fleet.records.clean import Cleaner
from tests.sample_records import RUN, records
from tests.unit.faiss_fleet.records.results import GOOD, builder, closed

NATIVE = {"backend": "faiss", "provider": "wheel", "candidate": "w", "policy": "first", "because": "w passed."}


FALLBACK = {"backend": "js", "provider": "js", "candidate": None, "policy": "first", "because": "No FAISS passed."}


TOLD = {**FALLBACK, "cause": "glibc_too_old", "remedy": "Use 1.9.0.post1.", "message": "GLIBC_2.27"}


NO_REASON = (
    'Data could not be sent to remote host "h". Make sure this host can be reached over ssh: [Errno 32] Broken pipe'
)


@pytest.mark.parametrize(
    "steps, state, cause",
    [
        pytest.param([], "failed", "interrupted", id="nothing came"),
        pytest.param([("add_backend", {"decision": NATIVE})], "native", None, id="native"),
        pytest.param([("add_backend", {"decision": TOLD})], "fallback", "glibc_too_old", id="fallback"),
        pytest.param(
            [("add_backend", {"decision": FALLBACK})], "fallback", "not_installed", id="fallback, no reason told"
        ),
        pytest.param([("add_unreachable", "timed out")], "unreachable", "unreachable", id="unreachable"),
        pytest.param([("add_error", "probe", {"msg": "no", "cause": "read_only"})], "failed", "read_only", id="failed"),
        pytest.param([("add_error", "probe", {"msg": "no"})], "failed", "unknown", id="failed, cause unknown"),
        pytest.param(
            [("add_error", "probe", {"msg": "no"}), ("add_backend", {"decision": NATIVE})], "native", None, id="rescued"
        ),
        pytest.param(
            [("add_backend", {"decision": NATIVE}), ("add_unreachable", "gone")],
            "unreachable",
            "unreachable",
            id="lost",
        ),
    ],
)
def test_a_host_is_in_exactly_one_state(steps: list[Any], state: str, cause: str | None) -> None:
    made = builder()
    for method, *values in steps:
        getattr(made, method)(*values)
    record = closed(made)
    assert (record["state"], record["cause"]) == (state, cause)
    assert record["because"]
    assert record["remedy"] or state == "native" or cause == "unknown"


def test_a_later_failure_of_another_task_leaves_the_verdict() -> None:
    made = builder()
    made.add_backend({"decision": NATIVE})
    made.add_error("restart", {"msg": "no such unit"}, ends=False)
    record = closed(made)
    assert record["state"] == "native"
    assert record["errors"][0]["message"] == "no such unit"


def test_a_fallback_is_told_by_the_decisions_cause_and_remedy() -> None:
    made = builder()
    made.add_backend({"decision": TOLD})
    record = closed(made)
    assert (record["cause"], record["remedy"]) == ("glibc_too_old", "Use 1.9.0.post1.")


@pytest.mark.parametrize(
    "message, because",
    [
        pytest.param(
            'Data could not be sent to remote host "127.0.0.1". Make sure this host can be reached over ssh: '
            "ssh: connect to host 127.0.0.1 port 1: Connection refused\r\n",
            "ssh: connect to host 127.0.0.1 port 1: Connection refused",
            id="refused",
        ),
        pytest.param(
            "Failed to connect to the host via ssh: Warning: Permanently added 'h' (ED25519)\nu@h: Permission denied.",
            "u@h: Permission denied.",
            id="the reason is in the last line",
        ),
        pytest.param(
            NO_REASON,
            NO_REASON,
            id="ssh said nothing",
        ),
        pytest.param("", "no reason was given", id="nothing said at all"),
    ],
)
def test_an_unreachable_host_says_why(message: str, because: str) -> None:
    made = builder()
    made.add_unreachable(message)
    record = closed(made)
    assert record["because"] == because
    assert record["errors"][0]["message"].strip() == (message.strip() or because)


@pytest.mark.parametrize("part", ["facts", "plan", "attempts", "verification", "decision", "setting"])
@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(7, id="number"),
        pytest.param("text", id="text"),
        pytest.param([[]], id="lists"),
        pytest.param([{"candidate": {}, "id": [], "reasons": "x", "verdict": 3}], id="wrong types inside"),
        pytest.param({"cause": [], "backend": "faiss"}, id="object"),
        pytest.param({"libc": None, "because": {}}, id="half an object"),
    ],
)
def test_a_record_with_a_broken_part_is_mended_and_never_dropped(part: str, junk: Any) -> None:
    parts = {key: GOOD[key] for key in ("facts", "plan", "attempts", "verification", "decision", "setting")} | {
        part: junk
    }
    made = builder()
    made.add_facts({"ansible_facts": {"glibc_facts": parts["facts"]}})
    made.add_install(parts)
    made.add_backend(parts)
    record = closed(made)
    assert record["host"]["name"] == "host1"
    assert [error for error in record["errors"] if error["stage"] == "record"]
    whole = [key for key in ("facts", "plan") if key != part]
    assert all(record[key] == GOOD[key] for key in whole)
    if part == "decision":
        assert record["state"] == "failed"
        assert "could not be recorded" in record["because"]


def test_a_host_that_never_had_its_turn_has_a_record_too() -> None:
    record = interrupted(RUN, "../../etc/x", ["web"], Cleaner())
    assert record_schema.faults(record) == []
    assert (record["state"], record["cause"]) == ("failed", "interrupted")


def test_the_latest_result_of_a_candidate_counts() -> None:
    made = builder()
    first, second = ({**GOOD["verification"][0], "ok": ok} for ok in (False, True))
    made.add_verification({"results": [first]})
    made.add_verification({"results": [second]})
    assert [test["ok"] for test in closed(made)["verification"]] == [True]


def test_what_became_of_one_that_lost_stands_in_its_attempt_where_that_was() -> None:
    first = {**GOOD["attempts"][0], "candidate": "w", "message": None}
    made = builder()
    made.add_install({"attempts": [first, {**first, "candidate": "v"}]})
    made.add_backend({"decision": NATIVE, "attempts": [{**first, "removed": True, "message": "It is removed."}]})
    attempts = closed(made)["attempts"]
    assert [(one["candidate"], one.get("removed"), one["message"]) for one in attempts] == [
        ("w", True, "It is removed."),
        ("v", None, None),
    ]


def test_reopened_a_record_is_the_same() -> None:
    for record in records(13):
        assert RecordBuilder.reopen(RUN, record).close(Cleaner(), record["run"]["finished"]) == record


def test_what_was_asked_for_is_kept_also_when_the_record_is_opened_again() -> None:
    made = builder()
    made.add_install({"plan": GOOD["plan"], "strategies": ["existing", "wheel"]})
    record = closed(made)
    assert record["strategies"] == ["existing", "wheel"]
    assert RecordBuilder.reopen(RUN, record).close(Cleaner())["strategies"] == ["existing", "wheel"]
    assert "strategies" not in closed(builder())


@pytest.mark.parametrize("wrong, kept", [("wheel", []), (["wheel", 7, None], ["wheel"])])
def test_a_list_of_strategies_that_is_none_is_mended_and_told(wrong: Any, kept: list[str]) -> None:
    made = builder()
    made.add_install({"strategies": wrong})
    record = closed(made)
    assert record["strategies"] == kept and record_schema.faults(record) == []
    assert any(error["message"].startswith("strategies") for error in record["errors"])
