# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The dependency chain of an assessment: which file asks which library for what, and what the hosts have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from packaging.version import InvalidVersion, Version

from ..strategies.node import recipe
from .findings import Chain, ClassFindings
from .markdown import escape
from .prose import code, count, fence, listed, plain_name, shares, table
from .text import brief, one_line, shorten

# The checks on libraries, the C library first: it is the one that cannot be brought along.
LIBRARIES = ("glibc", "libstdcxx", "cxxabi", "libgomp", "libgcc")
ROWS = 24

Pool = dict[Chain, tuple[Counter[int], list[str], str]]  # hosts by class, symbols, the reason's own sentence


def chain(classes: Sequence[ClassFindings], inventory: str = "prod") -> Iterator[str]:
    """The section."""
    yield "## The glibc dependency chain\n\n"
    pool = _pool(classes)
    if pool:
        yield from _table(pool)
        yield from _told(list(pool.items()), classes)
    elif not classes:
        yield "Nothing was read from any host, so there is no chain to show.\n\n"
        return
    elif any(found.strategies for found in classes):
        yield (
            "No candidate was held up by a C or C++ library: each file that was looked at finds the symbol versions "
            "that it asks for.\n\n"
        )
    else:
        yield "No candidate was planned on any host, so what FAISS needs was not compared with what they have.\n\n"
    yield _c_libraries(classes)
    yield from _node_binding(classes)
    yield from _reproduce(classes, inventory)


def _node_binding(classes: Sequence[ClassFindings]) -> Iterator[str]:
    """What is known of the chain of the Node binding, and from where."""
    native = [each for found in classes for each in found.chains if each.strategy == "node" and each.file]
    asked = listed([f"{code(each.need)} of {code(each.library)}" for each in dict.fromkeys(native)][:4])
    read = (
        f"The prebuilt that the inventory names asks for {asked}, which these hosts do not have."
        if asked
        else "No prebuilt of it is named in the inventory (`faiss_install__faiss_node_prebuilt`), so none was read."
    )
    yield (
        "**The Node binding.** `faiss-node` loads one file, `build/Release/faiss-node.node`; FAISS, BLAS and the C++ "
        "library are inside it or beside it, and the rest is the host's glibc. The one that the controller builds is "
        f"checked to ask for {code(f'GLIBC_{recipe.GLIBC}')} at most and for no library but glibc's own "
        "(strategy `node`). "
        f"{read} What is published for faiss-node 0.5.1 is made on Debian 10 (glibc 2.28) and was not read here: on "
        "older hosts its installation succeeds and loading it fails, for its installer looks at the family of the C "
        "library alone.\n\n"
    )


def _reproduce(classes: Sequence[ClassFindings], inventory: str) -> Iterator[str]:
    """Commands that show the chain again, for the first blocked wheel and for the binding."""
    host = next((found.hosts[0] for found in classes if plain_name(found.hosts[0])), "HOST")
    wheel = next(
        (
            str(one["artefact"]["file"])
            for found in classes
            for one in found.example["plan"]
            if one["strategy"] == "wheel" and one["verdict"] == "blocked" and _is_wheel(one["artefact"].get("file"))
        ),
        None,
    )
    lines = ["# What each file asks of the host, and what the host has of it."]
    if wheel:
        lines.append(f"faiss-fleet needs {wheel} --host {host}")
    lines.append(f"faiss-fleet needs node_modules/faiss-node/build/Release/faiss-node.node --host {host}")
    lines.append("# The same on a host, without faiss-fleet.")
    lines.append(
        f"ansible -i {inventory} {host} -m ansible.builtin.shell -a 'ldd --version; getconf GNU_LIBC_VERSION; "
        'strings -a /usr/lib64/libstdc++.so.6 | grep -x "GLIBCXX_[0-9.]*" | sort -V | tail -n 1\''
    )
    yield "To see the chain yourself, from the controller (a wheel is fetched with `pip download --no-deps`):\n\n"
    yield from fence("\n".join(lines), "sh")


def _is_wheel(name: object) -> bool:
    return isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9_.+-]+\.whl", name) is not None


def despite(classes: Sequence[ClassFindings]) -> str:
    """That native FAISS runs although the newest release does not load; '' where there is no such host."""
    old = [(found, need) for found in classes if found.native_hosts and (need := newest_need(found)) is not None]
    if not old:
        return ""
    hosts = sum(len(found.native_hosts) for found, _need in old)
    release, asked = old[0][1]
    libraries = listed([escape(text) for text in sorted({found.key.c_library for found, _need in old})[:3]])
    return (
        f"On {count(hosts, 'host')} of them the newest release considered does not load ({escape(release)} needs "
        f"{code(asked)}; there it is {libraries}), and an older one does that was built for what they have."
    )


def newest_need(found: ClassFindings) -> tuple[str, str] | None:
    """('faiss-cpu 1.15.1', 'GLIBC_2.27') of the first release that a library keeps away, the C library first."""
    chains = [each for each in found.chains if each.check in ("glibc", "libstdcxx", "cxxabi") and each.need]
    if not chains:
        return None
    same = [each for each in chains if (each.name, each.version) == (chains[0].name, chains[0].version)]
    return chains[0].release, min(same, key=lambda each: LIBRARIES.index(each.check)).need


def _pool(classes: Sequence[ClassFindings]) -> Pool:
    pool: Pool = {}
    for place, found in enumerate(classes, 1):
        for each, seen in found.chains.items():
            if each.check in LIBRARIES:
                pool.setdefault(each, (Counter(), seen.symbols, seen.text))[0][place] += seen.hosts
    newest_first = sorted(pool.items(), key=lambda one: (_version(one[0].version), one[0].file), reverse=True)
    return dict(sorted(newest_first, key=lambda one: (LIBRARIES.index(one[0].check), -one[1][0].total())))


def _table(pool: Pool) -> Iterator[str]:
    yield (
        "A shared library names, for each library that it uses, the symbol versions that it asks for. The loader "
        "compares them with what the host's libraries define, and refuses the file when one is missing. What was "
        "found, file by file:\n\n"
    )
    rows = []
    for each, (places, symbols, text) in list(pool.items())[:ROWS]:
        path = f"{_cell(each.file)} → {_cell(each.library)}" if each.file or each.library else escape(brief(text))
        first = escape(shorten(brief(symbols[0]), 40)) if symbols else ""
        more = f" and {len(symbols) - 1} more" if len(symbols) > 1 else ""
        shown = ", ".join(map(str, sorted(places)[:8])) + ("…" if len(places) > 8 else "")
        need, have = _cell(each.need), escape(one_line(each.have) or "none")
        rows.append((escape(each.release), path, need, have, first + more, f"{places.total():,}", shown))
    yield from table(("Release", "File → library", "Asks for", "Host has", "For", "Hosts", "Classes"), rows)
    if len(pool) > ROWS:
        yield f"{len(pool) - ROWS:,} more needs of the same kinds are in the records.\n\n"


def _told(
    pool: list[tuple[Chain, tuple[Counter[int], list[str], str]]], classes: Sequence[ClassFindings]
) -> Iterator[str]:
    glibc = next(((each, seen[1]) for each, seen in pool if each.check == "glibc" and each.file), None)
    other = next((each for each, _seen in pool if each.check in ("libstdcxx", "cxxabi") and each.file), None)
    if glibc:
        each, symbols = glibc
        uses = listed([code(brief(symbol)) for symbol in symbols[:3]]) or "functions"
        yield (
            f"Read it so: {code(each.file)} of {escape(each.release)} uses {uses} of {code(each.library)} "
            f"in the version {code(each.need)}. The host's glibc is {escape(each.have)}, and its {code(each.library)} "
            "does not have it. glibc belongs to the operating system, and every process is started with it, so it is "
            "not replaced: FAISS has to come in a build that asks for less, or with a C library of its own in a "
            "container.\n\n"
        )
    if other:
        begin = "glibc is not all that is too old there" if glibc else "It is not glibc that is too old there"
        yield (
            f"{begin}: {code(other.file)} also needs {code(other.need)} of {code(other.library)}, and the host "
            f"has {escape(other.have)}. The error message names whatever is asked first.\n\n"
        )
    alike = [text for found in classes for _release, text in found.notes if text.startswith("So are")]
    if alike:
        yield f"Blocked for the same causes as the newest: {escape(brief(alike[0]).partition(': ')[2])}\n\n"


def _c_libraries(classes: Sequence[ClassFindings]) -> str:
    versions: Counter[str] = Counter()
    for found in classes:
        versions[found.key.c_library] += len(found.hosts)
    text = f"The C libraries of the fleet: {shares(versions, 8)}. "
    split = sum(found.counts["disagreement"] for found in classes)
    if split:
        return f"{text}On {count(split, 'host')} the methods disagreed; each answer is in the record.\n\n"
    return (
        f"{text}Where several methods could be asked (the loader itself, confstr, getconf, ldd, version definitions), "
        "they agreed.\n\n"
    )


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


def _cell(text: str) -> str:
    """For a cell of a table, where no span of code keeps a bar from ending it."""
    return escape(text) if "|" in text or "`" in text else code(text)
