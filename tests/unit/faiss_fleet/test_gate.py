# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from faiss_fleet import gate

NATIVE = {"backend": "faiss", "cause": None}
FALLBACK = {"backend": "js", "cause": "glibc_too_old"}


def test_only_a_fallback_stops_the_gate_and_hosts_without_a_decision_are_told_elsewhere() -> None:
    assert gate.fallen_back({"a": NATIVE, "b": FALLBACK, "c": None}) == {"b": "glibc_too_old"}


def test_the_message_names_hosts_with_their_causes_up_to_a_bound() -> None:
    fallen = {f"h{number:02}": "musl" for number in range(23)}
    text = gate.message(fallen, 40)
    assert "23 of 40" in text and "h00 (musl)" in text and "and 3 more" in text
    assert "h20" not in text


def test_an_open_gate_says_so() -> None:
    assert gate.message({}, 3) == "None of 3 host(s) is left with the fallback."
