# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet.fleet import secret_words


def template(text: str) -> str:
    return str(eval(text.strip("{} ")))


@pytest.mark.parametrize(
    "variables, words",
    [
        ({"app_password": "word", "user": "me"}, {"word"}),
        ({"app_password": ["one", {"b": "two"}], "tokens": {"a": 12345}}, {"one", "two", "12345"}),
        ({"url": "https://me:word@h/"}, {"word"}),
        ({"channels": ["file:///x", {"url": "https://me:en%40coded@h/"}]}, {"en%40coded", "en@coded"}),
        ({"registry": {"user": "me", "password": "word"}}, {"word"}),
        ({"secret": "{{ 'wo' + 'rd' }}"}, {"word"}),
        ({"secret": "{{ 1 / 0 }}", "pass_word": 3}, set()),
        ({}, set()),
    ],
)
def test_words_of_variables_wherever_they_stand(variables: dict[str, Any], words: set[str]) -> None:
    assert secret_words.of_variables(variables, template) == words


def test_a_word_that_is_too_short_to_hide_is_left() -> None:
    assert secret_words.long_enough({"12", "word"}) == {"word"}
