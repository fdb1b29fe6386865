# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The commands that take a class of hosts from where it stands to native FAISS, or that keep it there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..causes import for_host
from .findings import ClassFindings, Obstacle
from .prose import argument, count, plain_name
from .text import one_line

Step = tuple[str, str]  # what it does, and the command
LIMITS = "limits"  # the directory beside a report with the files that its commands name
CAUSES = 3  # of one class that have steps of their own
FEW = 4  # hosts that are named in --limit; more go by a group or by a file
_OTHER_WAYS = '{"faiss_install__strategies": ["existing", "wheel", "conda", "container", "node"]}'
_ELSEWHERE = "-e faiss_install__prefix=/srv/faiss-fleet"

# What a person does about a cause before auditing again: (comment, command or '' ), and what the audit is then told.
_RUN = "ansible -i {inventory} {limit} -m ansible.builtin.command -a "
_PYTHON: tuple[tuple[Step, ...], str] = (
    (
        (
            "On the controller, make a relocatable Python for glibc 2.17; path and sha256 are printed.",
            "images/portable-python",
        ),
        ("Put both into the variables: faiss_install__portable_python: {file: PATH, sha256: SHA256}.", ""),
    ),
    "",
)
MENDS: Mapping[str, tuple[tuple[Step, ...], str]] = {
    "python_missing": _PYTHON,
    "python_version": _PYTHON,
    "disk_full": (
        (
            (
                "See where there is room: FAISS wants some 250 MB under its prefix, 400 MB with a Python of its own.",
                f"{_RUN}'df -h /opt /srv /var'",
            ),
        ),
        _ELSEWHERE,
    ),
    "noexec_mount": (
        (("See which file system forbids execution.", f"{_RUN}'findmnt -no TARGET,OPTIONS --target /opt'"),),
        _ELSEWHERE,
    ),
    "read_only": (
        (
            (
                "See what is mounted read-only. A kernel that met a disk error does that too: read dmesg.",
                f"{_RUN}'findmnt -O ro'",
            ),
        ),
        "",
    ),
    "permission_denied": ((("The audit writes below /opt and /etc: let it become root.", ""),), "--become"),
    "cpu_isa": (
        (("This CPU lacks instructions of the newest build; up to 1.13.2 the code is chosen when it loads.", ""),),
        "-e faiss_install__wheel_version=1.9.0.post1",
    ),
    "engine_missing": ((("Install an engine: podman or docker.", ""),), f"-e {argument(_OTHER_WAYS)}"),
}
# How a package manager installs an engine without asking.
_ENGINE = {
    "yum": "yum install -y podman",
    "dnf": "dnf install -y podman",
    "apt": "apt-get install -y podman",
    "apk": "apk add podman",
    "zypper": "zypper --non-interactive install podman",
}
# The library is what it is: another way has to be taken, one that brings its own.
OTHER_WAY = ("glibc_too_old", "glibcxx_too_old", "cxxabi_too_old", "libgomp_version", "musl", "wheel_tag",
             "no_matching_distribution", "not_installed")  # fmt: skip


class Commands:
    """Writes commands for a run. where: the run's directory, as the reader of the report has it."""

    def __init__(self, run: Mapping[str, Any], where: str, groups: Counter[str]) -> None:
        named = [argument(source) for source in run["inventory"] if one_line(source)]
        self.inventory = " -i ".join(named) or "prod"
        self.where, self._groups = where, groups
        self.files: dict[str, list[str]] = {}

    def limit(self, hosts: list[str], groups: Counter[str], file: str) -> str:
        """What --limit takes for these hosts: a group that is just them, their names, or a file that will hold them.

        A name that is more than a name to --limit is left out; HOSTS stands where that leaves none.
        """
        exact = [name for name, times in groups.items() if times == len(hosts) == self._groups[name]]
        safe = [name for name in exact if plain_name(name)]
        if safe:
            return min(safe)
        if len(hosts) <= FEW and all(plain_name(name) for name in hosts):
            return ",".join(hosts)
        plain = [name for name in hosts if plain_name(name)]
        if not plain:
            return "HOSTS"
        self.files[file] = plain
        return argument(f"@{self.where}/{LIMITS}/{file}")

    def audit(self, limit: str, extra: str = "") -> str:
        """One audit."""
        return f"ansible-playbook audit.yml -i {self.inventory} --limit {limit}" + (f" {extra}" if extra else "")

    def verify(self, limit: str) -> str:
        """One test of what is configured, which changes nothing."""
        what = "-m faiss_search_test -a setting=/etc/faiss-fleet/backend.json"
        return f"ansible all -i {self.inventory} --limit {limit} {what}"

    def rollback(self, limit: str) -> str:
        """Back to the configuration from before."""
        return f"ansible-playbook rollback.yml -i {self.inventory} --limit {limit}"

    def fill(self, command: str, limit: str) -> str:
        """A command of the table for these hosts."""
        return command.replace("{inventory}", self.inventory).replace("{limit}", limit)


def steps(found: ClassFindings, number: int, commands: Commands, predicted: bool) -> Iterator[Step]:
    """The steps for a class, in order."""

    def limit(hosts: list[str], suffix: str) -> str:
        groups = found.groups if len(hosts) == len(found.hosts) else Counter[str]()
        return commands.limit(hosts, groups, f"class-{number}{suffix}.txt")

    if predicted:
        everyone = limit(found.hosts, "")
        yield from _rollout(found.hosts, everyone, commands, "")
        yield "Test what was set, at any time; changes nothing.", commands.verify(everyone)
        return
    for cause, obstacle in sorted(found.causes.items(), key=lambda each: (-len(each[1].hosts), each[0]))[:CAUSES]:
        suffix = f"-{cause}" if plain_name(cause) else "-other"
        yield from _mend(cause, obstacle, limit(obstacle.hosts, suffix), commands, found)
    if found.native_hosts:
        there = limit(found.native_hosts, "-native")
        yield "Where FAISS is set already, test it again at any time; changes nothing.", commands.verify(there)
        brought = found.key.pythons == () or not any(tag.startswith("cp3") for tag in found.key.pythons)
        also = " They want faiss_install__portable_python, as these had it." if brought else ""
        yield f"New hosts of this class: predict, then do it.{also}", commands.audit("NEW_HOSTS", "--check --diff")
        yield "", commands.audit("NEW_HOSTS")
        yield "Back to the configuration from before, and what was installed removed.", commands.rollback(there)


def _mend(cause: str, obstacle: Obstacle, limit: str, commands: Commands, found: ClassFindings) -> Iterator[Step]:
    if cause == "interrupted":
        hosts = len(obstacle.hosts)
        yield f"The run ended before {count(hosts, 'host')} had a verdict: audit again.", commands.audit(limit)
        return
    before, extra = MENDS.get(cause, ((), ""))
    if cause == "engine_missing":
        before = (_engine(found),)
    if cause in OTHER_WAY or (cause not in MENDS and not obstacle.remedies):
        before, extra = _other_way(found)
    elif not before:
        before = ((obstacle.remedies.most_common(1)[0][0], ""),)
    for comment, command in before:
        yield comment, commands.fill(command, limit)
    yield from _rollout(obstacle.hosts, limit, commands, extra)


def next_command(cause: str, limit: str, commands: Commands, classes: Sequence[ClassFindings]) -> str:
    """The one command that comes next for the hosts that have a cause, after what its remedy says was done."""
    if cause == "unreachable":
        return f"ansible all -i {commands.inventory} --limit {limit} -m ping"
    extra = MENDS.get(cause, ((), ""))[1]
    if cause in OTHER_WAY:
        extra = next((_other_way(found)[1] for found in classes if cause in found.causes), "")
    return commands.audit(limit, extra)


def _engine(found: ClassFindings) -> Step:
    """How to install an engine, in the words of the package manager that the hosts of the class have."""
    family, _arch = for_host.family_and_arch(found.example["facts"])
    if family is None:
        return "Install an engine, podman or docker, with the package manager of these hosts.", ""
    old = " On CentOS 7 it is in extras, which has moved to vault.centos.org." if family == "yum" else ""
    return f"Install an engine.{old}", f"{_RUN}{argument(_ENGINE[family])} --become"


def _other_way(found: ClassFindings) -> tuple[tuple[Step, ...], str]:
    """Ways that bring libraries of their own: let them be tried, or, where they were, give them what they want."""
    asked = found.scope()
    if asked is None or asked.not_asked:
        text = "No wheel loads there: let the ways be tried that bring libraries of their own."
        return ((text, ""),), f"-e {argument(_OTHER_WAYS)}"
    text = (
        "Every way was asked for. What can still be given: a relocatable Python (faiss_install__portable_python), an "
        "image or a base (faiss_install__container_*), a channel within reach (faiss_install__conda_channels)."
    )
    return ((text, ""),), ""


def _rollout(hosts: list[str], limit: str, commands: Commands, extra: str) -> Iterator[Step]:
    """One host first, then all."""
    canary = next((name for name in hosts if plain_name(name)), None)
    if canary is None or len(hosts) == 1:
        yield "Predict, then do it.", commands.audit(limit, f"{extra} --check --diff".strip())
        yield "", commands.audit(limit, extra)
        return
    yield "One host first.", commands.audit(canary, extra)
    yield f"Then all {len(hosts):,}.", commands.audit(limit, extra)


def block(found: Iterator[Step]) -> str:
    """The steps as a shell script's text; a comment is one line, whatever is in it."""
    lines = []
    for comment, command in found:
        if comment:
            lines.append("# " + one_line(comment))
        if command:
            lines.append(one_line(command))
    return "\n".join(lines)
