# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Follows what several lines of a log say together: a warning of CMake, a test program in configure's own log, a script
that npm runs."""

from __future__ import annotations

import re

from . import lines

_CMAKE_WARNING = re.compile("cmake (?:deprecation |author )?warning\\b")
# configure writes into config.log what it tried; it goes on with whatever does not work, and says so where it cannot.
_PROBE = re.compile("configure:\\d{1,6}: (?!error: )")
_AFTER_PROBES = re.compile("configure:(?:\\d{1,6}:)? error: |checking |configure: |config\\.status: |g?make(?:\\[|: )")

# npm and yarn: the package and the name of its script, then the script.
_SCRIPT = re.compile("> (?:@[\\w.-]{1,60}/)?[\\w.-]{1,100}@\\d[\\w.+-]{0,40} \\w{1,40}(?: /|$)")


class Blocks:
    """Where the lines of a log stand: fed with one line after the other."""

    def __init__(self) -> None:
        self._warning: int | None = None  # indentation of the first line of a warning of CMake
        self._probe = False
        self._script = False

    def scripted(self, line: str) -> bool:
        """Whether this line names a script of a package, or is the script itself."""
        named, self._script = self._script, _SCRIPT.match(line) is not None
        return self._script or (named and line.startswith("> "))

    def warned(self, original: str, line: str) -> bool:
        """Whether this line belongs to a warning of CMake: its first line, or one below it that is indented more."""
        if self._warning is None and "cmake" not in line:
            return False
        said = lines.without_prefix(line)
        if self._warning is not None:
            if not said or said.startswith("call stack (most recent") or _indentation(original) > self._warning:
                return True
            self._warning = None
        if _CMAKE_WARNING.match(said):
            self._warning = _indentation(original)
            return True
        return False

    def probed(self, line: str) -> bool:
        """Whether this line is what a test program of configure printed."""
        if _PROBE.match(line):
            self._probe = True
        elif self._probe and _AFTER_PROBES.match(line):
            self._probe = False
        return self._probe


def _indentation(original: str) -> int:
    """Spaces in front of what a tool wrote, behind the prefixes of other tools."""
    text = original.lower().replace("\t", "    ")
    rest = text.lstrip()
    spaces = len(text) - len(rest)
    while rest:
        behind = lines.behind_prefix(rest)
        if behind is None:
            break
        rest = behind.lstrip()
        spaces = len(behind) - len(rest)
    return spaces
