# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Follows what several lines of a log say together: a warning of CMake or webpack, a test program of configure or of
CMake, a script that npm runs, a tool's help, a line of source in a traceback."""

from __future__ import annotations

from . import lines
from .expressions import Expression

_CMAKE_WARNING = Expression("cmake (?:deprecation |author )?warning\\b")
# configure writes into config.log what it tried, CMake into CMakeError.log; they go on with whatever does not work, and
# say so where they cannot. (what a probe begins with, what is behind all of them)
_PROBES = (
    (
        Expression("configure:\\d{1,6}: (?!error: )"),
        Expression("configure:(?:\\d{1,6}:)? error: |checking |configure: |config\\.status: |g?make(?:\\[|: )"),
    ),
    (
        Expression("(?:performing|determining|detecting) .{1,200} with the following output"),
        Expression("-- |cmake (?:error|warning)"),
    ),
    # webpack and Next.js warn of a module that a package can do without.
    (Expression("(?:warning in|warn -) \\.{1,2}/"), Expression("error in |$")),
)
_OPENMP_PROBE = Expression(
    "(?:detecting \\w{1,10} openmp|performing c\\w{0,4} source file test openmp_\\w{1,40}) "
    "failed with the following output"
)
# npm and yarn: the package and the name of its script, then the script.
_SCRIPT = Expression("> (?:@[\\w.-]{1,60}/)?[\\w.-]{1,100}@\\d[\\w.+-]{0,40} \\w{1,40}(?: /|$)")

_USAGE = Expression("usage:(?: |$)")
# Python: the place of a call; the line of source is below it.
_PLACE = Expression("file '.{1,300}', line \\d{1,7}")
# A warning that announces the stack of an exception, and the lines of it, as Java prints them.
_FOLLOWS = ("follows", "follows.", "follows:")
_STACK_FOLLOWS = Expression("(?:stack ?trace|traceback) follows[.:]?$")
_STACK = Expression("(?:at |caused by: |[\\w.$]{1,200}(?:error|exception)(?:: |$)|\\.{3} \\d{1,4} more)")


class Blocks:
    """Where the lines of a log stand: fed with one line after the other."""

    def __init__(self) -> None:
        self._warning: int | None = None  # indentation of the first line of a warning of CMake
        self._after_probes: Expression | None = None
        self._probes_of_one = False  # whether all that were tried are for OpenMP
        self._beside_probes = False  # whether there was a line of anything else
        self._script = False
        self._help: int | None = None  # indentation of the line that says how a tool is used
        self._place: int | None = None  # indentation of the line that names a place
        self._stack = False
        self._ignored = False

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

    def announced(self, line: str) -> bool:
        """Whether this line is of the stack of an exception that a warning above it announced."""
        if line.endswith(_FOLLOWS) and _STACK_FOLLOWS.search(line) and lines.is_passing(line):
            self._stack = True
            return False
        self._stack = self._stack and _STACK.match(line) is not None
        return self._stack

    def ended(self, line: str) -> bool:
        """Whether this line is the last that a preprocessor says of an error, and a warning has passed that on."""
        ignored = self._ignored
        if line:
            self._ignored = "fatal error: " in line and lines.is_passing(line)
        return ignored and line.startswith("compilation terminated")

    def helped(self, original: str, line: str) -> bool:
        """Whether this line is of a tool's help: from its usage on, what is indented, and headings."""
        if _USAGE.match(line):
            self._help = _indentation(original)
        elif self._help is not None and line and not line.endswith(":") and _indentation(original) <= self._help:
            self._help = None
        return self._help is not None

    def quoted(self, original: str, line: str) -> bool:
        """Whether this line is the source that a traceback shows of the place named above it."""
        place, self._place = self._place, _indentation(original) if _PLACE.match(line) else None
        return place is not None and _indentation(original) > place

    def probed(self, line: str) -> bool:
        """Whether this line is what a test program of configure or CMake printed, or of a warning of webpack."""
        for begins, ends in _PROBES:
            if begins.match(line):
                self._after_probes = ends
                self._probes_of_one = _OPENMP_PROBE.match(line) is not None
                self._beside_probes = self._beside_probes or not self._probes_of_one
        if self._after_probes is not None and self._after_probes.match(line):
            self._after_probes = None
        if line and self._after_probes is None:
            self._beside_probes = True
        return self._after_probes is not None

    def of_openmp(self) -> bool:
        """Whether the log is nothing but what CMake wrote of its search for OpenMP: it is asked about that."""
        return self._probes_of_one and not self._beside_probes


def _indentation(original: str) -> int:
    """Spaces in front of what a tool wrote, behind the prefixes of other tools."""
    text = lines.uncoloured(original).lower().replace("\t", "    ")
    rest = text.lstrip()
    spaces = len(text) - len(rest)
    while rest:
        behind = lines.behind_prefix(rest)
        if behind is None:
            break
        rest = behind.lstrip()
        spaces = len(behind) - len(rest)
    return spaces
