# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a host returned becomes plain JSON, bounded and without secrets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from faiss_fleet.records.clean import TEXT_LIMIT
from tests.unit.faiss_fleet.records.results import GOOD, builder, closed


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("https://user:s3cr3t-w0rd@index.example.net/simple", id="in a URL"),
        pytest.param("the password is s3cr3t-w0rd.", id="by the host's variables"),
        pytest.param("--proxy-user s3cr3t%2Dw0rd s3cr3t-w0rd", id="twice"),
        pytest.param("Authorization: Bearer s3cr3t-w0rd", id="header"),
        pytest.param("x" * TEXT_LIMIT + " s3cr3t-w0rd", id="at the end of a long text"),
    ],
)
def test_a_secret_is_masked_wherever_it_stands(text: str) -> None:
    made = builder()
    made.add_error("faiss_install", {"msg": text, "module_stdout": text, "results": [{"item": text, "msg": text}]})
    made.add_install({"attempts": [{**GOOD["attempts"][0], "log": text, "message": text}]})
    assert "s3cr3t-w0rd" not in json.dumps(closed(made, "s3cr3t-w0rd"))


@pytest.mark.parametrize("before", [TEXT_LIMIT // 2 - 20, TEXT_LIMIT // 2 - 14])
def test_a_password_is_not_half_shown_where_a_text_is_cut(before: int) -> None:
    url = "https://me:hunter2@h/ "
    for text in ("x" * before + " " + url + "y " * TEXT_LIMIT, "y " * TEXT_LIMIT + url + "x" * before):
        made = builder()
        made.add_error("probe", {"msg": text})
        shown = closed(made)["errors"][0]["message"]
        assert "hunt" not in shown and "ter2" not in shown and "characters left out" in shown


def test_what_is_no_plain_json_becomes_it() -> None:
    made = builder()
    odd = {"nan": float("nan"), "bytes": b"\xff", "surrogate": "\udcff", "set": {1}, 3: "key"}
    made.add_facts({"ansible_facts": {"glibc_facts": {**GOOD["facts"], "limits": odd}}})
    limits = json.loads(json.dumps(closed(made), allow_nan=False))["facts"]["limits"]
    assert limits == {"nan": None, "bytes": "\ufffd", "surrogate": "\ufffd", "set": [1], "3": "key"}


def test_a_megabyte_is_cut_to_its_head_and_tail() -> None:
    made = builder()
    made.add_error("probe", {"msg": "head " + "x" * 1_000_000 + " tail"})
    record = closed(made)
    message = record["errors"][0]["message"]
    assert message.startswith("head ")
    assert "tail" in message or len(message) <= TEXT_LIMIT
    assert len(json.dumps(record)) < 3 * TEXT_LIMIT
    assert "characters were left out" in record["errors"][-1]["message"]


def test_a_record_without_end_ends() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    made = builder()
    made.add_facts({"ansible_facts": {"glibc_facts": {**GOOD["facts"], "limits": endless}}})
    assert "nested deeper" in closed(made)["errors"][-1]["message"]
