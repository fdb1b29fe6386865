# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the solver refused becomes a cause with both sides of it."""

import pytest

from faiss_fleet.strategies.conda import host_class as conda_class
from faiss_fleet.strategies.conda import refusal as conda_refusal
from tests.unit.faiss_fleet.strategies.conda.packages import facts


def refused(glibc="2.17", **answer):
    answer = {"kind": "unsat", "message": "cannot", "missing": [], "better": None, "fitting": None, **answer}
    host = conda_class.of_facts(facts(glibc))
    return conda_refusal.error(answer, host, ["faiss-cpu >=1.10", "python"], ["https://me:pw@h/ch"])


def test_refusal_has_both_sides_and_what_would_have_fitted():
    wants = [{"name": "faiss-cpu", "version": "1.15.1", "wants": "__glibc >=2.28"}]
    fitting = [{"name": "python", "version": "3.13.2"}, {"name": "faiss-cpu", "version": "1.9.0"}]
    found = refused(better={"name": "__glibc", "least": "2.28", "wants": wants}, fitting=fitting)
    assert found.cause == "conda_glibc"
    assert "faiss-cpu 1.15.1 wants __glibc >=2.28, and the host has __glibc 2.17" in str(found)
    assert "The newest that would have fitted is faiss-cpu 1.9.0 (with python 3.13.2)" in str(found)
    assert "[faiss-cpu=1.9.0, python]" in found.remedy


@pytest.mark.parametrize(
    "answer, cause",
    [
        ({"better": {"name": "__archspec", "least": "1", "wants": []}}, "cpu_isa"),
        ({"better": {"name": "__linux", "least": "4.18", "wants": []}}, "kernel_too_old"),
        ({"better": None}, "conda_unsat"),
        ({"missing": ["faiss-gpu"]}, "conda_not_found"),
        ({"kind": "network", "message": "Connection refused"}, "conda_network"),
        ({"kind": "error", "message": "builder error"}, "tls"),
        ({"kind": "install", "message": "bad zip"}, "corrupt_artefact"),
        ({"kind": "wants", "wants": [{"name": "a", "version": "1", "wants": "__glibc >=2.28"}]}, "conda_glibc"),
    ],
)
def test_each_refusal_has_a_cause_and_no_secret(answer, cause):
    found = refused(**answer)
    assert found.cause == cause
    assert "pw" not in str(found)


@pytest.mark.parametrize(
    "answer, fault",
    [
        ({"better": None, "anywhere": False}, "inventory"),
        ({"better": None, "anywhere": True}, "host"),  # it lacks two things at once
        ({"better": {"name": "__linux", "least": "4.18", "wants": []}}, "host"),
        ({"kind": "error", "message": "/lib64/libc.so.6: version `GLIBC_2.28' not found"}, "controller"),
    ],
)
def test_what_no_host_could_have_and_what_the_controller_lacks_is_not_the_hosts(answer, fault):
    assert refused(**answer).fault == fault
