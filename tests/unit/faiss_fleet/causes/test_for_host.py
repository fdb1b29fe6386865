# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Remedies by a host's facts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from faiss_fleet.causes import diagnose as causes
from faiss_fleet.causes import for_host
from faiss_fleet.records.build import RecordBuilder
from faiss_fleet.records.clean import Cleaner
from tests.sample_records import RUN, records
from tests.unit.faiss_fleet.causes.test_remedies import EVERY_MANAGER, MANAGERS

CENTOS = {"arch": "aarch64", "os": {"id": "centos", "version": "7", "name": "CentOS Linux 7 (Core)"}}


@pytest.mark.parametrize(
    "facts, expected",
    [
        (CENTOS, ("yum", "aarch64")),
        ({"arch": "x86_64", "os": {"id": "pop", "version": "22.04", "id_like": "ubuntu debian"}}, ("apt", "x86_64")),
        ({"arch": "", "os": {"id": None, "version": None}}, (None, None)),
        ({}, (None, None)),
        (None, (None, None)),
    ],
)
def test_family_and_arch_follow_from_the_facts(facts: dict[str, Any] | None, expected: tuple[str, str]) -> None:
    assert for_host.family_and_arch(facts) == expected


def test_a_remedy_names_the_commands_of_that_host() -> None:
    text = for_host.remedy_for("missing_shared_lib", CENTOS, "libgomp.so.1: cannot open shared object file")
    assert "`yum install libgomp`" in text
    assert "apt" not in text


def test_a_remedy_without_facts_names_all() -> None:
    assert "apt-get install libgomp1" in for_host.remedy_for("missing_shared_lib", None, "libgomp.so.1: cannot open")


SYSTEMS = {
    "yum": {"id": "centos", "id_like": "rhel fedora", "version": "7", "name": None},
    "dnf": {"id": "rocky", "id_like": "rhel centos fedora", "version": "9.4", "name": None},
    "apt": {"id": "pop", "id_like": "ubuntu debian", "version": "22.04", "name": None},
    "apk": {"id": "alpine", "version": "3.20.1", "name": None},
    "zypper": {"id": "sles", "id_like": "suse", "version": "15.6", "name": None},
}


def _record(system: dict[str, Any], cause: str) -> dict[str, Any]:
    """A record of a host where everything fails by one cause, with the table's remedy everywhere."""
    line = "ImportError: libgomp.so.1: cannot open shared object file"
    remedy = causes.remedy(cause)
    name = {"id": "wheel:x", "strategy": "wheel", "artefact": {"name": "faiss-cpu", "version": "1.9.0"}}
    reason = {"check": "libraries", "cause": cause, "need": "a", "have": None, "text": line}
    failed = {"ok": False, "cause": cause, "message": line, "remedy": remedy, "log": None}
    facts = {"arch": "x86_64", "os": system}
    return {
        "facts": facts,
        "plan": [{**name, "verdict": "blocked", "reasons": [reason], "remedy": remedy, "note": None}],
        "attempts": [{"candidate": "wheel:x", **failed}],
        "verification": [{"candidate": "wheel:x", **failed}],
        "errors": [{"stage": "probe", **failed, "remedy": causes.remedy(cause, line=line)}],
        "decision": {"backend": "js", "cause": cause, "remedy": remedy, "message": line},
    }


@pytest.mark.parametrize("family", SYSTEMS)
def test_no_remedy_of_a_record_names_a_package_manager_that_the_host_lacks(family: str) -> None:
    others = EVERY_MANAGER - set(MANAGERS[family])
    for cause in causes.CAUSES:
        record = _record(SYSTEMS[family], cause)
        for_host.localized(record)
        parts = [record["plan"][0], record["attempts"][0], record["verification"][0], record["errors"][0]]
        for part in [*parts, record["decision"]]:
            assert part["remedy"] == for_host.remedy_for(cause, record["facts"], "libgomp.so.1: cannot open")
            assert set(re.findall(r"[a-z][a-z-]*", part["remedy"])) & others == set(), (cause, part["remedy"])


def test_a_remedy_of_a_strategys_own_stays() -> None:
    record = _record(SYSTEMS["apt"], "python_missing")
    record["plan"][0]["remedy"] = "Set faiss_install__portable_python."
    for_host.localized(record)
    assert record["plan"][0]["remedy"] == "Set faiss_install__portable_python."


def test_the_record_that_is_written_speaks_to_its_host() -> None:
    made = RecordBuilder(RUN, "host1")
    made.add_facts({"glibc_facts": {**next(iter(records(1)))["facts"], "os": SYSTEMS["apk"]}})
    made.add_error("glibc_facts", {"msg": "ImportError: libgomp.so.1: cannot open shared object file"})
    record = made.close(Cleaner(()))
    assert record["errors"][0]["remedy"] == record["remedy"]
    assert "`apk add libgomp`" in record["remedy"] and "apt-get" not in record["remedy"]
