# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Says why an installation, a load or a run of FAISS failed, from what it printed.

Nothing here knows a message: the table in table.py does. This file takes the lines of a log in order, finds the first
row that fits each, and judges them together: what a later success line of the same tool makes harmless, what only wraps
another error, which of several causes came first. Time is linear in the size of the log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from . import blocks as causes_blocks
from . import lines as causes_lines
from . import match, plays, remedies
from . import rows as causes_rows
from . import table as causes_table
from .expressions import Expression, Forms
from .lines import clean
from .rows import in_order

Lines = Sequence[causes_lines.Line]

CAUSES = tuple(name for name, _rank, _meaning in causes_table.CAUSES)
_RANK = dict((name, rank) for name, rank, _meaning in causes_table.CAUSES)
_MEANING = dict((name, meaning) for name, _rank, meaning in causes_table.CAUSES)

BATCH = 4000  # lines looked at together
OUTCOME = 60  # lowest rank of what is seen in the end, whatever began it
LAST_RESORT = 79  # rank of what says that something failed and not why
WENT_ON = 3  # lines after which a program went on that said "failed to" and no more
RETRIED = 2  # lines above one that says that it is tried again, in which it says what is
AROUND = 3  # lines that make and a command that it runs print of one error
UNPLANNED = 6  # lines from what cannot be solved to the end of a transaction of which no plan was shown

__all__ = ("CAUSES", "clean", "diagnose", "meaning", "rank", "remedy", "rows_used")


def meaning(cause: str) -> str:
    """One line that says what a cause is."""
    return _MEANING[cause]


def remedy(cause: str, family: str | None = None, arch: str | None = None, line: str | None = None) -> str:
    """The next step for a cause, in the commands of a distribution family (remedies.family_of) where it is known.

    arch: the host's machine name, such as x86_64. line: the line that shows the cause, which may name what is missing.
    """
    return remedies.text(cause, family, arch, line)


def rank(cause: str) -> int:
    """Smaller is nearer to the root: a cause may be what brought about every one with a higher rank."""
    return _RANK[cause]


def diagnose(
    text: causes_lines.Text, family: str | None = None, arch: str | None = None, unknown: bool = False
) -> list[dict[str, Any]]:
    """What a log says went wrong: a list of {cause, line, line_number, remedy}, root first; empty when nothing fits.

    text: unicode, bytes, or a file open in text or binary mode, which is read line by line. Each cause is named once,
    with the first line that shows it. Among several, the one that may have brought about the others is first
    (the ranks in the table), then the one printed first. family and arch: as of remedy. unknown: where a tool says
    that it failed and no row fits, return the cause 'unknown' with the line that says most.
    """
    log = _Log()
    for batch in _batches(causes_lines.of(text)):
        log.look(batch)
    found = log.by_tool()
    if not unknown:
        found.pop("unknown", None)
    if any(place < LAST_RESORT for place, _number, _line in found.values()):
        found = {cause: shown for cause, shown in found.items() if shown[0] != LAST_RESORT and cause != "build_failed"}
    ordered = sorted((place, number, cause, line) for cause, (place, number, line) in found.items())
    wrapped = any(cause == "build_failed" for _place, _number, cause, _line in ordered)
    if (
        unknown
        and log.telling
        and all(place > LAST_RESORT for place, _number, _cause, _line in ordered)
        and not (wrapped and log.telling[0] > _EXCEPTION)
    ):
        ordered = [(_RANK["unknown"], log.telling[1], "unknown", causes_lines.shown(log.telling[2], ())), *ordered]
    return [
        {"cause": cause, "line": line, "line_number": number, "remedy": remedy(cause, family, arch, line)}
        for _place, number, cause, line in ordered
    ]


def rows_used(text: causes_lines.Text) -> set[int]:
    """Numbers of the rows that recognised a line: for tests that look for dead rows."""
    log = _Log()
    for batch in _batches(causes_lines.of(text)):
        log.look(batch)
    return log.used


def _batches(lines: Iterable[causes_lines.Line]) -> Iterator[tuple[int, Lines, bool]]:
    """Lists of lines; each begins with the last lines of the one before, which are context. (context, lines, last)."""
    batch: list[causes_lines.Line] = []
    context = 0
    for line in lines:
        batch.append(line)
        if len(batch) >= BATCH + context:
            yield context, batch, False
            batch = batch[-match.CONTEXT - match.INNER :]
            context = match.CONTEXT
    yield context, batch, True


class _Log:
    """What is known of a log so far."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[int, int, str]] = {}  # cause: (rank, line number, line)
        self.used: set[int] = set()
        # (how little it says, line number, line) of a failure that no row knows.
        self.telling: tuple[int, int, str] | None = None
        self.printed_since = 0  # lines without a word of failure after the last line that tells of one
        # What lines of a trace (a tool's level debug or info) show, by cause as in found.
        self.traced: dict[str, tuple[int, int, str]] = {}
        # The same of what a program or configure tried and went on without: it counts where something failed.
        self.tried: dict[str, tuple[int, int, str]] = {}
        # The same of warnings of a container engine and of what is tried again, and the number of the last line that is
        # neither.
        self.warned: dict[str, tuple[int, int, str]] = {}
        self.warned_last = 0  # number of the last such line
        self.printed = 0
        # The same of repositories left out, and of keys that yum has still to fetch: where something failed.
        self.left_out: dict[str, tuple[int, int, str]] = {}
        self.blocks = causes_blocks.Blocks()
        self.traceback = False
        self.play = plays.Play()
        self.conda = False  # whether the log has a word of conda
        self.shared: dict[str, str] = {}  # cause: what it is where the log is another tool's

    def by_tool(self) -> dict[str, tuple[int, int, str]]:
        """What is found; a line that two tools print counts for the one that the log is of.

        Lines of a trace count where no other line names a cause. Among them what is only seen in the end (OUTCOME), and
        of the network what may be tried again, counts where something failed. A warning of an engine, or a retry,
        counts where something failed, or nothing came after it.
        """
        if self.telling and self.telling[0] == _WEAKEST and self.printed_since >= WENT_ON:
            self.telling = None
        found = dict(self.found)
        failed = bool(self.found or self.telling)
        last = list(self.warned.items() if failed or self.warned_last > self.printed else ())
        for cause, shown in last + list(self.left_out.items() if failed else ()):
            found[cause] = min(shown, found.get(cause, shown))
        if self.play.went_well:
            found = {cause: shown for cause, shown in found.items() if shown[1] > self.play.recap}
            if self.telling and self.telling[1] < self.play.recap:
                self.telling = None
            self.traced = {}
        if all(place >= LAST_RESORT for place, _number, _line in found.values()):
            failed = bool(found or self.telling)
            if failed or self.blocks.of_openmp():
                found.update(item for item in self.tried.items() if item[0] not in found)
            found.update(
                (cause, shown)
                for cause, shown in self.traced.items()
                if failed or (shown[0] < OUTCOME and cause not in _UNREACHED)
            )
        if not self.conda:
            for cause, other in self.shared.items():
                if cause in found:
                    shown = found.pop(cause)
                    found[other] = min(shown, found.get(other, shown))
        return found

    def look(self, batch: tuple[int, Lines, bool]) -> None:
        """Take the lines of a batch in order; those behind the last few (match.INNER) wait for the next batch."""
        context, lines, last = batch
        end = len(lines) if last else len(lines) - match.INNER
        for index in range(context, end):
            number, original, line, words = lines[index]
            plain = causes_lines.without_prefix(line)
            self.play.look(number, plain)
            if "file '" in line[:80] and ", line " in line and plain.startswith("file '"):
                self.traceback = True
            if self.found or self.telling:
                self._take_back(number, plain)
            if self.warned and words and not causes_lines.is_engine_log(line) and not causes_lines.is_retry(line):
                self.printed = number
            if line:
                self.printed_since += 1
            skipped = (
                self.blocks.ended(line),
                self.blocks.warned(original, line),
                self.blocks.scripted(line),
                self.blocks.helped(original, plain),
            )
            if any((*skipped, self.blocks.announced(line))):
                continue
            tried = any((self.blocks.probed(plain), self.blocks.quoted(original, plain), _is_pointed_at(lines, index)))
            if tried and last and plain.startswith("raise ") and not any(below[2] for below in lines[index + 1 :]):
                tried = False  # a traceback cut off where it says what was raised
            if "current: {" in line and _node_is_new_enough(lines, index):
                self.found.pop("node_too_old", None)
                continue
            if not self.conda and not words.isdisjoint(causes_table.CONDA_WORDS):
                self.conda = True
            called = match.called_for(words)
            known = match.row_of(lines, index, called) if called else None
            if known is not None and causes_lines.is_command(line) and not causes_lines.is_filled(original):
                continue
            if known is None:
                if causes_lines.is_retry(line):
                    self._retried(number)
                thrown = _stack_follows(lines, index)
                told = any(part in line for part in _TOLD) or not words.isdisjoint(_FAILURE_WORDS)
                if (self.traceback or thrown or told) and not (
                    tried or causes_lines.is_passing(line) or causes_lines.is_kernel_log(line)
                ):
                    self._tell(number, original, line, thrown)
                continue
            self.used.add(known)
            row = causes_rows.index().rows[known]
            if tried or causes_lines.is_passing(line) or causes_lines.is_answered(lines, index, match.INNER):
                self.tried.setdefault(row.cause, (row.rank, number, causes_lines.shown(original, row.parts)))
                continue
            if causes_lines.is_engine_warning(line) or causes_lines.is_retry(line):
                self.warned.setdefault(row.cause, (row.rank, number, causes_lines.shown(original, row.parts)))
                self.warned_last = number
                continue
            if causes_lines.is_trace(line):
                self.traced.setdefault(row.cause, (row.rank, number, causes_lines.shown(original, row.parts)))
                continue
            if causes_lines.LEFT_OUT.search(line) or causes_lines.is_asked_for_key(lines, index):
                self.left_out.setdefault(row.cause, (row.rank, number, causes_lines.shown(original, row.parts)))
                continue
            inner = match.inner_error(lines, index) if row.wraps else None
            if inner is None:
                if row.shared is None:
                    self.shared.pop(row.cause, None)
                elif row.cause not in self.found:
                    self.shared[row.cause] = row.shared
                self._add(row.cause, row.rank, number, causes_lines.shown(original, row.parts))
            elif not inner[1]:
                self._add("unknown", row.rank, inner[0][0], causes_lines.shown(inner[0][1], ()))

    def _add(self, cause: str, place: int, number: int, line: str) -> None:
        if cause not in self.found or (place, number) < self.found[cause][:2]:
            self.found[cause] = (place, number, line)

    def _take_back(self, number: int, line: str) -> None:
        """Drop the causes of a step that this line says went well."""
        if line.startswith("...ignoring"):
            # The playbook expects this task to fail: what it said is no cause.
            self._forget(self.play.ignore())
            return
        if causes_lines.IGNORED.search(line):
            self._forget(number - AROUND)
            return
        if self.play.recapped(number, line):
            return
        if "://" in line and _ANSWERED.search(line):
            self._reached(line)
        if _HOST_WENT_WELL.match(line):
            self.found = {cause: shown for cause, shown in self.found.items() if "[WARNING]" not in shown[2][:80]}
            return
        if line.startswith("normal started "):
            self._started()
            return
        resolved = causes_table.WENT_WELL if causes_lines.WENT_WELL.found(line) else _resolved(line)
        if resolved:
            self.telling = None
            for cause in resolved:
                if cause != "conda_unsat" or not self._has_no_plan(number):
                    self.found.pop(cause, None)

    def _has_no_plan(self, number: int) -> bool:
        """Whether a transaction that ends here follows at once on what could not be solved.

        mamba has made such an environment with nothing in it.
        """
        _place, unsolved, line = self.found.get("conda_unsat", (0, 0, ""))
        said = "Encountered problems while solving" in line or "Problem: " in line
        return said and number - unsolved <= UNPLANNED

    def _started(self) -> None:
        """Drop what only delayed the start of a container of Kubernetes, which has started now."""
        self.found = {cause: shown for cause, shown in self.found.items() if not _DELAYED.match(shown[2])}
        if self.telling and _DELAYED.match(self.telling[2]):
            self.telling = None

    def _reached(self, line: str) -> None:
        """Drop that an address could not be reached which has answered now."""
        for address in _ADDRESS.findall(line):
            for cause in _UNREACHED:
                if address in self.found.get(cause, (0, 0, ""))[2].lower():
                    del self.found[cause]

    def _retried(self, number: int) -> None:
        """Count what the lines just above showed of the network as what is tried again."""
        for cause in _UNREACHED:
            shown = self.found.get(cause)
            if shown and shown[1] >= number - RETRIED:
                self.warned[cause] = self.found.pop(cause)
                self.warned_last = number

    def _forget(self, since: int) -> None:
        """Drop what the lines from that number on showed."""
        self.found = {cause: shown for cause, shown in self.found.items() if shown[1] < since}
        if self.telling and self.telling[1] >= since:
            self.telling = None

    def _tell(self, number: int, original: str, line: str, thrown: bool) -> None:
        """Keep the line that says most of a failure: a tool's own report before the outcome of a wrapper.

        thrown: whether the stack of an exception follows.
        """
        if "traceback (most recent call last)" in line:
            self.traceback = True
            if (self.telling is None or self.telling[0] > _WRAPPER) and line.startswith(("fatal: [", "failed: [")):
                self.telling = (_WRAPPER, number, original)  # the exception below it, if any, says more
            return
        texts = causes_lines.behind_each(line)
        built = line.startswith(("step #", "#", "\u2502", "remote:"))  # of a build, not of a service that goes on
        for place, form in enumerate(_FAILURES):
            if place == _EXCEPTION and not (self.traceback or thrown):
                continue
            raised = place == _EXCEPTION and _RAISED.match(original)
            tried = texts if place < _WEAKEST or built else texts[:1]
            if (raised or any(form.found(text) for text in tried)) and not match.harmless(line):
                self.printed_since = 0
                if self.telling is None or place < self.telling[0]:
                    self.telling = (place, number, original)
                return


# A request that was answered, and what one says of the address when it is not.
_ANSWERED = Expression("(?:^|[ '(=])(?:status:? ok|200(?: ok)?)(?=[ ,;')]|$)")
_ADDRESS = Expression("\\bhttps?://[^\\s'<>(),;]{4,300}")
_UNREACHED = ("network", "timeout", "proxy", "tls")
# Ansible: a host's outcome of one module.
_HOST_WENT_WELL = Expression("[^ |]{1,253} \\| (?:success|changed)(?: =>| \\|)")
# An event of Kubernetes after which it tries again by itself.
_DELAYED = Expression("\\s*Warning +Failed(?:Scheduling|Mount|AttachVolume|MapVolume|CreatePodSandBox|Sync) ")
# How tools say that they failed, those that say most first.
_EXCEPTION = 1
_WRAPPER = 2
_WEAKEST = 3
# Docker's clients and compose say what is wrong with a file or a command without a word of failure.
_OF_COMPOSE = (
    "(?:no configuration file provided|no such service|unknown flag|dependency failed to start): |"
    "\\d{1,3} errors? occurred:$|top-level object must be a mapping|"
    "(?:parsing \\S{1,300}: )?yaml: (?:line \\d|unmarshal errors|found |mapping |control )|"
    "validating \\S{1,300}: |env file \\S{1,300} not found: |"
    "invalid interpolation format for |required variable \\S{1,80} is missing a value|"
    "(?:network|volume|secret|config) \\S{1,120} declared as external, but could not be found|"
    "external volume '.{1,120}' not found|service '.{1,120}' is not running|"
    "container \\S{1,120} is unhealthy$|(?:docker: )?invalid reference format|"
    "'.{1,120}' requires (?:exactly|at least|at most) \\d arguments?\\.|dockerfile parse error (?:on )?line |"
    "(?:conflict\\. )?the container name '.{1,120}' is already in use|target [\\w-]{1,60}: failed to solve"
)
_NOWHERE = "(?!)"
_FAILURES = tuple(
    Forms(beginning, anywhere)
    for beginning, anywhere in (
        (
            _OF_COMPOSE + "|ctr: |"
            "(?:\\S+ ){0,3}(?:error response from daemon|fata\\[\\d+\\]|erro\\[\\d+\\]|cmake error|error[:!] |e: |"
            "panic: |fatal: (?!\\[)|\\[?err_pnpm_|curl: \\(\\d)|(?:fatal|failed): \\[|"
            "[^ |]{1,253} \\| failed!? (?:=>|>>)|critical libmamba |"
            "(?:[a-z_]\\w{0,60}\\.){0,6}(?:broken(?:processpool|threadpool|executor)|"
            "environment(?:file|location|name)notfound): |"
            "\\S{0,200}python[\\d.]{0,5}: can't open file |"
            "pyproject.toml changed significantly since |your pipfile.lock (?:\\S+ )?is out of date|"
            "\\W{0,4}the lock-?file is not (?:up-to-date|compatible)|\\[[a-z]{3,40}error\\]: "
            "the lock ?file |"
            "[\\d: -]{19} error \\d{3}: ",
            "\\blevel=(?:fatal|panic) |'level' ?: ?'(?:fatal|panic)'|: invalid compose project$|"
            "\\badditional property \\S{1,80} is not allowed$|: (?:fatal )?error: ",
        ),
        (
            "(?:e +|uncaught |exception in thread '[^']{1,80}' )?[a-z_]?[\\w.]*(?:error|exception)"
            "(?: \\[\\w{1,60}\\])?(?:: |:?$)",
            _NOWHERE,
        ),
        ("(?:npm (?:err!|error)|gyp err!|(?:g|c)?make(?:\\[\\d+\\])?: \\*\\*\\* )", _NOWHERE),
        (
            "error an unexpected error occurred|error /?\\S{1,300}: command failed|"
            "[a-z]+(?: [a-z]+){0,3} failed: (?!none|no |false)[^\\d\\[{]|"
            "(?:[a-z_]\\w{0,60}\\.){0,6}(?!on|no|has|is|std)[a-z]{2,60}(?:error|exception)"
            "(?:: (?!true|false|none|null|no |yes|0)|$)|"
            "(?:unable|failed) to |(?:cannot|could not) |active: failed \\(result: |"
            "dpkg: error |\\[error [\\w./-]{2,120}\\]: |"
            "mount(?:\\.\\w{2,20})?: .{0,300}(?:wrong fs type|bad option|unknown filesystem type)|"
            "u?mount: .{0,300}(?:special device [^ ]{1,200} does not exist|mount point does not exist|target is busy|"
            "can't find in /etc/fstab|must be superuser|cannot mount )|"
            "error (?:checking|committing|copying|adding|getting|pushing|initializing|resolving|connecting|"
            "while|when|building|creating|loading|opening|reading|"
            "writing|parsing|processing|executing|execution|running|starting|pulling|installing|downloading|extracting|"
            "code) |"
            # An event of Kubernetes.
            "(?:[\\dsmhd]{2,9} )?warning (?:failed\\w{0,30}|outof\\w{3,20}|unexpectedadmissionerror|inspectfailed|"
            "backoff|networknotready|imagegcfailed) |"
            # pytest's summary
            "(?:failed|error) [^ ]{1,200}\\.py(?:::[^ ]{1,200})? - [\\w.]{0,80}(?:error|exception)(?:: |$)",
            ": failed with result '(?!success)|: start request repeated too quickly|"
            "\\bunit (?:\\S{1,80} )?entered failed state|' returned a non-zero code: [1-9]|"
            "\\brpc error: code = (?!ok )\\w{2,20} desc = |"
            "\\bexited with (?:error|non-?zero)(?: exit)? (?:code|status):? [1-9]",
        ),
    )
)
# Below a traceback: an exception whose class is not called an error, such as docker.errors.NotFound.
_RAISED = Expression("(?:E +|(?:#\\d{1,4} )?\\d{1,6}\\.\\d{1,4} +)?(?:[a-z_]\\w{0,60}\\.){1,8}[A-Z]\\w{2,60}: (?=\\S)")
_TOLD = ("error: ", "exception: ", ": can't open file ")
_FAILURE_WORDS = frozenset(
    """
    error fata erro fatal failed panic err exception traceback e make gmake unable cannot could zero quickly mount
    brokenprocesspool brokenthreadpool brokenexecutor environmentfilenotfound environmentlocationnotfound
    environmentnamenotfound lockfile lock ctr
    configuration service flag dependency occurred yaml compose validating property env interpolation variable mapping
    external container unhealthy reference requires dockerfile target umount
    failedscheduling failedmount failedattachvolume failedcreatepodsandbox failedcreate failedsync failedbinding
    failedcreatepodcontainer failedpoststarthook failedprestophook faileddaemonpod failedkillpod provisioningfailed
    failedmapvolume outofmemory outofcpu outofpods unexpectedadmissionerror inspectfailed networknotready imagegcfailed
    """.split()
)


def _stack_follows(lines: Lines, index: int) -> bool:
    """Whether the next line is the first of the stack of an exception, as Node and Java print it."""
    line = lines[index][2]
    return index + 1 < len(lines) and lines[index + 1][2].startswith("at ") and ("error" in line or "exception" in line)


def _is_pointed_at(lines: Lines, index: int) -> bool:
    """Whether the next line is the mark of a compiler or Python below the line of the source that this is."""
    if index + 1 >= len(lines):
        return False
    below = lines[index + 1][2]
    return below[:1] in ("^", "~", "|") and "^" in below and not below.strip("^~| ")


def _node_is_new_enough(lines: Lines, index: int) -> bool:
    """Whether npm's line of the current versions names a Node of at least the newest release line that is required."""
    current = re.search("node: 'v?(\\d+)\\.(\\d+)", lines[index][2])
    before = [re.search("node: '([^']*)'", line[2]) for line in lines[max(0, index - match.CONTEXT) : index]]
    wanted = [found.group(1) for found in before if found]
    required = [line[2] for line in lines[max(0, index - match.CONTEXT) : index] if "required: {" in line[2]]
    if required and "npm: '" in required[-1] and "}" in required[-1] and "node: '" not in required[-1]:
        return True  # of another release of npm only
    if current is None or not wanted:
        return False
    bounds = [
        (int(major), int(minor or 0))
        for major, minor in re.findall("(?<![.\\d<])(?<!< )(\\d+)(?:\\.(\\d+))?", wanted[-1])
    ]
    if not bounds:
        return "<" in wanted[-1]  # too new for the package, if anything
    return (int(current.group(1)), int(current.group(2))) >= max(bounds)


def _resolved(line: str) -> Iterable[str]:
    """Causes that were none, as this line says that the step they were found in went well."""
    if line[:1] not in causes_rows.FIRST_LETTERS:
        line = causes_lines.without_prefix(line)
        if line[:1] not in causes_rows.FIRST_LETTERS:
            return ()
    for parts, resolved in causes_rows.RESOLVED:
        if line.startswith(parts[0]) and in_order(parts, line):
            return resolved
    return ()
