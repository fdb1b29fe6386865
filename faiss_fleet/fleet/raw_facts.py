# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Turns what probe.sh printed into facts of the host record. A host's text is compared and copied, never run."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import FleetError
from ..redact import tail
from ..target.elf.versions import LIBRARIES
from ..target.facts import (
    cpu,
    filesystems,
    libc,
    machine,
    nodes,
    os_release,
    pythons,
    selinux,
    shared_libraries,
    toolchains,
)
from ..target.facts import gather as target_facts
from ..target.prefix import installed

SCRIPT = Path(__file__).with_name("probe.sh")
# More than a host with a hundred Pythons prints; a host that prints without end costs no more than this.
MAX_TEXT = 4 << 20
MAX_VALUE = 8192
# The fact that a line of the probe is for, where it has another name.
FACTS = {
    "python": "pythons", "node": "nodes", "engine": "engines", "docker_server": "engines", "gcc": "toolchains",
    "devtoolset": "toolchains", "cmake": "toolchains", "loader": "libc", "getconf": "libc", "ldd": "libc",
    "prefix": "prefixes",
}  # fmt: skip
# What tells the key of a gap from that of a fact.
GAP = re.compile(r"^capped_|_not_started$|_unchecked$")

# Gaps that every host probed this way has: what sh alone cannot tell, or tells less surely than the module does.
GAPS = (
    ("seconds", "The CPU seconds that the shell probe used are not counted."),
    ("limits", "The limits on a process are not read by the shell probe."),
    ("libgomp", "Its OMP versions cannot be distinguished in its text, only its GOMP versions."),
    ("pythons", "Virtual environments are not distinguished from their Python; name theirs in interpreters."),
    ("faiss", "FAISS is found by the names of its metadata directories only."),
)


def command(options: Mapping[str, Any]) -> str:
    """The command line that runs the probe on a host: the script is an argument, so nothing is copied there."""
    arguments = [
        str(options["prefix"]),
        posixpath.dirname(str(options["setting"])) or "/",
        str(int(options["timeout"])),
        "\n".join(str(path) for path in options["search_paths"]),
        "\n".join(str(path) for path in options["interpreters"]),
        pythons.CHILD,
    ]
    return shlex.join(["/bin/sh", "-c", SCRIPT.read_text(encoding="utf-8"), "faiss-fleet-probe", *arguments])


def trust_check(path: str) -> str:
    """A script for /bin/sh that ends with 0 when this user may start a program: as root, what only root can replace."""
    script = SCRIPT.read_text(encoding="utf-8")
    functions = script[script.index("# As root: sets why") : script.index("# Emits what")]
    quoted = shlex.quote(path)
    judged = f"trusted {quoted} && interpreted {quoted}"
    return f'{functions}\nuid=$(id -u)\n{judged} || {{ echo "$why" >&2; exit 1; }}\n'


class Answers:
    """The probe's lines in their order."""

    def __init__(self, text: str) -> None:
        text = text[:MAX_TEXT]
        parted = [line.rstrip("\r").partition("\t") for line in text.split("\n")]
        self.lines = [(key, value[:MAX_VALUE]) for key, found, value in parted if found]
        begin = ("begin", "faiss-fleet-probe")
        if begin not in self.lines:
            raise FleetError(
                f"The shell probe printed nothing that can be read; it said: {text.strip()[:300] or 'nothing'}. "
                "Check that /bin/sh works for this user on the host.",
                cause="python_missing",
                remedy="Check that /bin/sh works for this user on the host.",
            )
        self.lines = self.lines[self.lines.index(begin) + 1 :]
        self.whole = ("end", "faiss-fleet-probe") in self.lines

    def one(self, key: str) -> str | None:
        """First value of a key; None when it is absent or empty."""
        return next((value for name, value in self.lines if name == key), None) or None

    def all(self, key: str) -> list[str]:
        return [value for name, value in self.lines if name == key]

    def text(self, key: str) -> str:
        return "\n".join(self.all(key))

    def groups(self, key: str) -> Iterator[tuple[str, Answers]]:
        """Each value of a key with the lines `key_...` that follow it."""
        current: tuple[str, Answers] | None = None
        for name, value in self.lines:
            if name == key:
                if current:
                    yield current
                current = (value, Answers.__new__(Answers))
                current[1].lines, current[1].whole = [], True
            elif current and name.startswith(key + "_"):
                current[1].lines.append((name[len(key) + 1 :], value))
        if current:
            yield current


def facts(text: str, reason: str) -> dict[str, Any]:
    """Facts of the schema. reason: why the module could not answer, for the gaps."""
    said = Answers(text)
    found: dict[str, Any] = target_facts.empty()
    gaps = [{"fact": "module", "reason": reason}] + [{"fact": fact, "reason": why} for fact, why in GAPS]
    if not said.whole:
        gaps.append({"fact": "probe", "reason": "The shell probe ended early; what it did not reach is missing."})
    for key, value in said.lines:
        name = GAP.sub("", key)
        if name != key:
            gaps.append({"fact": FACTS.get(name, name), "reason": value})
    arch = said.one("arch") or ""
    release = said.text("os_release") if said.all("os_release") else None
    uid = _number(said.one("uid"))
    found.update(
        method="raw",
        gaps=gaps,
        arch=arch,
        kernel=said.one("kernel") or "",
        user=said.one("user"),
        machine=machine.of(said.one("boot_id"), said.one("machine_id"), said.one("root_directory")),
        os=os_release.operating_system(release, said.one("old_release")),
        memory_bytes=machine.memory_bytes(said.text("meminfo")),
        libc=_libc(said),
        cpu=dict(cpu.describe(said.text("cpuinfo"), arch), count=_number(said.one("cpu_count")) or None),
        nodes=[_node(path, entry) for path, entry in said.groups("node")],
        condas=[_conda(path) for path in said.all("conda")],
        engines=[
            _engine(path, entry, said, uid)
            for path, entry in said.groups("engine")
            if posixpath.basename(path) in ("podman", "docker")
        ],
        toolchains=_toolchains(said),
        filesystems=_filesystems(said, uid == 0),
        selinux=_selinux(said),
        prefixes=[_prefix(path, entry) for path, entry in said.groups("prefix")],
    )
    for key, _soname in LIBRARIES:
        found[key] = _library(said, key)
    found["pythons"], found["faiss"] = _pythons(said)
    if not said.all("cpuinfo"):
        gaps.append({"fact": "cpu", "reason": "/proc/cpuinfo could not be read."})
    if not said.all("mount"):
        reason = "/proc/mounts could not be read: noexec and read-only are not known."
        gaps.append({"fact": "filesystems", "reason": reason})
    if found["libc"]["disagreement"]:
        gaps.append({"fact": "libc", "reason": found["libc"]["disagreement"]})
    return found


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch("[0-9]{1,18}", text) else None


def _libc(said: Answers) -> dict[str, Any]:
    named = said.one("interpreter_names")
    loaders = list(said.groups("loader"))
    loader: dict[str, Any] = libc.answer("loader", error="No dynamically linked program of the host could be read.")
    if named:
        source = f"{said.one('interpreter')} names {named}"
        version: str | None = None
        family, error, text = libc.loader_family(named), "It does not print its version.", ""
        for path, entry in loaders:
            if path == named:
                text = _unfolded(entry.one("says"))
                version = libc.version_in_name(entry.one("real") or "") or libc.parse_banner(text)[1]
        loader = libc.answer("loader", family, version, source, None if version else error, text)
    answers = [loader, libc.answer("confstr", error="No Python that Ansible can use is on this host.")]
    for key in ("getconf", "ldd"):
        text = _unfolded(said.one(key))
        family, version = libc.parse_banner(text)
        wrong = None if family else f"It said: {(said.one(key) or 'nothing')[:200]}"
        answers.append(libc.answer(key, family, version, None, wrong, text if family else None))
    versions = shared_libraries.newest_by_prefix(said.all("libc_version"))
    library, newest = said.one("libc"), versions.get("GLIBC")
    wrong = None if newest else "No libc.so.6 with GLIBC versions was found."
    answers.append(libc.answer("version_definitions", "glibc" if newest else None, newest, library, wrong))
    found: dict[str, Any] = libc.judge(answers)
    found["path"] = library if found["family"] == "glibc" else named
    others = [path for path, _ in loaders if libc.loader_family(path) not in (found["family"], "other")]
    found["also_present"] = list(dict.fromkeys(others))
    return found


def _unfolded(line: str | None) -> str:
    """The lines of a banner that the probe folded into one: of musl's, the version stood on the second."""
    text = (line or "").replace("~", "\n")
    text = re.sub(r"^(musl libc \([^)]*\))\s+Version ", r"\1\nVersion ", text)
    return re.sub(r"  |(?<=\.) (?=Copyright)", "\n", text)


def _library(said: Answers, key: str) -> dict[str, Any]:
    path, closed = said.one(key), said.one(key + "_unreadable")
    if path is None and closed:
        return {"path": closed, "versions": {}, "error": "It is not readable for this user."}
    versions = shared_libraries.newest_by_prefix(said.all(key + "_version"))
    error = None if versions or path is None else "No version names were found in it."
    return {"path": path, "versions": versions, "error": error}


def _pythons(said: Answers) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    found, faiss = [], []
    keys = ("version", "implementation", "soabi", "tag", "abi", "bits", "ctypes", "prefix")
    for path, entry in said.groups("python"):
        answer = entry.one("says") or ""
        known = pythons.parse(answer.replace("\n", " "))
        error = None if known else entry.one("not_started") or f"It said: {tail(answer, 300) or 'nothing'}"
        one: dict[str, Any] = {
            **dict.fromkeys(keys),
            "path": path,
            "realpath": entry.one("real"),
            "named": entry.one("named") == "yes",
            "pip": None,
            "numpy": None,
            "method": "started" if known else None,
            "error": error,
        }
        found.append(one)
        if known is None:
            continue
        one.update({key: known[key] for key in keys})
        there = [_package(package) for package in entry.all("package")]
        packages = [package for package in there if package and _importable(package, known)]
        for name in ("pip", "numpy"):
            one[name] = next((version for kind, version, _ in packages if kind == name), None)
        builds: dict[str, tuple[str, str | None]] = {}
        # With a version first: a bare faiss/ beside its metadata is the same build.
        for kind, version, directory in sorted(packages, key=lambda package: package[1] is None):
            if kind.startswith("faiss"):
                builds.setdefault(directory, (kind, version))
        faiss += [
            {"python": path, "version": version, "location": directory, "numpy": one["numpy"], "package": kind}
            for directory, (kind, version) in builds.items()
        ]
    return found, faiss


def _package(path: str) -> tuple[str, str | None, str] | None:
    """(name, version, directory) of the path of a metadata directory, or of a bare faiss/."""
    directory, name = posixpath.split(path)
    match = re.match(r"^([A-Za-z0-9_.]+)-([0-9][^-]*)(-.*)?\.(dist-info|egg-info)$", name)
    if match:
        return match[1].lower().replace("_", "-"), match[2], directory
    return ("faiss", None, directory) if name == "faiss" else None


def _importable(package: tuple[str, str | None, str], known: Mapping[str, Any]) -> bool:
    """Whether a site-packages directory is one that this Python looks into."""
    directory, short = package[2], str(known["short"])
    if directory == "/usr/lib/python3/dist-packages":
        return bool(known["prefix"] == "/usr" and short.startswith("3."))
    if posixpath.basename(posixpath.dirname(directory)) != f"python{short}":
        return False
    return known["prefix"] == "/usr" or not directory.startswith("/usr/local/") or known["prefix"] == "/usr/local"


def _node(path: str, entry: Answers) -> dict[str, Any]:
    answer = entry.one("says") or ""
    version = nodes.parse_version(answer)
    napi = nodes.napi_by_release(version) if version else None
    npm = re.search(r'"version"\s*:\s*"([0-9][^"]*)"', entry.one("npm") or "")
    error = None if version else entry.one("not_started") or f"It said: {answer[:300] or 'nothing'}"
    return {
        "path": path,
        "version": ".".join(map(str, version)) if version else None,
        "napi": napi,
        "napi_method": "release table" if napi else None,
        "modules": nodes.MODULES.get(version[0]) if version else None,
        "npm": npm[1] if npm else None,
        "error": error,
    }


def _conda(record: str) -> dict[str, Any]:
    root = posixpath.dirname(posixpath.dirname(record))
    match = re.match(r"^conda-([0-9][^-]*)-[^-]+\.json$", posixpath.basename(record))
    return {"path": f"{root}/bin/conda", "kind": "conda", "root": root, "version": match[1] if match else None}


def _engine(path: str, entry: Answers, said: Answers, uid: int | None) -> dict[str, Any]:
    name = posixpath.basename(path)
    answer = entry.one("says") or ""
    version = re.search(r"version ([0-9]+(?:\.[0-9]+)+)", answer)
    one = {"name": name, "path": path, "version": version[1] if version else None, "rootless": None}
    if name == "docker":
        server = said.one("docker_server") or "there is no socket of its daemon"
        answers = re.fullmatch(r"[0-9]+(\.[0-9]+)+[^ ]*", server) is not None
        return dict(one, answers=answers, answers_by="docker version", error=None if answers else server[:300])
    helpers = set(said.all("helper"))
    wants = [] if helpers & {"crun", "runc"} else ["no OCI runtime (crun, runc) is installed"]
    needed = ["conmon"] if uid == 0 else ["conmon", "newuidmap", "newgidmap", "/etc/subuid", "/etc/subgid"]
    wants += [f"{helper} is missing or names no range for this user" for helper in needed if helper not in helpers]
    if not version:
        wants = [f"It said: {answer[:300] or 'nothing'}"]
    return dict(one, answers=not wants, answers_by="requirements", rootless=uid != 0, error="; ".join(wants) or None)


def _toolchains(said: Answers) -> dict[str, Any]:
    def program(path: str, answer: str | None) -> dict[str, Any]:
        version = toolchains.parse_version(answer or "")
        error = None if version else f"It said: {(answer or 'nothing')[:300]}"
        return {"path": path, "version": version, "error": error}

    gcc, cmake = ([program(path, entry.one("says")) for path, entry in said.groups(key)] for key in ("gcc", "cmake"))
    found = said.groups("devtoolset")
    sets = [dict(program(path, entry.one("says")), name=path.split("/")[3]) for path, entry in found]
    return {"gcc": gcc[0] if gcc else None, "cmake": cmake[0] if cmake else None, "devtoolsets": sets}


def _filesystems(said: Answers, is_root: bool) -> list[dict[str, Any]]:
    mounts = filesystems.parse_mounts(said.text("mount"))
    found = []
    for purpose, entry in said.groups("directory"):
        path, real = entry.one("path"), entry.one("real")
        if purpose not in ("prefix", "tmp", "setting") or path is None:
            continue
        mount = filesystems.mount_of(mounts, real) if real else None
        # Counted from the mount point's side: a device's name may have blanks.
        free = re.search(r"\s([0-9]+)\s+[0-9-]+%?\s+/", entry.one("df") or "")
        found.append(
            {
                "purpose": purpose,
                "path": path,
                "existing_path": entry.one("existing"),
                "in_the_way": entry.one("in_the_way"),
                "mount": mount.path if mount else None,
                "type": mount.type if mount else None,
                "free_bytes": int(free[1]) * 1024 if free else None,
                "noexec": "noexec" in mount.options if mount else None,
                "read_only": "ro" in mount.options if mount else None,
                # Root may write anywhere by its rights; a read-only mount still stops it.
                "writable": entry.one("writable") == "yes" and not (is_root and mount and "ro" in mount.options),
            }
        )
    return found


def _selinux(said: Answers) -> dict[str, Any]:
    config = selinux.parse_config(said.text("selinux_config"))
    enforce = said.one("selinux_enforce")
    status = {"1": "enforcing", "0": "permissive"}.get(enforce) if enforce else ("disabled" if config else "absent")
    return {"status": status, "policy": config.get("SELINUXTYPE")}


def _prefix(path: str, entry: Answers) -> dict[str, Any]:
    name = posixpath.basename(path)
    digest = re.search(r'"digest"\s*:\s*"([^"\\]*)"', entry.one("digest") or "")
    manifest = json.dumps({"digest": digest[1]}) if digest else None
    complete, reason = installed.judge(name, manifest)
    if complete:
        reason = installed.refusal(entry.one("untrusted"), entry.one("damage"))
        complete = reason is None
    partial = installed.PARTIAL.match(name)
    return {
        "path": path,
        "strategy": posixpath.basename(posixpath.dirname(path)),
        "digest": partial["digest"] if partial else name,
        "complete": complete,
        "reason": reason,
    }
