# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from faiss_fleet.reports import gate

FALLBACK = {"decision": {"backend": "js", "because": "No FAISS passed."}}


def test_only_a_decision_for_javascript_is_a_fallback() -> None:
    assert gate.is_fallback(FALLBACK)
    assert not gate.is_fallback({"decision": {"backend": "faiss"}})
    assert not gate.is_fallback({"failed": True})


def test_the_message_names_hosts_and_reasons_up_to_a_bound_and_what_to_do() -> None:
    text = gate.message({f"h{number:02}": FALLBACK for number in range(23)})
    assert "23 hosts fall back" in text and "h00: No FAISS passed." in text and "and 3 more" in text
    assert "h20" not in text and "fail_on_fallback: false" in text


def test_a_host_name_cannot_break_the_line() -> None:
    assert "\nx: " not in gate.message({"a\nx": FALLBACK})
