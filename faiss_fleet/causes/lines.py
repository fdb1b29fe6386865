# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reads a log of any size and any encoding as clean lines, the form in which the table is written."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import IO

from . import translations
from .expressions import Expression, Forms

PIECE = 4000  # longer lines are looked at in pieces of this many characters,
OVERLAP = 400  # each of which begins with the end of the one before
SHOWN = 400  # characters of a line in an answer

# A log: text, bytes, or lines of either, such as a file that is open in text or binary mode.
Text = str | bytes | bytearray | IO[str] | IO[bytes] | Iterable[str]
# (line number, original line, clean line, its words).
Line = tuple[int, str, str, frozenset[str]]
_ANSI = Expression("\\x1b(?:\\[[0-9;:?]{0,40}[ -/]{0,4}[@-~]|\\][^\\x07\\x1b]{0,200}(?:\\x07|\\x1b\\\\)|[@-Z_])")
_ESCAPED_ANSI = Expression("\\\\(?:u001b|x1b|033|e)\\[[0-9;?]{0,40}[A-Za-z]")
_CONTROLS = Expression("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_QUOTES: dict[int, str] = dict(
    (ord(quote), "'") for quote in '"`\u00b4\u2018\u2019\u201b\u201c\u201d\u00ab\u00bb\u2032'
)
_QUOTES.update((ord(space), " ") for space in "\t\u00a0")
_QUOTES.update({0xFF1A: ": ", 0xFF0C: ", ", 0xFF08: " (", 0xFF09: ") "})  # full-width : , ( )
# UTF-8 quotes that a tool in between took for Windows-1252 or Latin-1.
_MOJIBAKE = Expression("\u00e2(?:\u20ac[\u02dc\u2122\u0153]?|\x80[\x98\x99\x9c\x9d])")
_MOJIBAKE_LETTER = Expression("\u00c3[\x80-\xbf]")  # a letter of Latin-1 in UTF-8, taken for Latin-1
_SPACES = Expression("  +")
_ODD = Expression("[\"`\t\x1b\\\\]|  |''|[^\x00-\x7f]")  # what makes cleaning a line more than lower case
_REPEATED_QUOTES = Expression("'(?:\\\\*')+|\\\\+'")
# What tools put in front of the lines of others; taken off before a line is joined with the one before it.
_PREFIX = Expression(
    "##\\[error\\] ?|::error::|"
    "(?:npm (?:err!|error|warn!?)(?: code| syscall| errno| stack)?|(?:node-pre-)?gyp (?:err!|error|info)(?: stack)?"
    "|err!|\\d{4}-\\d\\d-\\d\\d[t ]\\d\\d:\\d\\d:\\d\\d[.,\\dz+:-]*"
    "|#\\d{1,4} \\d{1,5}\\.\\d{1,4}|\\d{1,5}\\.\\d{1,3}(?= )|\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d{1,6})?:?(?= )"
    "|[\\w.-]{1,60}[-_]\\d{1,3} {1,20}\\||std(?:err|out) [fp]|==> [\\w.-]{1,40}:"
    "|step #\\d{1,3}(?: - '[^']{1,80}')?:|\\[(?:analyzer|detector|restorer|builder|exporter|creator)\\]"
    "|\\d{1,2}:\\d\\d:\\d\\d [ap]m:"
    # pnpm, yarn and uv; a host that builds behind git; pnpm, turbo and concurrently of many packages at once.
    "|\u27a4 yn\\d{4}:(?: \u2502)?(?: \\S{1,160} std(?:err|out))?|\u2502|remote:"
    "|(?:[\\w@+.-]{0,60}/){1,12}[\\w@+.-]{1,80} (?:(?:pre|post)?install|prepare|build):"
    # Heroku, PM2, kubectl, buildx, act.
    "|(?:app|heroku)\\[[\\w.-]{1,40}\\]:|\\d{1,3}\\|[\\w.-]{1,60} {0,20}\\||\\[pod/[\\w./-]{1,200}\\]|=> => #"
    "|\\[[^\\[\\]]{1,120}\\] {1,20}\\|"
    "|[\\w@./-]{1,60}:(?:build|install|dev|start|test):|\\[\\d{1,2}\\](?= [^\\d])"
    "|\\[\\w{1,20}/std(?:err|out)\\]|\\[\\d{1,2}m|std(?:err|out)[:|]|\\[[\\d:.,t z+-]{5,40}\\]"
    "|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec) +\\d{1,2} \\d\\d:\\d\\d:\\d\\d \\S{1,60} \\S{1,60}:|[|>])"
    "(?: |$)"
)

# What is in front of the message that an engine or a program logs as JSON, where it says nothing of the level.
_JSON_LOG = Expression(
    '^\\{(?:"(?!level|severity|lvl)[\\w.@-]{1,40}": ?"[^"\\\\]{0,80}", ?){0,4}"(?:log|message|msg)": ?"'
)
# What follows the message there, where the message ends its line itself.
_JSON_END = Expression('"(?:, ?"[\\w.@-]{1,40}": ?"[^"\\\\]{0,80}"){0,6} ?\\}')
# A logger of Python that is named for the stream of the program whose lines it passes on.
_STREAM_LOG = Expression(
    "^(?:\\d{4}-\\d\\d-\\d\\d[T ][\\d:.,]{8,18} )?(?:INFO|DEBUG):(?:[\\w-]{1,60}\\.){1,8}std(?:err|out):"
)
# The time of a line in the log of a job of GitHub, behind the names of the job and the step.
_RUNNER_TIME = Expression("\\d{4}-\\d\\d-\\d\\dt\\d\\d:\\d\\d:\\d\\d\\.\\d{7}z ")
_KEPT_PREFIX = Expression("npm warn|(?:node-pre-)?gyp info|\\[\\d|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec) ")

# What a tool says only when asked to tell all that it does, or of its progress: seldom an error, whatever its words.
TRACE = Forms(
    "(?:debu|trac|info)\\[|debug[123]: |(?:\\d{1,6} )?(?:[\\w-]{1,20} ){0,2}info:? "
    "|[^a-z'/]{0,60}(?:\\[(?:info|debug|notice)\\]|(?:info|debug)(?::| ))",
    "\\blevel=(?:debug|info|trace)\\b|'(?:level|severity)' ?: ?'(?:info|debug|trace)'",
)
# Maven and others print at their level info what a program that they run says, its errors too.
PASSED_ON = Expression("^[^a-z']{0,40}\\[info\\] (?:npm (?:err!|error)|gyp err!|error (?!log)|e: |fatal: )")
# Chromium and Electron: a service of the desktop that is not there is an error to them, and they go on. FATAL ends.
CHROMIUM_LOG = Expression("\\[\\d{1,9}:(?:\\d{1,9}:)?\\d{4}/\\d{6}(?:\\.\\d{1,9})?:(?:error|warning|info|verbose\\d):")
# What is written as a warning or as less by Python, kubeadm, npm's own log, and the logs of Google's libraries in C++
# and Go; what a tool does in place of what it could not do.
_GOES_ON = "warn(?:ing)?[: ].{0,300}\\b(?:ignored|optional|skipped|continuing|harmless|non-fatal|not fatal)\\b"
_OF_GOOGLE = "[iw] [\\w./-]{1,120}\\.(?:cc|cpp|cu):\\d{1,6}\\]"
WARNING = Forms(
    "\\w{2,40}warning: |mesa-loader: |libva error: |libgl error: |"
    "(?:npm|\\d{1,6}) verbose (?!stack)|" + _OF_GOOGLE + "|[iw]\\d{4} \\d\\d:\\d\\d:\\d\\d\\.|"
    "(?!\\w{2,9}sum:)[a-z][\\w.+-]{0,40}: warning: |"
    "\\S{0,300}\\(\\.text[^) ]{0,200}\\): warning: |"  # linkers, of a static link
    # Ruby warns that it has no thread or pipe for its timer, and goes on without switching between threads.
    "\\S{1,300}:\\d{1,7}:(?:\\d{1,5}:)? \\w{0,40}warning: (?!(?:pthread_create|pipe creation) failed for timer)|"
    "! [\\w./-]{1,120} warning |"
    # Not an event of Kubernetes, which has such a word for each failure.
    "warning (?=[a-z])(?!.{0,300}\\byou need to re-?run\\b)"
    "(?!(?:\\w{0,20}failed\\w{0,30}|backoff|evicted|unhealthy|nodenotready|networknotready|"
    "\\w{0,20}oom\\w{0,20}|inspectfailed|outof\\w{3,20}|unexpectedadmissionerror|errimageneverpull):? )|"
    + _GOES_ON
    + "|"
    "libraries [\\w,.+-]{1,200} not found in \\[|"  # numpy.distutils, of each BLAS that it tries
    "could not create (?:a )?logging ?file|"
    "\\d{4}[-/]\\d\\d[-/]\\d\\d[ t][\\d:.,z+-]{8,20} (?:- )?\\[?(?:info|debug|notice)\\b"
    # What a Java machine dies of is passed on at any level.
    "(?!.{0,200}\\bjava\\.lang\\.(?:unsatisfiedlink|noclassdeffound|outofmemory|exceptionininitializer)error\\b)|"
    "(?:info|debug):[\\w.]{1,80}:|"
    "warn\\[\\d{1,9}\\] ignoring ",
    "\\.py:\\d{1,6}: \\w{0,40}warning: |\\[warning \\w{1,60}\\]: |: " + _OF_GOOGLE + "|"
    "[,;.] (?:defaulting to|falling back (?:to|on)) [\\w' ./-]{1,60}$|"
    "[,;.] (?:running on|using|fall(?:ing|s)? back to|switch(?:ing|ed) to) (?:the )?cpu\\b|gpu will not be used|"
    "[,;] (?:using|use) (?:the )?(?:\\w[\\w-]{0,19} ){0,3}(?:build|version|implementation|fallback|code|instead|"
    "temporary directory)\\b|"
    "[:\\]] " + _GOES_ON + "|, ignoring: |[:,] ignoring$|'(?:level|severity)' ?: ?'warn(?:ing)?'|"
    "\\blevel=warning msg='ignoring ",
)
_NPM_LOG = Expression("^\\d{1,6} (?=warn |notice )")  # npm's own log numbers its lines
_FILLED = Expression(r"\S {40,400}\S")
# A tool of the shell that could not do one thing, and a script that says so in its own words and goes on.
SHELL_TOOL = Expression("(?:^|\\| )(?:chown|chmod|chgrp|rm|cp|mv|mkdir|ln|touch|cat|ls|grep|sed|tee|install|find): ")
OWN_WARNING = Expression("(?:^|\\| )warn(?:ing)?: ")
# make: what a rule runs may fail where its line begins with "-".
IGNORED = Expression("make(?:\\[\\d{1,3}\\])?: \\[.{1,300}\\] error \\d{1,3} \\(ignored\\)$")
# What a script, an init script or a server says once it has done what it was to do.
WENT_WELL = Forms(
    "\\W{0,4}(?:installation|setup|configuration|deployment|upgrade|update|build|service|server) (?:(?:is|was|has) )?"
    "(?:(?:now|been) )?(?:complete|completed|finished|done|successful|succeeded|started|running|ready)"
    "(?: successfully)?[.! ]{0,3}$|\\[ *ok *\\](?: ok)?\\.?$|(?:\\[\\w{1,20}\\] )?build successful$|"
    "(?!.{0,200}\\b(?:error|fail|failed|cannot|unable|not)\\b).{0,200}\\b(?:listening (?:on|at) |"
    "start(?:ed|ing)? (?:\\w{1,30} ){0,2}server (?:on|at) (?:port|:|http)|ready to accept connections|"
    "running (?:on|at) https?://\\S{1,100} \\(press)",
    "'status' ?: ?'(?:up|healthy)'",
)
# A word by which a line says that something failed, or has to be done.
FAILING = Expression(
    r"(?<!0 )(?<!no )(?:err(?:or|!|o\[)|fail|fata(?:l|\[)|panic)|"
    r"\be(?:acces|perm|noent|nospc|conn[a-z]{3,7}|timedout|notfound|ai_again|hostunreach|netunreach|proto|pipe|again|resolve|integrity)\b|"
    r"\b(?:cannot|can't|could(?:n't| not)|unable|not|nor|denied|refus\w{1,4}|missing|invalid|incorrect|bad|wrong|"
    r"unsupported|unknown|unrecognized|unexpected\w{0,9}|mismatch\w{0,4}|expired|untrusted|rejected|forbidden|killed|"
    r"aborted|reset|timed out|timeout|exceeded|exhausted|insufficient|problem|lacks?|"
    r"(?<!-)requires?(?!-)|required|needs?|needed|"
    r"must|please|try|upgrade|closed|broken|disconnected|unreachable|40[0-9]|50[0-9]|no such|doesn't|don't|isn't|"
    r"no .{1,30} (?:found|available|installed)|violation|assert\w{0,9})\b"
)
# A command that someone typed or a build file names, and one that a build prints before it runs it; a line of the
# source that a compiler shows below what it says of it.
COMMAND = Expression(
    r"^(?:[$\u276f\u279c] |\+{1,4} [a-z./]|\d{1,6} \| |except [\w., ()]{1,200}:$|(?:\} ?)?catch ?\(|"
    r"(?:\([\w.-]{1,40}\) ?)?"
    r"(?:\[[\w.-]{1,32}@[\w.-]{1,64} [^\]$#]{1,80}\]|[\w.-]{1,32}@[\w.-]{1,64}:[^ $#]{1,80}) ?[$#] |"
    r"(?:step \d{1,3}/\d{1,3} ?: |(?:=> |> |#\d{1,3} )?\[[^\]]{0,40}\d{1,3}/\d{1,3}\] )?"
    r"(?:run|copy|workdir|env|arg|entrypoint) (?!.{0,80}\b(?:error|failed)\b)|"
    r"(?:sudo )?(?:\S{1,100}/)?"
    r"(?:(?:[\w-]{1,30}-)?(?:g\+\+|gcc|c\+\+|cc|clang(?:\+\+)?)|nvcc|ld|swig[\d.]{0,4}|cmake|ar) -|"
    r"(?:sudo )?(?:apt(?:-get)?|yum|dnf|apk|zypper|pip[\d.]{0,4}|conda|mamba|micromamba|npm|npx|yarn|pnpm) "
    r"(?:-\S{1,40} ){0,4}(?:install|add|update|upgrade|remove|ci|run|create) (?!.{0,200}\b(?:error|failed|not)\b))"
)
# What strace prints of a call that succeeds, or looks for a file, and the loader where LD_DEBUG is set.
CALL = Expression(
    r"^(?:\[pid \d{1,7}\] |\d{1,7} )?(?:\d\d:\d\d:\d\d(?:\.\d{1,9})? )?"
    r"[a-z][a-z0-9_]{1,30}\(.*\) = (?:\d|0x|\?|-1 (?:enoent|enotty|eagain|eintr|"
    r"einprogress|enxio|enodata|echild|eexist|einval|espipe|enotsup|eopnotsupp|enosys)\b)|"
    # Calls that ask what is allowed, and those by which a program tries to get more of what it can do without.
    r"^(?:\[pid \d{1,7}\] |\d{1,7} )?(?:\d\d:\d\d:\d\d(?:\.\d{1,9})? )?"
    r"(?:setrlimit|prlimit64|f?access\w{0,4}|ioctl|ioprio_set|setpriority|sched_set\w{1,20}|mlock\w{0,3}|prctl|"
    r"perf_event_open)\(.*\) = -1 e(?:perm|acces|nomem|busy)\b|"
    r"^\d{1,7}: (?:binding file|trying file|symbol=|calling |find library|search (?:path|cache)|initialize program|"
    r"transferring control|relocation processing)"
)
# What a test asserts.
ASSERTED = Expression(r"^> ?assert |(?:^e |^failed \S{1,300} - )assertionerror: |\bwarnings?\.warn\(")
# What a tool says of a command that failed: the command in it says nothing of why, but for Python's part that Debian
# leaves out.
_ITEMS = Expression(r"(?<=\(item=)\[[^\]]{0,4000}\](?=\) => )|(?<='item': )\[[^\]]{0,4000}\]")  # of a loop of Ansible
_QUOTED = Expression(
    r"(process ')/bin/\w{1,5} -c .*?(' did not complete)|(executor failed running \[).*(\]: exit code)|"
    r"(the command ').*(' returned a non-zero)|(command ['\[(])(?!.*'ensurepip').*(['\])] returned non-zero)"
)
KERNEL = Expression("^\\[ ?\\d{1,6}\\.\\d{6}\\] ")  # the kernel's own log, mostly of its devices
LEFT_OUT = Expression(", (?:disabling|ignoring this repo)[.]?$")  # dnf goes on without one repository
KEY_WANTED = Expression("\\bpublic key for \\S{1,300} is not installed$")  # yum, of a package that it has loaded
RETRY = Expression("\\bretrying\\b|\\bwill retry\\b|\\bretry (?:in|after) |\\btrying again\\b")
ENGINE_LOG = Expression("(debu|info|warn|erro|fata)\\[\\d{1,9}\\]|time='[^']{1,60}' level=(\\w+)")
PLATFORM_WARNING = Expression(
    "^\\W{0,5}(?:\\[?warning\\]?:? )?(?:image platform \\(|the requested image's platform \\()"
)
TOKEN = re.compile("[a-z]+|[0-9]+")
_FOREIGN = tuple((foreign, english) for english, others in translations.TRANSLATED for foreign in others)
_REORDERED = tuple((Expression(form), english) for form, english in translations.REORDERED)
# A line is in another language by its letters, or by the longest word of what is written without any.
_FOREIGN_LETTERS = Expression("[\u00df-\u017f\u0400-\u04ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_ENGLISH_TOO = frozenset(("interpreter", "argument", "segmentation", "service"))  # words of both


@cache
def _foreign_words() -> frozenset[str]:
    longest = frozenset(
        max((word for word in TOKEN.findall(foreign) if word not in ("directory", "operation")), key=len)
        for foreign, _english in _FOREIGN
        if not _FOREIGN_LETTERS.search(foreign)
    )
    other = frozenset(("verweis", "referencia", "riferimento", "defekter", "invalide", "inconnu"))
    return longest.difference(_ENGLISH_TOO) | other


def _decoded(data: str | bytes) -> str:
    if isinstance(data, str):
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _physical_lines(text: Text) -> IO[str] | IO[bytes] | Iterable[str]:
    if isinstance(text, str):
        return io.StringIO(text, newline="\n")
    if isinstance(text, (bytes, bytearray)):
        data = bytes(text)
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return io.StringIO(data.decode("utf-16", "replace"), newline="\n")
        return io.BytesIO(data)
    return text


def _bounded(handle: IO[str] | IO[bytes] | Iterable[str]) -> Iterator[tuple[str | bytes, bool]]:
    """Lines of a handle; a line without end comes in parts of a megabyte."""
    if not hasattr(handle, "readline"):
        for line in handle:
            yield line, True
        return
    while True:
        piece = handle.readline(1 << 20)
        if not piece:
            return
        yield piece, piece.endswith("\n") if isinstance(piece, str) else piece.endswith(b"\n")


def of(text: Text) -> Iterator[Line]:
    """(line number, original line, clean line, its words) of each line, each piece of a long one, and each line that is
    written inside another."""
    number = 1
    for raw, ended in _bounded(_physical_lines(text)):
        line = _decoded(raw).rstrip("\r\n")
        if number == 1:
            line = line.lstrip("\ufeff")
        for part in _parts(line):
            line_and_words = cleaned(part)
            yield number, part, line_and_words[0], line_and_words[1]
        if ended:
            number += 1


# A path on a drive of Windows; what in it looks like an escaped newline or tab and begins the name of a directory.
_DRIVE_PATH = re.compile("\\b[A-Za-z]:\\\\[^\"'<>|*?:\n]{1,400}")
_SEPARATOR = re.compile("\\\\{1,2}(?=[nrt][\\w.@+-]{0,80}[\\\\/]|node_modules\\b|node\\.exe\\b)")
_KEPT = "\x1c"


def _parts(line: str) -> Iterator[str]:
    """A line cut where its writer began a new one: at carriage returns, and at newlines escaped by JSON or repr."""
    kept = 0
    if "\\" in line:
        if ":\\" in line:
            line, kept = _DRIVE_PATH.subn(lambda path: _SEPARATOR.sub(_KEPT, path.group()), line)
        line = line.replace("\\\\r", "\\r").replace("\\\\n", "\\n")
        line = line.replace("\\r\\n", "\n").replace("\\n", "\n").replace("\\r", "\n").replace("\\t", " ")
    line = line.replace("\r", "\n")
    if kept:
        line = line.replace(_KEPT, "\\")
    for number, part in enumerate(line.split("\n") if "\n" in line else (line,)):
        if number and _JSON_END.fullmatch(part):
            continue
        if len(part) <= PIECE:
            yield part
        else:
            for start in range(0, len(part), PIECE - OVERLAP):
                yield part[start : start + PIECE]


def clean(line: str) -> str:
    """A line as the table writes them: lower case, one kind of quote, single spaces, no colours, in English."""
    return cleaned(line)[0]


def cleaned(line: str) -> tuple[str, frozenset[str]]:
    """(clean line, its words)."""
    if line.startswith("{"):
        line = _JSON_LOG.sub("", line)
    elif ".std" in line:
        line = _STREAM_LOG.sub("", line)
    if not _ODD.search(line):
        line = _unquoted(line.removeprefix("^C").removesuffix("^M").lower().strip())
        words = frozenset(TOKEN.findall(line))
        return (line, words) if words.isdisjoint(_foreign_words()) else _translated(line)
    if "\x1b" in line:
        line = _ANSI.sub("", line)
    if "\\" in line:
        line = _ESCAPED_ANSI.sub("", line)
        for escape in ("\\u2018", "\\u2019", "\\xe2\\x80\\x98", "\\xe2\\x80\\x99"):
            line = line.replace(escape, "'")
    if "\u00e2" in line:
        line = _MOJIBAKE.sub("'", line)
    if "\u00c3" in line:
        line = _MOJIBAKE_LETTER.sub(lambda found: found.group().encode("latin-1").decode("utf-8"), line)
    # What a terminal shows of Ctrl-C in front of what the program says then; the end of a line as cat -v shows it.
    line = line.removeprefix("^C").removesuffix("^M").lower().translate(_QUOTES)
    if "''" in line or "\\'" in line:
        line = _REPEATED_QUOTES.sub("'", line)
    line = _SPACES.sub(" ", line).strip()
    line = _unquoted(line)
    words = frozenset(TOKEN.findall(line))
    if words.isdisjoint(_foreign_words()) and not _FOREIGN_LETTERS.search(line):
        return line, words
    return _translated(line)


def _unquoted(line: str) -> str:
    """A clean line of a wrapper without the command that it quotes, and of Ansible without what a task loops over.

    Marks of Markdown around the whole line are dropped.
    """
    if line[:2] == "**" and line[2:3].isalpha():
        line = line.strip("*")
    if "item" in line:
        line = _ITEMS.sub("", line)
    if "returned " in line or "did not complete" in line or "executor failed" in line:
        return _QUOTED.sub(lambda found: "".join(part for part in found.groups() if part), line)
    return line


def _translated(line: str) -> tuple[str, frozenset[str]]:
    for form, english in _REORDERED:
        line = form.sub(english, line)
    for foreign, english in _FOREIGN:
        if foreign in line:
            line = line.replace(foreign, english)
    return line, frozenset(TOKEN.findall(line))


def without_prefix(line: str) -> str:
    """A clean line without what tools put in front of the lines of others."""
    for _ in range(4):
        behind = behind_prefix(line)
        if behind is None:
            break
        line = behind
    return line


def behind_each(line: str) -> tuple[str, ...]:
    """A clean line, and what is left of it behind each prefix of a build's log; not of a system's, nor of a warning."""
    left = [line]
    while len(left) <= 4 and not _KEPT_PREFIX.match(left[-1]):
        behind = behind_prefix(left[-1])
        if behind is None:
            break
        left.append(behind)
    return tuple(left)


def behind_prefix(line: str) -> str | None:
    """A lower-case line behind one prefix of another tool; None where it has none."""
    found = _PREFIX.match(line)
    if found:
        return line[found.end() :]
    at = line.find("z ", 20, 250)
    if at > 0 and _RUNNER_TIME.match(line, at - 27):
        return line[at + 2 :]
    return None


def uncoloured(original: str) -> str:
    """A line as it was written, without colours."""
    return _ANSI.sub("", original) if "\x1b" in original else original


def is_trace(line: str) -> bool:
    """Whether a clean line is one of a tool's trace."""
    if PASSED_ON.match(line):
        return False
    behind = without_prefix(line)
    return TRACE.found(line) or (behind != line and TRACE.found(behind))


def is_command(line: str) -> bool:
    """Whether a clean line is a command, and nothing that one printed."""
    return COMMAND.match(line) is not None or COMMAND.match(without_prefix(line)) is not None


def of_npm(line: str) -> str:
    """A clean line of npm's own log as npm prints it: a warning or a notice."""
    return _NPM_LOG.sub("npm ", line)


def is_filled(original: str) -> bool:
    """Whether a line of a terminal is filled up with spaces, and what follows them is of the next line."""
    return " " * 40 in original and _FILLED.search(original) is not None


def is_passing(line: str) -> bool:
    """Whether a clean line is one after which the program goes on, such as a warning, or no error of the host."""
    behind = without_prefix(line)
    return _is_passing(line) or (behind != line and _is_passing(behind))


def _is_passing(line: str) -> bool:
    return (
        CHROMIUM_LOG.search(line[:200]) is not None
        or WARNING.found(line)
        or CALL.match(line) is not None
        or ASSERTED.search(line) is not None
    )


def is_answered(lines: Sequence[Line], index: int, ahead: int) -> bool:
    """Whether a line is the error of a tool of the shell, and the script around it warns of it and goes on."""
    if SHELL_TOOL.search(lines[index][2]) is None:
        return False
    for _number, _original, line, _words in lines[index + 1 : index + 1 + ahead]:
        if SHELL_TOOL.search(line) is None:
            return OWN_WARNING.search(line) is not None
    return False


def is_asked_for_key(lines: Sequence[Line], index: int) -> bool:
    """Whether a line is what yum says below its warning of a package's key, before it fetches that key.

    It says more where that fails.
    """
    clean_ends = [line[2].rstrip("'}") for line in lines[max(0, index - 2) : index + 1]]  # some pass it on as JSON
    return KEY_WANTED.search(clean_ends[-1]) is not None and any(end.endswith(": nokey") for end in clean_ends[:-1])


def is_engine_log(line: str) -> bool:
    """Whether a clean line is of the log of a container engine, of any level."""
    return ENGINE_LOG.match(without_prefix(line)) is not None


def is_kernel_log(line: str) -> bool:
    """Whether a clean line is of the kernel's own log."""
    return any(KERNEL.match(behind) for behind in behind_each(line))


def is_retry(line: str) -> bool:
    """Whether a clean line says that what failed is tried again."""
    return RETRY.search(line) is not None


def is_engine_warning(line: str) -> bool:
    """Whether a clean line is a warning of a container engine: the engine goes on."""
    found = ENGINE_LOG.match(line) or ENGINE_LOG.match(without_prefix(line))
    if found is None:
        return PLATFORM_WARNING.search(line) is not None
    return (found.group(1) or found.group(2) or "").startswith("warn")


def shown(original: str, parts: Sequence[str]) -> str:
    """The line for a reader: without colours and control characters, cut around the parts of a phrase in it."""
    line = _CONTROLS.sub("", _ESCAPED_ANSI.sub("", _ANSI.sub("", original))).strip()
    if len(line) <= SHOWN:
        return line
    words = [word for word in re.findall("[a-z0-9_]+", parts[0] if parts else "") if len(word) > 3]
    at = max(0, line.lower().find(max(words, key=len) if words else (parts[0] if parts else "")) - SHOWN // 4)
    return ("..." if at else "") + line[at : at + SHOWN] + ("..." if at + SHOWN < len(line) else "")
