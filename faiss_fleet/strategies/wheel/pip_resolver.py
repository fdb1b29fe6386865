# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs pip on the controller for a Python that is not here: lists, downloads and installs a host class's wheels."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...artefacts import cache
from ...errors import FleetError
from ...redact import redact

TIME_LIMIT = 900.0
# Three tries of 15 s for each of two indexes that swallow packets, before pip says so itself.
LISTING_TIME_LIMIT = 120.0
# The first glibc of each name that manylinux wheels had before they were named after a glibc.
LEGACY = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
FIRST_GLIBC_MINOR = 5
WHEEL_IN_LOG = re.compile(r"[^\s/]+\.whl(?=[\s#?'\")]|$)")
TAIL = 20
# pip that met what it did not expect prints its own traceback, and nothing after it.
_CRASHED = re.compile(r"^ERROR: Exception:\n(Traceback \(most recent call last\):\n.*)\Z", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Target:
    """The Python that wheels are for: version (3, 13), arch x86_64, libc glibc or musl, libc_version (2, 17)."""

    python: tuple[int, int]
    arch: str
    libc: str
    libc_version: tuple[int, ...]

    @property
    def tag(self) -> str:
        return f"cp{self.python[0]}{self.python[1]}"

    @property
    def abi(self) -> str:
        """Up to 3.7, CPython's ABI was marked with an m for its allocator."""
        return self.tag + ("m" if self.python < (3, 8) else "")

    def platforms(self) -> list[str]:
        """Every platform tag that fits, best first. pip widens no manylinux_x_y by itself, so all are named."""
        minor = self.libc_version[1]
        if self.libc == "musl":
            return [f"musllinux_1_{older}_{self.arch}" for older in range(minor, -1, -1)]
        tags = []
        for older in range(minor, FIRST_GLIBC_MINOR - 1, -1):
            tags.append(f"manylinux_2_{older}_{self.arch}")
            if (2, older) in LEGACY:
                tags.append(f"{LEGACY[2, older]}_{self.arch}")
        return tags

    def arguments(self) -> list[str]:
        """pip's options for it. Source distributions are out: the controller could only build them for itself."""
        arguments = [
            "--only-binary=:all:",
            "--implementation=cp",
            f"--python-version={self.python[0]}.{self.python[1]}",
        ]
        # Given one by one, as pip would else add marks of the Python that runs it, such as a free-threaded one's t.
        arguments += [f"--abi={abi}" for abi in (self.abi, "abi3", "none")]
        return arguments + [f"--platform={platform}" for platform in self.platforms()]


@dataclass(frozen=True)
class Source:
    """Where wheels come from: the index that pip is configured for, or only directories on the controller."""

    directories: tuple[Path, ...] = ()

    def arguments(self) -> list[str]:
        links = [f"--find-links={directory}" for directory in self.directories]
        return ["--no-index", *links] if links else []

    def environment(self) -> dict[str, str]:
        """The user's own pip configuration counts for an index; with directories nothing else may slip in."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        if self.directories:
            environment = {name: value for name, value in environment.items() if not name.startswith("PIP_")}
            environment["PIP_CONFIG_FILE"] = os.devnull
        environment.update(
            PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_COLOR="1", PIP_PROGRESS_BAR="off"
        )
        environment.setdefault("PIP_RETRIES", "2")
        environment.update(LC_ALL="C.UTF-8", PYTHONNOUSERSITE="1")
        return environment


def run(arguments: Sequence[str], source: Source, time_limit: float = TIME_LIMIT) -> str:
    """What pip printed. Raises FleetError with the cause that pip's words show, secrets hidden."""
    status, output = _execute(arguments, source, time_limit)
    if status != 0:
        raise failure(arguments[0], status, output)
    return output


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "pip", *arguments]


def _execute(arguments: Sequence[str], source: Source, time_limit: float) -> tuple[int, str]:
    # A pip that is killed leaves its temporary directories, so they are within one of ours.
    with (
        cache.temporary("pip") as scratch,
        subprocess.Popen(
            _command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**source.environment(), "TMPDIR": str(scratch)},
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process,
    ):
        try:
            output = process.communicate(timeout=time_limit)[0]
            return process.returncode, output
        except subprocess.TimeoutExpired:
            _end(process)
            raise FleetError(
                f"pip {arguments[0]} did not end within {time_limit:.0f} s. See whether the index "
                "answers (pip config list shows which it is), or put the wheels into a directory "
                "and set faiss_install__wheelhouse to it.",
                cause="timeout",
                remedy="See whether the index answers, or set faiss_install__wheelhouse.",
            ) from None
        except BaseException:
            _end(process)
            raise


def _end(process: subprocess.Popen[str]) -> None:
    """Ends pip and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)


def failure(action: str, status: int, output: str) -> FleetError:
    """The error for a pip that failed: its cause and remedy by what it said, and its last words."""
    from ...causes import (
        diagnose as causes,  # only here: its table takes longer to compile than most runs of pip's callers
    )

    whole = redact(output).strip()
    found = causes.diagnose(whole)
    text = _CRASHED.sub(_last_words, whole)
    cause, remedy = (found[0]["cause"], found[0]["remedy"]) if found else ("unknown", None)
    errors = [line for line in text.splitlines() if line.startswith("ERROR:")]
    words = "\n".join(errors or text.splitlines()[-TAIL:]) or "(it said nothing)"
    return FleetError(f"pip {action} ended with status {status}: {words}", cause=cause, remedy=remedy, log=text)


def _last_words(crashed: re.Match[str]) -> str:
    """What pip's own exception says, without where in pip it was raised."""
    return f"ERROR: Exception: {crashed[1].strip().splitlines()[-1].strip()}"


def wheel_names(project: str, source: Source) -> list[str]:
    """File names of all wheels of a project that the source has, for whatever platform.

    pip names every link that it looks at when it is asked to be verbose, and that is the only place where it names
    those for other Pythons and platforms than one.
    """
    status, output = _execute([*_listing(project), *source.arguments()], source, LISTING_TIME_LIMIT)
    names = sorted(set(WHEEL_IN_LOG.findall(output)))
    if not names:
        refused = refusal(output)
        if refused is not None:
            raise refused
        raise failure("download", status, "\n".join(line for line in output.splitlines() if not line.startswith(" ")))
    return names


def check_index(project: str) -> None:
    """Raises FleetError where no index that pip is configured for answers. Nothing is downloaded.

    Where one of several has the project, pip leaves out those that do not answer, and so does this.
    """
    output = _execute(_listing(project), Source(), LISTING_TIME_LIMIT)[1]
    refused = refusal(output)
    if refused is not None and not WHEEL_IN_LOG.search(output):
        raise refused


def _listing(project: str) -> list[str]:
    """A requirement that nothing fulfils: pip looks at every link, then fails for want of a version."""
    return ["download", "-vv", "--no-deps", "--only-binary=:all:", "--dest", os.devnull, f"{project}==0.0.0.dev0"]


# By what an index answered: cause, what that means, and the next step.
ANSWERS = (
    (re.compile(r"\b401 Client Error"), "permission_denied", "wants credentials (HTTP 401)",
     "Give them in pip's configuration on the controller (index-url, keyring or .netrc)."),
    (re.compile(r"\b403 Client Error"), "permission_denied", "refuses this controller (HTTP 403)",
     "Ask who keeps the index for access, or set faiss_install__wheelhouse."),
    (re.compile(r"\b407\b|Tunnel connection failed|ProxyError"), "proxy", "is behind a proxy that refused",
     "Correct the proxy of this controller (https_proxy, no_proxy)."),
    (re.compile(r"CERTIFICATE_VERIFY_FAILED|SSLError|certificate verify failed", re.IGNORECASE), "tls",
     "has a TLS certificate that this controller does not trust",
     "Name its CA bundle in PIP_CERT or in pip's configuration on the controller."),
    (re.compile(r"\b5\d\d Server Error|too many 5\d\d error responses"), "network", "has a fault of its own (HTTP 5xx)",
     "Try again later, name another index in pip's configuration, or set faiss_install__wheelhouse."),
    (re.compile(r"connection error|timed out|Name or service not known|Connection refused", re.IGNORECASE), "network",
     "cannot be reached from this controller",
     "Let the controller reach it (address, proxy, firewall), or set faiss_install__wheelhouse."),
)  # fmt: skip
LACKING = re.compile(r"No matching distribution found for ([A-Za-z0-9][A-Za-z0-9._-]*)")
UNFETCHED = re.compile(r"Could not fetch URL (\S+): (.*?)(?: - skipping)?$", re.MULTILINE)


def refusal(output: str) -> FleetError | None:
    """The error for an index that did not answer what was asked, by what a verbose pip said; None where it answered.

    pip itself only says that it found no version: why stands where it is not shown by default.
    """
    for found in UNFETCHED.finditer(output):
        for pattern, cause, what, remedy in ANSWERS:
            if pattern.search(found[2]):
                text = redact(f"The package index at {found[1]} {what}: {found[2]}")
                return FleetError(f"{text}. {remedy}", cause=cause, remedy=remedy, log=redact(output).strip())
    return None


def _explained(exc: FleetError, requirement: str, source: Source) -> FleetError:
    """The error of a pip that found no version: where the index did not answer, that is the reason."""
    if exc.cause not in ("no_matching_distribution", "unknown"):
        return exc
    if source.directories:
        remedy = f"Put what is missing into {', '.join(str(directory) for directory in source.directories)}."
        return FleetError(f"{exc} {remedy}", exc.cause, remedy, exc.log, fault="controller")
    # What pip lacks may be what the requirement needs: numpy, which an index may not have, or refuse.
    lacking = LACKING.search(str(exc))
    project = lacking[1] if lacking else re.split(r"[^A-Za-z0-9._-]", requirement)[0]
    output = _execute(_listing(project), source, LISTING_TIME_LIMIT)[1]
    refused = refusal(output)
    known = f"No matching distribution found for {requirement}" in str(exc)
    if refused is None and lacking and (known or not WHEEL_IN_LOG.search(output)):
        # It is known that there is such a wheel for this target; or the index has no wheel of it for any.
        remedy = f"Name an index that has {project} in pip's configuration, or set faiss_install__wheelhouse."
        text = f"{exc}\nThe package index does not have it. {remedy}"
        return FleetError(text, exc.cause, remedy, exc.log, "controller")
    return refused or exc


def download(requirements: Iterable[str], target: Target, source: Source, directory: Path) -> list[Path]:
    """Wheels that fulfil the requirements on the target, and what they need, in a directory that holds nothing else."""
    directory.mkdir(parents=True, exist_ok=True)
    arguments = ["download", "--quiet", "--dest", str(directory)]
    wanted = list(requirements)
    try:
        run([*arguments, *target.arguments(), *source.arguments(), *wanted], source)
    except FleetError as exc:
        raise _explained(exc, wanted[0], source) from exc
    return sorted(directory.glob("*.whl"))


def install(pins: Sequence[tuple[str, str, str]], target: Target, directories: Sequence[Path], site: Path) -> None:
    """Put wheels of the directories into ``site``: (name, version, sha256) each, checked by pip, not compiled."""
    source = Source(tuple(directories))
    lines = [f"{name}=={version} --hash=sha256:{sha256}" for name, version, sha256 in pins]
    requirements = site.with_name(site.name + ".requirements.txt")
    requirements.parent.mkdir(parents=True, exist_ok=True)
    requirements.write_text("\n".join(lines) + "\n", encoding="utf-8")
    try:
        options = ["--quiet", "--no-deps", "--no-compile", "--require-hashes", "--no-cache-dir", "--no-warn-conflicts"]
        arguments = ["install", *options, "--target", str(site), "--requirement", str(requirements)]
        run([*arguments, *target.arguments(), *source.arguments()], source)
    finally:
        requirements.unlink()
