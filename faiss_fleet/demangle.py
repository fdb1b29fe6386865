# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Writes C++ symbols as people read them. Records keep the names as the files have them."""

from __future__ import annotations

import functools
from typing import Any

# The C++ runtime takes names apart by recursion; no function of FAISS has a name near this long.
MAX_NAME = 2000


def demangle(symbol: str) -> str:
    """Return 'std::__throw_out_of_range_fmt(char const*, ...)' for '_ZSt24__throw_out_of_range_fmtPKcz'.

    A name that is not C++ comes back as it is, and so does every name where no C++ runtime is found.
    """
    if not symbol.startswith("_Z") or len(symbol) > MAX_NAME or not symbol.isascii() or "\0" in symbol:
        return symbol
    cxxfilt = _library()
    if cxxfilt is None:
        return symbol
    try:
        return str(cxxfilt.demangle(symbol))
    except (cxxfilt.Error, UnicodeDecodeError):
        return symbol


@functools.cache
def _library() -> Any:
    """The module, loaded when it is first needed: it looks for the C++ runtime of the controller."""
    import cxxfilt

    try:
        cxxfilt.demangle("_Z1fv")
    except cxxfilt.LibraryNotFound:
        return None
    return cxxfilt
