# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What an artefact needs, held against the facts of hosts."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.plan import artefact_sources as sources
from faiss_fleet.plan import blockers
from faiss_fleet.plan.artefact_check import Checker, HostAnswer
from faiss_fleet.strategies.base import Options
from tests.unit.module_utils.elf.elf_builder import Builder

LIBRARIES = (("libstdcxx", "libstdc++.so.6"), ("libgcc", "libgcc_s.so.1"), ("libz", "libz.so.1"))


def host(
    name: str, glibc: str | None, cxx: str = "3.4.19", pythons: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    """A record with as much as is judged; glibc None is musl 1.2.3."""
    found: dict[str, Any] = {
        "arch": "x86_64",
        "libc": {"family": "glibc" if glibc else "musl", "version": glibc or "1.2.3"},
        "cpu": {"isa_level": "x86-64-v3"},
        "pythons": [
            {"path": "/usr/bin/python3", "version": version, "implementation": "cpython"} for version in pythons
        ],
        **{key: {"path": f"/lib64/{soname}", "versions": {}, "error": None} for key, soname in LIBRARIES},
        "libatomic": {"path": None, "versions": {}, "error": None},
    }
    found["libstdcxx"]["versions"] = {"GLIBCXX": cxx, "CXXABI": "1.3.7" if cxx == "3.4.19" else "1.3.13"}
    found["libgcc"]["versions"] = {"GCC": "4.8.0"}
    found["libz"]["versions"] = {"ZLIB": "1.2.7.1"}
    found.update(more)
    return {"host": {"name": name}, "because": None, "facts": found}


OLD = host("old", "2.17", pythons=("3.8.6",))
NEW = host(
    "new", "2.36", "3.4.30", ("3.11.2",), libatomic={"path": "/lib/libatomic.so.1", "versions": {}, "error": None}
)
MUSL = host("musl", None, "3.4.30", ("3.12.3",))
AWAY = {"host": {"name": "away"}, "because": "ssh: timed out", "facts": None}
FLEET = (OLD, NEW, MUSL, AWAY)


def ask(text: str, *records: dict[str, Any], **more: Any) -> dict[str, HostAnswer]:
    asked = records or FLEET
    checker = Checker(sources.find(text, lambda: asked, **more))
    found = {answer.host: answer for answer in checker.answers(asked)}
    assert sum(checker.totals.values()) == len(asked)
    assert all(answer.blocker in (None, *blockers.BY_ID) for answer in found.values())
    return found


def verdicts(text: str, *records: dict[str, Any], **more: Any) -> dict[str, str]:
    return {name: answer.verdict for name, answer in ask(text, *records, **more).items()}


@pytest.mark.parametrize("text", ["node 27", "node@27", "Node.js 27", "node@27.1.0", "node v27"])
def test_a_node_that_is_only_announced_is_judged_by_its_floor(text: str) -> None:
    found = ask(text)
    assert found["old"].says.startswith("Node 27 needs libatomic.so.1")  # the loader maps libraries first
    assert "Node 27 needs GLIBC_2.34 of libc.so.6, this host has glibc 2.17" in [
        reason["text"] for reason in found["old"].reasons
    ]
    assert (found["new"].verdict, found["away"].verdict) == ("yes", "unknown")
    assert "Not examined: ssh: timed out" in found["away"].says


@pytest.mark.parametrize(
    "text, old, new, musl",
    [
        ("manylinux_2_17", "yes", "yes", "no"),
        ("manylinux2014", "yes", "yes", "no"),
        ("manylinux_2_34", "no", "yes", "no"),
        ("manylinux_2_34_aarch64", "no", "no", "no"),
        ("glibc 2.36", "no", "yes", "no"),
        ("glibc@2.37", "no", "no", "no"),
        ("musllinux_1_2", "no", "no", "yes"),
        ("musllinux_1_3", "no", "no", "no"),
        ("node 16", "yes", "yes", "no"),
        ("node 24", "no", "yes", "no"),
    ],
)
def test_floors(text: str, old: str, new: str, musl: str) -> None:
    assert verdicts(text, OLD, NEW, MUSL) == {"old": old, "new": new, "musl": musl}


def build(path: Path, **more: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(Builder(**more).build())
    return path


NEEDS_2_27: dict[str, Any] = {
    "needed": ["libm.so.6", "libstdc++.so.6"],
    "needs": [
        ("libm.so.6", [("GLIBC_2.27", 0, ["powf"])]),
        ("libstdc++.so.6", [("GLIBCXX_3.4.21", 0, ["_ZNSt11logic_errorC2ERKS_"])]),
    ],
}


def test_an_addon_is_judged_by_file_library_and_symbol_version(tmp_path: Path) -> None:
    addon = build(tmp_path / "build/Release/faiss-node.node", **NEEDS_2_27)
    found = ask(str(addon))
    assert found["old"].as_dict() == {
        **found["old"].as_dict(),
        **{"host": "old", "verdict": "no", "libc": "glibc 2.17", "loads": False, "cause": "glibc_too_old"},
        **{"blocker": "glibc", "need": "GLIBC_2.27", "have": "2.17", "file": "faiss-node.node", "library": "libm.so.6"},
    }
    assert found["old"].says.startswith("faiss-node.node needs GLIBC_2.27 of libm.so.6 (for powf)")
    assert found["old"].says.endswith("(and 1 more in the way)")
    assert (found["new"].verdict, found["new"].loads) == ("yes", True)
    assert (found["musl"].verdict, found["musl"].blocker) == ("no", "libc")
    json.dumps([answer.as_dict() for answer in found.values()])


def test_of_prebuilt_files_those_for_the_host_count(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "fast-index", "version": "1.2.3"}')
    build(tmp_path / "prebuilds/linux-x64/glibc.node", **NEEDS_2_27)
    build(tmp_path / "prebuilds/linux-x64/musl.node", needed=["libc.musl-x86_64.so.1"])
    build(tmp_path / "prebuilds/linux-arm64/any.node", machine=183, needed=["libc.so.6"])
    (tmp_path / "prebuilds/darwin.node").write_bytes(b"\xcf\xfa\xed\xfe")
    artefact = sources.find(str(tmp_path))
    assert (artefact.name, artefact.kind) == ("fast-index@1.2.3", "npm package")
    assert {one.label for one in artefact.builds} == {"x86_64 glibc", "x86_64 musl", "aarch64 glibc"}
    arm = host("arm", "2.17")
    arm["facts"]["arch"] = "aarch64"
    found = ask(str(tmp_path), OLD, NEW, MUSL, arm)
    assert {name: (answer.verdict, answer.build) for name, answer in found.items()} == {
        "old": ("no", "x86_64 glibc"),
        "new": ("yes", "x86_64 glibc"),
        "musl": ("yes", "x86_64 musl"),
        "arm": ("yes", "aarch64 glibc"),
    }


def test_programs_of_a_directory_are_read_and_a_program_that_needs_nothing_is_judged_by_its_machine(
    tmp_path: Path,
) -> None:
    build(tmp_path / "bin/search", **NEEDS_2_27).chmod(0o755)
    assert verdicts(str(tmp_path), OLD, NEW) == {"old": "no", "new": "yes"}
    static = tmp_path / "static"
    build(static / "bin/tool").chmod(0o755)
    assert verdicts(str(static), OLD, NEW, MUSL) == {"old": "yes", "new": "yes", "musl": "yes"}


def test_what_was_not_read_is_unknown_and_never_yes(tmp_path: Path) -> None:
    ssl = build(tmp_path / "tls.so", needed=["libssl.so.3"], needs=[("libssl.so.3", [("OPENSSL_3.0.0", 0, ["f"])])])
    found = ask(str(ssl), NEW)["new"]
    assert (found.verdict, found.loads) == ("unknown", None)
    assert found.says == "Not read on this host: libssl.so.3, OPENSSL_3.0.0 of libssl.so.3"
    unread = host("unread", "2.36", libstdcxx={"path": None, "versions": {}, "error": "It was not read."})
    assert verdicts(str(build(tmp_path / "a.so", **NEEDS_2_27)), unread) == {"unread": "unknown"}


def test_a_library_with_versions_of_its_own_is_compared(tmp_path: Path) -> None:
    zlib = build(tmp_path / "z.so", needed=["libz.so.1"], needs=[("libz.so.1", [("ZLIB_1.2.9", 0, ["inflate"])])])
    found = ask(str(zlib), OLD)["old"]
    assert (found.verdict, found.blocker) == ("no", "libraries")
    assert found.says == "z.so needs ZLIB_1.2.9 of libz.so.1 (for inflate), this host has ZLIB_1.2.7.1"


def wheel(directory: Path, name: str, requires: str = ">=3.8", **elf: Any) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    project, version = name.split("-")[:2]
    with zipfile.ZipFile(directory / name, "w") as archive:
        archive.writestr(f"{project}/_core.so", Builder(**elf).build())
        metadata = f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\nRequires-Python: {requires}\n"
        archive.writestr(f"{project}-{version}.dist-info/METADATA", metadata)
    return directory / name


def test_a_wheel_is_judged_by_files_tags_and_pythons(tmp_path: Path) -> None:
    path = wheel(tmp_path, "thing-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", needed=["libc.so.6"])
    found = ask(str(path), OLD, NEW)
    assert (found["new"].verdict, found["old"].verdict) == ("yes", "no")
    assert found["old"].loads is True  # its files would load: it is pip that refuses the tag
    assert [reason["check"] for reason in found["old"].reasons] == ["platform_tag", "python"]
    own = wheel(tmp_path, "own-1.0-cp38-cp38-linux_x86_64.whl", needed=["libc.so.6"])
    assert verdicts(str(own), OLD, NEW) == {"old": "yes", "new": "no"}
    stable = wheel(tmp_path, "own-2.0-cp38-abi3-linux_x86_64.whl", needed=["libc.so.6"])
    assert verdicts(str(stable), OLD, NEW) == {"old": "yes", "new": "yes"}
    newer = wheel(tmp_path, "own-3.0-py3-none-linux_x86_64.whl", ">=3.9", needed=["libc.so.6"])
    assert verdicts(str(newer), OLD, NEW) == {"old": "no", "new": "yes"}


def test_a_requirement_is_judged_by_the_wheel_that_each_host_would_get(tmp_path: Path) -> None:
    for name, need in (("2.0", "GLIBC_2.27"), ("1.0", "GLIBC_2.17")):
        tag = "manylinux_2_28" if name == "2.0" else "manylinux_2_17"
        for python in ("cp38", "cp311"):
            elf = {"needed": ["libm.so.6"], "needs": [("libm.so.6", [(need, 0, ["powf"])])]}
            wheel(tmp_path, f"thing-{name}-{python}-{python}-{tag}_x86_64.whl", **elf)
    options = Options(extra={"faiss_install__wheelhouse": str(tmp_path)})
    found = ask("thing", OLD, NEW, options=options)
    assert found["old"].build == "thing-1.0-cp38-cp38-manylinux_2_17_x86_64.whl"
    assert found["new"].build == "thing-2.0-cp311-cp311-manylinux_2_28_x86_64.whl"
    found = ask("thing>=2", OLD, NEW, options=options)
    assert (found["old"].verdict, found["new"].verdict) == ("no", "yes")
    assert found["old"].says.startswith("thing/_core.so needs GLIBC_2.27 of libm.so.6 (for powf), this host has glibc")
    assert found["old"].build == "thing-2.0-cp38-cp38-manylinux_2_28_x86_64.whl"
    with pytest.raises(FleetError, match="No wheel for Linux fulfils thing>=3"):
        ask("thing>=3", options=options)


def test_faiss_cpu_is_judged_by_its_own_table(tmp_path: Path) -> None:
    options = Options(cache=tmp_path, offline=True)
    found = ask("faiss-cpu>=1.10", host("old", "2.17", pythons=("3.13.2",)), NEW, options=options)
    assert (found["new"].verdict, found["new"].build) == (
        "yes", "faiss_cpu-1.15.1-cp310-abi3-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    )  # fmt: skip
    assert found["old"].verdict == "no" and "GLIBCXX_3.4.21" in found["old"].says
    assert ask("faiss-cpu", host("old", "2.17", pythons=("3.13.2",)), options=options)["old"].build == (
        "faiss_cpu-1.9.0.post1-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    )


def test_hosts_that_are_alike_are_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    checker = Checker(sources.find("node 24"))
    judged: list[Any] = []
    monkeypatch.setattr(Checker, "_judge", lambda self, facts: judged.append(facts) or {"verdict": "yes"})
    twins = [{**OLD, "host": {"name": f"old{number}"}} for number in range(50)]
    assert len(list(checker.answers([*twins, NEW]))) == 51 and len(judged) == 2
