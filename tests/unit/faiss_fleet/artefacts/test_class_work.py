# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
import pytest

from faiss_fleet import run_id
from faiss_fleet.artefacts import cache, class_work
from faiss_fleet.artefacts import limits as time_limit
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options

RUNS = "20261122T100000Z-aaaaaa", "20261122T110000Z-bbbbbb"
DOWN = FleetError("The index is down. Start it.", "network", "Start it.")
HOST = Options(extra={"faiss_install__offline": False})


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Calls made(options, run, ends): what the block does; returns how often it was entered so far."""
    entered = []

    def made(options=HOST, run=RUNS[0], ends=DOWN):
        monkeypatch.setenv(run_id.RUN_VARIABLE, run)
        with class_work.once(tmp_path / "class.json", options):
            entered.append(run)
            if ends:
                raise ends

    made.entered = entered
    return made


def test_the_second_host_of_a_run_hears_what_the_first_heard(asked):
    with pytest.raises(FleetError, match=r"^The index is down. Start it.$"):
        asked()
    with pytest.raises(FleetError, match=r"The index is down. Start it. That was found for another host") as found:
        asked()
    assert (found.value.cause, found.value.remedy) == ("network", "Start it.")
    assert len(asked.entered) == 1


def test_another_run_tries_anew_and_what_was_made_ends_the_memory(asked, tmp_path):
    with pytest.raises(FleetError):
        asked()
    asked(run=RUNS[1], ends=None)
    asked(run=RUNS[0], ends=None)
    assert asked.entered == [RUNS[0], RUNS[1], RUNS[0]]
    assert not list(tmp_path.glob("*.refused.json"))


def test_a_host_with_other_options_tries_anew(asked):
    with pytest.raises(FleetError):
        asked()
    asked(options=Options(extra={"faiss_install__wheelhouse": "/srv/wheels"}), ends=None)
    assert len(asked.entered) == 2


def test_outside_of_a_run_nothing_is_remembered(asked):
    for _ in range(2):
        with pytest.raises(FleetError, match=r"Start it\.$"):
            asked(run="")
    assert len(asked.entered) == 2


def test_what_ran_out_of_time_is_not_waited_for_again(asked):
    with pytest.raises(time_limit.OutOfTime):
        asked(ends=time_limit.OutOfTime("3600 s are over"))
    with pytest.raises(FleetError, match=r"had not made class\.json") as found:
        asked()
    assert found.value.cause == "timeout"


def test_an_error_of_ours_is_no_answer(asked):
    for _ in range(2):
        with pytest.raises(KeyError):
            asked(ends=KeyError("bug"))
    assert len(asked.entered) == 2


def test_whose_fault_it_is_is_the_same_for_the_second_host(asked):
    wrong = FleetError("The index has other wheels.", "no_matching_distribution", fault="controller")
    for _ in range(2):
        with pytest.raises(FleetError) as found:
            asked(ends=wrong)
        assert found.value.fault == "controller"
    assert len(asked.entered) == 1


PACKAGE = {"name": "faiss-cpu", "version": "1.9.0", "file": "faiss.whl", "sha256": "0" * 64}
LOCK = {"layout": 1, "packages": [PACKAGE]}


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(None, id="there is none"),
        pytest.param([], id="not even an object"),
        pytest.param({"resolved_at": 1.0}, id="no lock"),
        pytest.param({"resolved_at": 1.0, "lock": {"layout": 1}}, id="no packages"),
        pytest.param({"resolved_at": 1.0, "lock": {"layout": 1, "packages": []}}, id="an empty list of packages"),
        pytest.param({"resolved_at": 1.0, "lock": {"layout": 1, "packages": [{"name": "x"}]}}, id="half a package"),
        pytest.param({"resolved_at": 1.0, "lock": {**LOCK, "layout": 2}}, id="a newer layout"),
        pytest.param({"resolved_at": "soon", "lock": LOCK}, id="no time"),
        pytest.param({"resolved_at": 1.0, "lock": LOCK}, id="too old"),
    ],
)
def test_a_lock_that_cannot_be_used_is_made_again(tmp_path, kept):
    path = tmp_path / "lock.json"
    cache.write_json(path, kept)
    assert class_work.kept_lock(path, 1, HOST, 90_000.0, 24.0) is None


def test_a_lock_of_this_layout_is_used_while_it_is_not_too_old(tmp_path):
    path = tmp_path / "lock.json"
    cache.write_json(path, {"resolved_at": 1.0, "lock": LOCK})
    assert class_work.kept_lock(path, 1, HOST, 3600.0, 24.0) == LOCK
    assert class_work.kept_lock(path, 1, HOST, 90_000.0, 0.0) == LOCK
    assert class_work.kept_lock(path, 1, HOST, 90_000.0, 24.0, any_age=True) == LOCK
    assert class_work.kept_lock(path, 1, Options(offline=True), 90_000.0, 24.0) == LOCK


def test_what_is_packed_is_made_once_and_nothing_stays_of_what_failed(tmp_path):
    options, made = Options(cache=tmp_path), []

    def fill(place):
        (place / "tree").mkdir()
        (place / "tree" / "x").write_text("x")
        made.append(place)
        if len(made) == 1:
            raise DOWN

    with pytest.raises(FleetError):
        class_work.packed("wheel", {"packages": []}, options, fill)
    assert not list(tmp_path.glob("archives/*.tar.gz")) and not list(tmp_path.glob("stage-*"))
    first = class_work.packed("wheel", {"packages": []}, options, fill)
    assert class_work.packed("wheel", {"packages": []}, options, fill) == first and len(made) == 2
