# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Regular expressions that are compiled when they are first used: most processes that import them read no log."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any


class Expression:
    """As what ``re.compile`` makes of a form."""

    search: Callable[..., re.Match[str] | None]
    match: Callable[..., re.Match[str] | None]
    fullmatch: Callable[..., re.Match[str] | None]
    findall: Callable[[str], list[str]]
    sub: Callable[[str | Callable[[re.Match[str]], str], str], str]

    def __init__(self, form: str) -> None:
        self.pattern = form

    def __getattr__(self, name: str) -> Any:
        """Called for what is not there yet: the compiled one's methods become this one's."""
        if name not in Expression.__annotations__:
            raise AttributeError(name)
        compiled = re.compile(self.pattern)
        for method in Expression.__annotations__:
            setattr(self, method, getattr(compiled, method))
        return getattr(self, name)


class Forms:
    """Two expressions, of which one is found: what a line begins with, and what may stand anywhere in it.

    As one they would be tried from each letter of a line on, most of them in vain.
    """

    def __init__(self, beginning: str, anywhere: str) -> None:
        self._beginning = Expression(beginning)
        self._anywhere = Expression(anywhere)

    def found(self, line: str) -> bool:
        return self._beginning.match(line) is not None or self._anywhere.search(line) is not None
