# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
import pytest

from faiss_fleet import run_id
from faiss_fleet.artefacts import class_work
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
