# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""docs/reference/predictions.md: written from a run, and read back to ask the planner again without one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from faiss_fleet.strategies.base import Candidate
from tests.matrix.combinations import FORCED, GLIBCS, USERLANDS, Combination, Userland, every

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/predictions.md"
KINDS = ("glibc", "GLIBCXX", "CXXABI", "GCC", "libz", "CPU")
MACHINE_LEVEL = "x86-64-v3"
HEAD = """\
# Predictions

What the plan says of a FAISS wheel, and what importing it really does. Each cell was executed: the wheel and a numpy
were unpacked, whatever pip would have said of their tags, and in the named userland a process of its own imported them
and searched where the answer is known. In all {count} combinations the plan had predicted it: *works*, or what is in
the way. For a library that is too old, the plan's first reason is the very file and version that the loader names when
it refuses.

`tools/predictions` runs it again (root, podman, a minute or two, and 0.8 GB of downloads the first time) and says where
the outcome differs from the plan or from this page; `tools/predictions --write` writes it. `make test-all` does the
first each time.

## The userlands

They are [stand-ins](../../images/README.md): the genuine libraries of each system, under podman. The Python is the
distribution's own where it has that version, otherwise a relocatable one built for glibc 2.17. numpy is 2.2.6 for
Python 3.13, and the newest 1.x for those before.

"""


def summary(userland: Userland, facts: Mapping[str, Any]) -> dict[str, str]:
    """What of a userland's facts decides about wheels, as the page shows it."""
    versions = {**facts["libstdcxx"]["versions"], **facts["libgcc"]["versions"]}
    return {
        "glibc": facts["libc"]["version"],
        **{name: versions.get(name) or "none" for name in ("GLIBCXX", "CXXABI", "GCC")},
        "libz": "yes" if facts["libz"]["path"] else "none",
        # Any newer CPU gives the same answers, so that the page does not depend on the machine.
        "CPU": userland.isa_level or f"{MACHINE_LEVEL} or newer",
    }


def facts_of(userland: Userland, row: Mapping[str, str]) -> dict[str, Any]:
    """Facts of a host that is as the page says, with every Python of the matrix."""

    def library(path: str, *names: str) -> dict[str, Any]:
        versions = {name: row[name] for name in names if row[name] != "none"}
        return {"path": path if versions else None, "versions": versions, "error": None}

    pythons = []
    for version in sorted({each.python for each in every()}):
        path = f"/usr/bin/python{version}" if version == userland.own else f"/matrix/bin/python{version}"
        tag = {"path": path, "realpath": path, "version": f"{version}.0", "implementation": "cpython", "bits": 64}
        pythons.append({**tag, "tag": f"cp{version.replace('.', '')}"})
    return {
        "arch": "x86_64",
        "libc": {"family": "glibc", "version": row["glibc"]},
        "libstdcxx": library("/lib/libstdc++.so.6", "GLIBCXX", "CXXABI"),
        "libgcc": library("/lib/libgcc_s.so.1", "GCC"),
        "libgomp": {"path": None, "versions": {}, "error": None},
        "libz": {"path": "/lib/libz.so.1" if row["libz"] == "yes" else None, "versions": {}, "error": None},
        "cpu": {"isa_level": row["CPU"].split()[0]},
        "pythons": pythons,
        "filesystems": [],
        "prefixes": [],
        "user": "root",
    }


def read(text: str) -> dict[str, dict[str, str]]:
    """The userlands that a page was written for, by name."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == len(KINDS) + 2 and cells[0] in {each.name for each in USERLANDS}:
            found[cells[0]] = dict(zip(KINDS, cells[2:], strict=True))
    return found


def render(summaries: Mapping[str, Mapping[str, str]], candidates: Mapping[str, Candidate]) -> str:
    """The page. candidates: what was planned, by the key of each combination."""
    rows = [[each.name, each.says, *(summaries[each.name][kind] for kind in KINDS)] for each in USERLANDS]
    parts = [HEAD.format(count=len(candidates)), _table(["userland", "is", *KINDS], rows)]
    combinations = every()
    forced = [each for each in combinations if each.userland in GLIBCS and (each.python, each.wheel.file) in FORCED]
    chosen = [each for each in combinations if each.userland in GLIBCS and each not in forced]
    parts += [
        "\n## Releases and C libraries\n\n",
        _grid(chosen, GLIBCS, candidates),
        "\n## Wheels for another Python or C library\n\n",
        "pip would refuse these for their tag; unpacked by force, they fail.\n\n",
        _grid(forced, GLIBCS, candidates, files=True),
        "\n## Hosts that lack something else\n\nglibc is new enough for every release here, and so is the tag.\n\n",
    ]
    odd = [each for each in USERLANDS if each not in GLIBCS and not each.cpu]
    parts.append(_grid([each for each in combinations if each.userland in odd], odd, candidates))
    parts.append("\n## CPUs\n\nUnder qemu, with Debian 12's own Python, which every x86-64 runs.\n\n")
    cpus = [each for each in USERLANDS if each.cpu]
    parts.append(_grid([each for each in combinations if each.userland in cpus], cpus, candidates))
    return "".join(parts)


def _grid(
    combinations: Iterable[Combination],
    columns: Sequence[Userland],
    candidates: Mapping[str, Candidate],
    files: bool = False,
) -> str:
    """A row for each release, newest first; Pythons of which the same holds share it."""
    cells: dict[tuple[str, str], dict[str, str]] = {}
    versions = {}
    for each in combinations:
        versions[each.wheel.file] = each.wheel.version
        cells.setdefault((each.wheel.file, each.python), {})[each.userland.name] = cell(candidates[each.key])
    rows: dict[tuple[Any, ...], list[str]] = {}
    for (file, python), found in cells.items():
        name = "-".join(file.removesuffix(".whl").split("-")[1:]).split(".manylinux")[0] if files else ""
        key = (versions[file], f"`{name}`" if files else str(versions[file]), *(found[each.name] for each in columns))
        rows.setdefault(key, []).append(python)
    table = []
    for (_, name, *texts), pythons in sorted(rows.items(), key=lambda row: (row[0][0], row[1]), reverse=True):
        table.append([name, ", ".join(pythons), *texts])
    return _table(["FAISS", "Python", *(each.name for each in columns)], table)


def cell(candidate: Candidate) -> str:
    """`works`, or the first reason in few words."""
    if candidate["verdict"] == "possible":
        return "works"
    first = candidate["reasons"][0]
    # _swigfaiss.cpython-313-x86_64-linux-gnu.so of one Python is that of the others too.
    file = re.sub(r"\.(cpython-[^.]*|abi3)\.so$", "", Path(first.get("file") or "").name)
    if first["check"] == "python":
        return f"blocked: it is for {first['need']}"
    if first["check"] == "cpu_isa":
        return f"blocked: it wants {first['need']}"
    if not first["need"] or first["need"] == first.get("library") or first["check"] == "libc":
        return f"blocked: `{file}` needs `{first.get('library')}`"
    symbol = next((name for name in first.get("symbols") or [] if not name.startswith("_Z")), None)
    what = f"`{symbol}`, " if symbol else ""
    return f"blocked: `{file}` needs {what}`{first['need']}` of `{first.get('library')}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
