# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A record comes out of the store as it went in, and its columns hold nothing that a database refuses."""

from __future__ import annotations

import copy
import json
import zlib

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.store import packing
from tests.sample_records import records
from tests.unit.faiss_fleet.reports.exported import waived


def test_a_record_comes_out_as_it_went_in_and_takes_less_room() -> None:
    for record in records(13):
        packed = packing.pack(record)
        assert packing.unpack(packed) == record
        assert len(packed) < len(json.dumps(record))


def test_the_columns_are_those_of_the_reports() -> None:
    record = next(records(1))
    line = packing.line_of(record)
    assert set(line) == {"run", "host", "record", *packing.CELLS}
    assert (line["state"], line["strategy"], line["glibc"]) == ("native", "wheel", "2.17")


def test_a_waiver_is_found_where_it_holds() -> None:
    record = copy.deepcopy(next(each for each in records(13) if each["state"] == "fallback"))
    assert packing.waiver_of(packing.pack(record)) is None
    for until, found in (("2020-01-01", None), ("2999-01-01", "until 2999-01-01, storage team: replaced in January")):
        record["host"]["waivers"] = [waived(record["cause"], until)]
        assert packing.waiver_of(packing.pack(record)) == found


def test_what_no_database_takes_reaches_no_column() -> None:
    record = copy.deepcopy(next(records(1)))
    record["host"]["name"], record["because"] = "a\x00b", "nul \x00, half a pair \ud800"
    line = packing.line_of(record)
    assert (line["host"], line["because"]) == ("a\ufffdb", "nul \ufffd, half a pair ?")
    assert packing.unpack(line["record"]) == record


@pytest.mark.parametrize(
    "packed", [b"not deflated", zlib.compress(b"{"), b"", None], ids=["bytes", "cut", "empty", "null"]
)
def test_what_is_no_packed_record_any_more_is_an_error_with_a_remedy(packed: bytes) -> None:
    with pytest.raises(FleetError, match=r"is damaged.*Move the store away"):
        packing.unpack(packed)
