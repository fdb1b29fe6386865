# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from faiss_fleet.causes.plays import Play

FAILED = "fatal: [web1]: failed! => {'msg': 'no'}"
OUTCOME = '{} : ok=1 changed=0 unreachable={} failed={} skipped=0 rescued=1 ignored=0'


def _play(*lines: str) -> Play:
    play = Play()
    for number, line in enumerate(lines, start=1):
        play.look(number, line)
        play.recapped(number, line)
    return play


def test_a_play_without_a_recap_did_not_go_well():
    assert not _play('task [a] ***', 'ok: [web1]').went_well


def test_a_play_went_well_where_no_host_of_the_recap_failed():
    play = _play('task [a] ***', 'ok: [web1]', 'play recap ***', OUTCOME.format('web1', 0, 0))
    assert play.went_well
    assert play.recap == 4
    assert not _play('play recap ***', OUTCOME.format('web1', 0, 1)).went_well
    assert not _play('play recap ***', OUTCOME.format('web1', 1, 0)).went_well


def test_what_failed_on_a_host_counts_unless_that_host_got_over_it():
    assert _play(FAILED, OUTCOME.format('web1', 0, 0)).went_well
    assert not _play(FAILED, OUTCOME.format('web2', 0, 0)).went_well


def test_a_failure_that_is_expected_is_taken_back_to_where_its_task_began():
    play = _play('task [a] ***', 'task [b] ***', 'a traceback', FAILED)
    assert play.ignore() == 2
    play.recapped(5, OUTCOME.format('web2', 0, 0))
    assert play.went_well
    assert Play().ignore() == 0
