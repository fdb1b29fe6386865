# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How hostile archives, names and secrets are given to the controller."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults import judge
from tests.faults.case import ANY_CAUSE, Case, Run
from tests.faults.content_table import HTML, JINJA
from tests.faults.fleet import SECRETS


def member(name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0) -> Any:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, target, size or len(data), 0o755
    return info, data


def portable(*hostile: Any) -> Callable[[Path, bytes], Path]:
    """An archive with a Python for glibc 2.17, by its program and names, and with these members as well."""

    def make(directory: Path, program: bytes) -> Path:
        usual = [member("python/bin/python3", program), member("python/lib/python3.13/os.py", b"")]
        path = directory / "portable.tar.gz"
        with tarfile.open(path, "w:gz", compresslevel=1) as tar:
            for info, data in [*usual, *hostile]:
                tar.addfile(info, io.BytesIO(data) if data or not info.size else _Zeros(info.size))
        return path

    return make


class _Zeros(io.RawIOBase):
    """So many zeros, of which none is kept."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        taken = min(self._left, size if size >= 0 else self._left)
        self._left -= taken
        return b"\0" * taken


def archive(make: Callable[[Path, bytes], Path]) -> Run:
    """The portable Python of the inventory is such an archive: refused, or harmless, and nothing leaves its place."""

    def run(case: Case) -> None:
        case.begin()
        directory = case.base / "hostile"
        directory.mkdir()
        path = make(directory, case.fleet.path(case.converged, "/usr/local/bin/python3.13").read_bytes())
        given = {"file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        extra = {"faiss_install__portable_python": given, "faiss_install__strategies": ["wheel"]}
        _refused_or_harmless(case, extra)
        shutil.rmtree(directory)

    return run


def _refused_or_harmless(case: Case, extra: dict[str, Any]) -> None:
    keeps = ("/opt/faiss-fleet",)
    hosts = [case.converged, case.bare or case.new]
    expected = case.expected(dict.fromkeys(hosts, (("native", "fallback", "failed"), ANY_CAUSE)), keeps)
    done = case.fleet.run(hosts, extra=extra)
    if done.run:
        case.judge(done, expected, (0, 2))
    elif done.status != 2 or "Nothing was changed" not in done.output or "Traceback" in done.output:
        case.wrong("status", f"exit status {done.status}: {done.output[-600:]}")
    for what in judge.controller_leftovers(case.fleet):
        case.wrong("leftovers", what)
    for place in [case.base.parent, case.base, case.fleet.controller.cache, Path("/tmp")]:
        if (place / "escaped").exists():
            case.wrong("leftovers", f"a member of the archive was written to {place}")
            (place / "escaped").unlink()
    for host in hosts:
        for name in ("/escaped", "/tmp/escaped", "/opt/escaped", "/canary"):
            if case.fleet.path(host, name).exists():
                case.wrong("leftovers", f"{host}: a member of the archive was written to, or run as, {name}")


def wheel(*members: tuple[str, bytes | int]) -> Run:
    """A wheelhouse with a FAISS that is a hostile zip. A number for content: so many zeros."""

    def run(case: Case) -> None:
        case.begin()
        house = case.base / "house"
        shutil.copytree(case.fleet.controller.wheels, house)
        (faiss,) = house.glob("faiss_cpu-*cp313*")
        with zipfile.ZipFile(faiss, "a", zipfile.ZIP_DEFLATED) as packed:
            for name, data in members:
                packed.writestr(name, b"\0" * data if isinstance(data, int) else data)
        extra = {"faiss_install__wheelhouse": str(house), "faiss_install__cache": str(case.base / "cold")}
        _refused_or_harmless(case, extra)
        shutil.rmtree(house)
        shutil.rmtree(case.base / "cold", ignore_errors=True)

    return run


def hostile_names(case: Case) -> None:
    """Groups and hosts of the inventory are scripts and templates."""
    case.begin()
    fleet = case.fleet
    names = {HTML.replace("/", ""): case.converged, "x {{ 7919 * 7907 }} =cmd": case.new}
    path = fleet.inventory(case.hosts, {})
    content = json.loads(path.read_text())
    hosts = content["all"]["hosts"]
    content["all"]["hosts"] = {name: hosts[host] for name, host in names.items()}
    content["all"]["children"] = {"g_img_canary": {"hosts": dict.fromkeys(names), "vars": {"note": JINJA}}}
    path.write_text(json.dumps(content))
    done = fleet.run_inventory(tuple(names), path)
    found = sorted(record["host"]["name"] for record in done.records)
    if done.status == 2 and "Nothing was changed" in done.output:
        case.result.notes.append("refused")
    elif found != sorted(names) or {record["state"] for record in done.records} != {"native"}:
        case.wrong("records", f"{done.status}: {found}: {done.output[-800:]}")
    for what in [*judge.output(fleet, _with_hosts(done, case)), *judge.controller_leftovers(fleet)]:
        case.wrong("output", what)
    if "Traceback" in done.output or "62615533" in done.output:
        case.wrong("output", "a name was evaluated, or a traceback")


def _with_hosts(done: Any, case: Case) -> Any:
    done.hosts = tuple(case.hosts)
    return done


def secrets(*arguments: str, failing: str = "") -> Run:
    """Everything that is said at this verbosity, with a run that works and one that fails."""

    def run(case: Case) -> None:
        case.begin()
        # Not ansible_password: with it Ansible wants sshpass, and the hosts take a key.
        password = {"ansible_become_password": SECRETS["become"]}
        variables: dict[str, Any] = {case.converged: password, case.new: dict(password)}
        states: dict[str, tuple[Any, Any]] = case.both()
        options: dict[str, Any] = {}
        if failing == "index":
            url = f"http://user:{SECRETS['pip_url']}@127.0.0.1:9/simple?token={SECRETS['index_query']}"
            options["environment"] = {"PIP_INDEX_URL": url, "PIP_RETRIES": "0", "PIP_DEFAULT_TIMEOUT": "5"}
            options["extra"] = {"faiss_install__wheelhouse": "", "faiss_install__cache": str(case.base / "cold")}
            states[case.new] = ("failed", ANY_CAUSE)
        if failing == "conda":
            options["extra"] = {
                "faiss_install__strategies": ["conda"],
                "faiss_install__cache": str(case.base / "cold"),
            }
            # Of the inventory: what stands on the command line Ansible itself shows at this verbosity.
            channel = f"http://user:{SECRETS['conda_url']}@127.0.0.1:9/t/{SECRETS['conda_token']}/channel"
            for name in case.hosts:
                variables.setdefault(name, {})["faiss_install__conda_channels"] = [channel]
            states = {case.converged: (("native", "failed"), ANY_CAUSE), case.new: ("failed", ANY_CAUSE)}
        if failing == "connection":
            for name in case.hosts:
                variables[name]["ansible_user"] = "nobody-" + name
                variables[name]["ansible_ssh_private_key_file"] = "/dev/null"
            states = case.both("unreachable", "unreachable")
        case.audit(states, *arguments, variables=variables, **options)
        shutil.rmtree(case.base / "cold", ignore_errors=True)

    return run


def escaping() -> tuple[Any, ...]:
    return (
        member("../escaped", b"x"), member("python/../../escaped", b"x"), member("/tmp/escaped", b"x"),
        member("/escaped", b"x"),
    )  # fmt: skip
