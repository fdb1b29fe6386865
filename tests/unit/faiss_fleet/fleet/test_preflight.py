# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.fleet import preflight
from tests.unit.faiss_fleet.strategies.wheel.wheels import make_wheel


@pytest.mark.parametrize("name", ["../../etc/x", "a/b", "-rf", ".hidden", "two\nlines", "..", "back\\slash"])
def test_a_host_name_that_could_be_a_path_or_an_option_is_refused(name: str) -> None:
    (fault,) = preflight.faults(name, {})
    assert "ansible_host" in fault and "\n" not in fault


@pytest.mark.parametrize("name", ["!web", "&web", " web", "web\u3000"])
def test_a_host_name_that_no_file_for_limit_can_hold_is_refused(name: str) -> None:
    (fault,) = preflight.faults(name, {})
    assert "to --limit, that is a pattern for other hosts" in fault


@pytest.mark.parametrize("name", ["vector-01.example.org", "10.0.0.7", "fe80::1", "db_3", "a,b", "~web", "web[1]"])
def test_ordinary_names_pass(name: str) -> None:
    assert preflight.faults(name, {}) == []


@pytest.mark.parametrize(
    ("values", "told"),
    [
        pytest.param({"faiss_install__strategies": ["weel"]}, ["'weel'", "wheel"], id="unknown strategy"),
        pytest.param({"faiss_install__strategies": {"wheel": 1}}, ["list"], id="strategies as a mapping"),
        pytest.param({"faiss_install__strategies": []}, ["empty"], id="no strategy"),
        pytest.param({"faiss_install__policy": "best"}, ["best", "fastest"], id="unknown policy"),
        pytest.param({"faiss_install__prefix": "opt/faiss"}, ["opt/faiss"], id="relative prefix"),
        pytest.param({"faiss_install__prefix": "/"}, ["/"], id="root as prefix"),
        pytest.param({"faiss_install__prefix": "/usr/local/faiss"}, ["/usr"], id="prefix inside /usr"),
        pytest.param({"faiss_install__prefix": "/opt/../usr/x"}, ["/opt/../usr/x"], id="prefix through .."),
        pytest.param({"faiss_install__polcy": "first"}, ["__polcy", "faiss_install__policy"], id="typo"),
        pytest.param({"faiss_install__wheelhouse": "/nowhere/wheels"}, ["/nowhere/wheels"], id="no wheelhouse"),
        pytest.param({"faiss_install__wheel_version": "newest"}, ["'newest', which is not a version"], id="no version"),
        pytest.param({"faiss_install__portable_python": {"file": "/x"}}, ["sha256"], id="archive without a hash"),
        pytest.param(
            {"faiss_install__portable_python": {"file": "/x", "sha256": "0" * 64}},
            ["/x"],
            id="archive that is not there",
        ),
        pytest.param({"faiss_install__addon_inputs": "/nowhere/inputs"}, ["/nowhere/inputs"], id="no inputs"),
        pytest.param(
            {"faiss_install__faiss_source": {"git": "https://x", "commit": "v1.7.4", "version": "1.7.4"}},
            ["faiss_install__faiss_source", "40 hexadecimal digits"],
            id="source by a tag",
        ),
        pytest.param(
            {"faiss_install__faiss_node_prebuilt": {"file": "/nowhere/x.tar.gz", "sha256": "0" * 64}},
            ["/nowhere/x.tar.gz"],
            id="prebuilt that is not there",
        ),
        pytest.param({"vector_backend__path": "backend.json"}, ["absolute"], id="relative setting"),
        pytest.param({"vector_backend__path": "/etc/faiss-fleet/backend"}, [".json"], id="setting that is no .json"),
        pytest.param({"vector_backend__socket": "faiss.sock"}, ["absolute path"], id="relative socket"),
        pytest.param({"vector_backend__socket": "/run/" + "x" * 110}, ["107 bytes"], id="socket that is too long"),
        pytest.param({"fleet_batch": "maybe"}, ["fleet_batch is 'maybe'", "true or false"], id="switch in words"),
        pytest.param({"fleet_batch_timeout": "1m"}, ["fleet_batch_timeout", "a number"], id="seconds in words"),
        pytest.param({"fleet_batchs": False}, ["Did you mean fleet_batch?"], id="misspelt variable of the playbook"),
        pytest.param({"vector_backend__path": "/usr/bin/backend.json"}, ["/usr"], id="setting among programs"),
        pytest.param(
            {"faiss_install__lock_max_age_hours": "soon"},
            ["faiss_install__lock_max_age_hours", "not a number"],
            id="hours that are no number",
        ),
    ],
)
def test_bad_input_is_told_with_what_would_be_right(values: dict[str, Any], told: list[str]) -> None:
    faults = preflight.faults("host", values)
    assert faults
    for word in told:
        assert any(word in fault for fault in faults), (word, faults)


@pytest.mark.parametrize(
    ("workload", "told"),
    [
        pytest.param({"k": 200, "n": 100}, "workload.k is 200, more than the 100 vectors", id="more than there are"),
        pytest.param({"n": 5}, "workload.k is 10, more than the 5 vectors", id="fewer than the default asks for"),
        pytest.param({"indexes": []}, "workload.indexes is empty", id="no index"),
        pytest.param({"indexes": ["flat", "flat"]}, "each once", id="an index twice"),
    ],
)
def test_options_that_are_wrong_together_are_refused_before_any_host(workload: dict[str, Any], told: str) -> None:
    (fault,) = preflight.faults("host", {"faiss_install__search_test": {"workload": workload}}, files=False)
    assert fault.startswith("faiss_install__search_test: ") and told in fault


def test_options_of_the_search_test_that_are_good_pass() -> None:
    given = {"workload": {"n": 20, "k": None, "indexes": ["flat"]}, "timeout": None, "min_recall": {"ivf": 0.5}}
    values = {"faiss_install__search_test": given, "fleet_batch": "no", "fleet_batch_timeout": "30", "fleet_owner": "x"}
    assert preflight.faults("host", {**values, "vector_backend__socket": ""}, files=False) == []


def test_good_input_passes(tmp_path: Path) -> None:
    make_wheel(tmp_path)
    values = {
        "faiss_install__strategies": ["wheel", "js"],
        "faiss_install__policy": "fixed",
        "faiss_install__prefix": "/srv/faiss-fleet",
        "faiss_install__wheelhouse": str(tmp_path),
        "faiss_install__wheel_version": "1.99.0",
        "faiss_install__cache": str(tmp_path / "cache"),
        "vector_backend__path": "/etc/faiss-fleet/backend.json",
    }
    assert preflight.faults("host", values) == []
    (fault,) = preflight.faults("host", {**values, "faiss_install__wheel_version": "1.98"})
    assert f"is 1.98, and {tmp_path} has no wheel of it; the newest there: 1.99.0" in fault


def test_files_on_the_controller_are_checked_against_their_hashes(tmp_path: Path) -> None:
    archive = tmp_path / "python.tar.gz"
    archive.write_bytes(b"x")
    (tmp_path / "faiss_cpu-1.9.0-cp313-cp313-manylinux_2_17_x86_64.whl").write_bytes(b"not what was summed")
    (tmp_path / "SHA256SUMS").write_text("0" * 64 + "  faiss_cpu-1.9.0-cp313-cp313-manylinux_2_17_x86_64.whl\n")
    for values in (
        {"faiss_install__portable_python": {"file": str(archive), "sha256": "0" * 64}},
        {"faiss_install__wheelhouse": str(tmp_path)},
    ):
        (fault,) = preflight.faults("host", {**values, "faiss_install__cache": str(tmp_path / "cache")})
        assert "sha256" in fault.lower()


def test_the_message_names_each_fault_once_with_its_hosts() -> None:
    text = preflight.message({"It is wrong.": [f"h{number}" for number in range(8)]})
    assert text.count("It is wrong.") == 1
    assert "h0, h1, h2, h3, h4 and 3 more" in text
