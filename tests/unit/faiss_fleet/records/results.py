# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the stages of an audit return, and records that are made of it."""

from __future__ import annotations

from typing import Any

from faiss_fleet.records import schema as record_schema
from faiss_fleet.records.build import STATES, RecordBuilder
from faiss_fleet.records.clean import Cleaner
from tests.sample_records import RUN, records


def builder(name: str = "host1") -> RecordBuilder:
    return RecordBuilder(RUN, name, ["web"], diagnose=lambda text: [])


def closed(made: RecordBuilder, *secrets: str) -> dict[str, Any]:
    record = made.close(Cleaner(secrets))
    assert record_schema.faults(record) == []
    assert record["state"] in STATES
    return record


GOOD = next(record for record in records(1))
