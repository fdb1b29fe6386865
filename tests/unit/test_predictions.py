# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The page of predictions is what the planner says today, and the matrix that writes it notices what differs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.matrix import judge, page, runner
from tests.matrix.combinations import GLIBCS, USERLANDS, Combination, every, wheel_of

PAGE = page.PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def summaries() -> dict[str, dict[str, str]]:
    return page.read(PAGE)


def test_the_page_is_what_the_planner_says_of_these_userlands(summaries: dict[str, dict[str, str]]) -> None:
    """Without a container: facts as the page shows them give the same cells, so neither table nor planner moved on."""
    assert set(summaries) == {userland.name for userland in USERLANDS}
    facts = {userland: page.facts_of(userland, summaries[userland.name]) for userland in USERLANDS}
    candidates = {each.key: judge.predict(each, facts[each.userland]) for each in every()}
    assert page.render(summaries, candidates) == PAGE, "run tools/predictions --write"


def test_there_are_at_least_sixty_combinations_and_none_twice() -> None:
    keys = [each.key for each in every()]
    assert len(keys) == len(set(keys))
    assert len([each for each in every() if each.userland in GLIBCS]) >= 60


LOADER = (
    "ImportError: /lib64/libstdc++.so.6: version `GLIBCXX_3.4.21' not found "
    "(required by /matrix/sites/0/faiss/_swigfaiss.abi3.so)"
)
NUMPY = (
    "ImportError: libz.so.1: cannot open shared object file: No such file or directory\n\nDuring handling of the above "
    "exception, another exception occurred:\n\nImportError: \n\nIMPORTANT: PLEASE READ THIS\n"
)


@pytest.mark.parametrize(
    "status, output, expected",
    [
        pytest.param(0, "TRIAL WORKS 1.9.0\n", ("works", None, None, None), id="works"),
        pytest.param(
            1, LOADER, ("symbol_version", "libstdc++.so.6", "GLIBCXX_3.4.21", "_swigfaiss.abi3.so"), id="version"
        ),
        pytest.param(1, NUMPY, ("library", "libz.so.1", None, None), id="library, under numpy's advice"),
        pytest.param(1, "ModuleNotFoundError: No module named 'x'", ("module", None, None, None), id="module"),
        pytest.param(132, "Illegal instruction", ("signal", None, "SIGILL", None), id="signal"),
        pytest.param(1, "wrong answer: [[1]]", ("other", None, None, None), id="wrong answer"),
        pytest.param(0, "", ("other", None, None, None), id="silence is no success"),
        pytest.param(124, "", ("other", None, None, None), id="time limit"),
    ],
)
def test_what_a_trial_said_is_understood(status: int, output: str, expected: tuple[Any, ...]) -> None:
    found = runner.outcome(status, output)
    assert (found.kind, found.library, found.version, found.file) == expected


def _of(name: str, python: str, release: str, summaries: dict[str, dict[str, str]]) -> Any:
    userland = next(each for each in USERLANDS if each.name == name)
    return judge.predict(
        Combination(userland, python, wheel_of(release, python)), page.facts_of(userland, summaries[name])
    )


FIRST = ("symbol_version", "libstdc++.so.6", "GLIBCXX_3.4.21", "_swigfaiss.abi3.so")


@pytest.mark.parametrize(
    "outcome, agrees",
    [
        pytest.param(FIRST, True, id="as planned"),
        pytest.param(("works", None, None, None), False, id="it works after all"),
        pytest.param((FIRST[0], FIRST[1], "GLIBCXX_3.4.22", FIRST[3]), False, id="another version"),
        pytest.param((*FIRST[:3], "libfaiss.so"), False, id="another file"),
        pytest.param((FIRST[0], "libm.so.6", "GLIBC_2.27", FIRST[3]), False, id="another library"),
        pytest.param(("module", None, None, None), False, id="another cause"),
        pytest.param(("signal", None, "SIGILL", None), False, id="a crash"),
    ],
)
def test_any_difference_is_a_disagreement(
    outcome: tuple[Any, ...], agrees: bool, summaries: dict[str, dict[str, str]]
) -> None:
    planned = _of("glibc 2.17", "3.13", "1.15.1", summaries)
    assert (judge.disagreement(planned, runner.Outcome(*outcome)) is None) == agrees


def test_a_wheel_that_fails_where_it_was_called_possible_is_a_disagreement(
    summaries: dict[str, dict[str, str]],
) -> None:
    planned = _of("glibc 2.41", "3.13", "1.15.1", summaries)
    assert judge.disagreement(planned, runner.Outcome("works")) is None
    assert judge.disagreement(planned, runner.Outcome(*FIRST))
    assert judge.disagreement(planned, runner.Outcome("signal", version="SIGSEGV"))
