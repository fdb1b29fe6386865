# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is fuzzed: each target makes a strategy, and a function that must raise nothing but what is documented."""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import shutil
import struct
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=20,
)
# Lines as tools print them, cut, doubled and mixed with bytes of any kind.
SPICE = st.sampled_from(
    ["", "\x00", "\n", "=", '"', "'", "\\", "\x1b[31m", "\u202e", "9" * 400, "(" * 300, "a" * 5000, "$(id)", "\ud800", "{{ 1 }}", "\t"]
)  # fmt: skip


def mixed(*samples: str) -> st.SearchStrategy[str]:
    """Text near to what is usually printed."""
    pieces = [piece for sample in samples for piece in (sample, *sample.splitlines(), *sample.split())]
    part = st.sampled_from(pieces) | SPICE | st.text(max_size=40)
    return st.lists(part, max_size=12).map("".join)


@st.composite
def mutated(draw: Any, bases: list[bytes], words: tuple[int, ...] = ()) -> bytes:
    """One of the bases with a few fields overwritten, and perhaps cut or lengthened."""
    data = bytearray(draw(st.sampled_from(bases)))
    for _ in range(draw(st.integers(1, 8))):
        near = draw(st.booleans())
        place = draw(st.integers(0, min(len(data), 1024) - 1 if near else len(data) - 1))
        width = draw(st.sampled_from((1, 2, 4, 8)))
        value = draw(st.sampled_from((0, 1, 0x7F, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1, len(data), *words))
                     | st.integers(0, 2**64 - 1))  # fmt: skip
        data[place : place + width] = struct.pack("<Q", value)[:width]
    how = draw(st.integers(0, 9))
    if how == 0:
        del data[draw(st.integers(0, len(data))) :]
    elif how == 1:
        data += data[: draw(st.integers(0, 4096))]
    return bytes(data)


def scratch() -> Path:
    """A directory until this process ends, in memory where it can be: journals wait for a disk at every line."""
    directory = tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return Path(directory)


@dataclass(frozen=True)
class Target:
    """What is fuzzed: ``make`` gives the strategy and the function that must not raise."""

    name: str
    what: str
    examples: int
    make: Callable[[], tuple[st.SearchStrategy[Any], Callable[[Any], object]]]


def _elf() -> tuple[Any, Any]:
    from faiss_fleet.target.elf import needs, reader
    from faiss_fleet.target.errors import AuditError

    bases = [_small_elf(), *(path.read_bytes()[:400_000] for path in _real_elves())]

    def read(data: bytes) -> None:
        try:
            found = reader.read(io.BytesIO(data), name="fuzzed")
            needs.of_files({"fuzzed": found})
        except AuditError:
            pass

    return mutated(bases), read


def _real_elves() -> list[Path]:
    """Small shared libraries of this machine: the extension modules of this Python."""
    import _ctypes
    import _json

    found = [Path(module.__file__) for module in (_json, _ctypes) if getattr(module, "__file__", None)]
    return [path for path in found if path.read_bytes()[:4] == b"\x7fELF"]


def _small_elf() -> bytes:
    """The least that is an ELF file: a header and one program header."""
    head = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    head += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    return head + struct.pack("<IIQQQQQQ", 2, 4, 120, 120, 120, 64, 64, 8) + b"\0" * 128


def _os_release() -> tuple[Any, Any]:
    from faiss_fleet.target.facts import os_release

    sample = (
        'NAME="CentOS Linux"\nVERSION_ID="7"\nID=centos # comment\nPRETTY_NAME=\'x\\\'y\'\nCentOS Linux release 7.9'
    )

    def read(text: str) -> None:
        os_release.operating_system(text, text)

    return mixed(sample), read


def _banners() -> tuple[Any, Any]:
    from faiss_fleet.target.facts import engines, libc, nodes, pythons, toolchains

    sample = (
        "ldd (Debian GLIBC 2.36-9+deb12u10) 2.36\nmusl libc (x86_64)\nVersion 1.2.3\nglibc 2.17\nld.so (GNU libc) stable "
        "release version 2.33.\nv16.20.2\nPython 3.9.1\nfaiss-fleet-python\x1f3.9\x1fcpython\x1f9\ncmake version 3.17\n"
    )

    def read(text: str) -> None:
        libc.parse_banner(text)
        pythons.parse(text)
        nodes.parse_version(text)
        nodes.from_header(text)
        toolchains.parse_version(text)
        engines.parse_version(text)

    return mixed(sample), read


def _cpuinfo() -> tuple[Any, Any]:
    from faiss_fleet.target.facts import cpu, filesystems, machine, selinux

    sample = "processor\t: 0\nmodel name\t: X\nflags\t\t: fpu sse2 avx avx2 avx512f\n\nMemTotal: 1 kB\n/dev/sda / ext4 rw 0 0"

    def read(text: str) -> None:
        for arch in ("x86_64", "aarch64", ""):
            cpu.describe(text, arch)
        machine.memory_bytes(text)
        filesystems.parse_mounts(text)
        selinux.parse_config(text)

    return mixed(sample), read


def _probe() -> tuple[Any, Any]:
    from faiss_fleet.errors import FleetError
    from faiss_fleet.fleet import raw_facts

    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests/fixtures/facts").glob("*.txt"))]
    lines = [line for text in texts for line in text.splitlines()]

    def build(parts: list[str]) -> str:
        return "begin\tfaiss-fleet-probe\n" + "\n".join(parts) + "\nend\tfaiss-fleet-probe\n"

    part = st.sampled_from(lines) | st.tuples(st.sampled_from(lines).map(lambda x: x.split("\t")[0]), SPICE).map(
        "\t".join
    )

    def read(text: str) -> None:
        with contextlib.suppress(FleetError):
            raw_facts.facts(text, "fuzzed")

    return st.lists(part, max_size=60).map(build), read


def _configuration() -> tuple[Any, Any]:
    from faiss_fleet.target.backend import config
    from faiss_fleet.target.errors import AuditError

    good: dict[str, Any] = {
        "schema": 1, "backend": "faiss", "socket": None, "provider": "wheel", "candidate": "c", "policy": "first",
        "runtime": {"kind": "python", "argv": ["/usr/bin/python3"], "env": {"PYTHONPATH": "/x"}, "prefix": "/opt/x"},
    }  # fmt: skip
    key = st.sampled_from([*good, *good["runtime"]])

    def change(changes: list[tuple[str, Any]]) -> bytes:
        found = json.loads(json.dumps(good))
        for name, value in changes:
            (found["runtime"] if isinstance(found.get("runtime"), dict) and name in good["runtime"] else found)[
                name
            ] = value
        return json.dumps(found, default=str).encode("utf-8", "replace")

    made = st.lists(st.tuples(key, json_values), max_size=4).map(change)

    def read(data: bytes) -> None:
        found, problem = config.parse(data)
        if found is not None:
            with contextlib.suppress(AuditError):
                config.env_text(found, "/etc/faiss-fleet/backend.json")
        assert (found is None) == (problem is not None)

    return made | mutated([json.dumps(good).encode()]), read


def _records() -> tuple[Any, Any]:
    from faiss_fleet.records import build, clean, journal, schema

    run = build.Run("20261122T101112Z-3f9a1c", "2026-11-22T10:11:12Z", "c", "1", False, ("prod",))
    directory = scratch()
    results = st.fixed_dictionaries(
        {},
        optional={
            name: json_values
            for name in ("ansible_facts", "plan", "attempts", "verification", "decision", "setting", "msg", "strategies",
                         "unmeasured", "results", "cause", "remedy", "exception")
        },
    )  # fmt: skip

    def read(given: tuple[dict[str, Any], bytes]) -> None:
        result, line = given
        builder = build.RecordBuilder(run, "a")
        builder.add_facts(result)
        builder.add_install(result)
        builder.add_backend(result)
        builder.add_error("faiss_install", result, ends=bool(result.get("msg")))
        record = builder.close(clean.Cleaner())
        assert not schema.faults(record), schema.faults(record)
        (directory / "run.json").unlink(missing_ok=True)
        (directory / "records.jsonl").write_bytes(line)
        book = journal.Journal(directory, run)
        book.expect({"a": [], "b": []})
        book.append(record)
        journal.settle(directory)
        assert [found["host"]["name"] for found in journal.read_records(directory)] == ["a", "b"]

    line = st.sampled_from(
        [b'{"host": {"name": "b"}}', b'{"host": {"na', b"[]", b"[" * 9999, b'{"host": []}', b""]
    ) | st.binary(max_size=200)
    return st.tuples(results, line.filter(lambda data: b'"name": "b"' not in data)), read


def _answers() -> tuple[Any, Any]:
    from faiss_fleet.causes import diagnose, search_test
    from faiss_fleet.records import clean
    from faiss_fleet.redact import redact
    from faiss_fleet.target.search import frames

    sample = "ImportError: /lib64/libm.so.6: version `GLIBC_2.27' not found\nhttps://u:p@h/t/x?token=y\nKilled\nE: x"

    def read(given: tuple[str, Any, list[bytes]]) -> None:
        text, value, pieces = given
        diagnose.diagnose(text)
        redact(text)
        cleaner = clean.Cleaner(["secret"])
        json.dumps(cleaner.clean({"a": value, "b": text}), allow_nan=False).encode("ascii")
        reader = frames.Frames("nonce")
        for piece in pieces:
            reader.feed(piece)
        reader.close()
        for said in (reader.evidence(), value):
            evidence = {"outcome": value, "said": said, "oom_kills": value}
            search_test.verification(
                {"candidate": "c", "runtime": {"kind": "python", "argv": ["p"]}, "figures": True, "evidence": evidence},
                30, ["flat"],
            )  # fmt: skip

    start = f"\n{frames.MARKER} nonce ".encode()
    piece = st.binary(max_size=60) | st.builds(lambda value: start + json.dumps(value).encode() + b"\n", json_values)
    return st.tuples(mixed(sample), json_values, st.lists(piece, max_size=6)), read


def _vectors() -> tuple[Any, Any]:
    sys.path.insert(0, str(ROOT / "loaders/python"))
    from faiss_fleet_loader import vector_file  # type: ignore[import-not-found]
    from faiss_fleet_loader.errors import FileError  # type: ignore[import-not-found]

    bases = [path.read_bytes() for path in sorted((ROOT / "tests/fixtures/vectors").glob("*.ffv"))]
    path = scratch() / "x.ffv"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        with contextlib.suppress(FileError):
            vector_file.load(str(path))

    return mutated(bases), read


class _Array(bytes):
    def astype(self, _kind: str) -> _Array:
        return self

    def tobytes(self) -> bytes:
        return bytes(self)


class _Index:
    """In the place of FAISS, which is not what is fuzzed: counts what comes."""

    def __init__(self) -> None:
        self.d = self.n = 0

    def open(self, d: int, *rest: int) -> None:
        self.d = d % 64

    def add(self, rows: bytes) -> int:
        self.n += len(rows)
        return self.n

    def train(self, rows: bytes) -> None:
        """Takes them."""

    def search(self, rows: bytes, k: int) -> tuple[_Array, _Array]:
        return _Array(b"s"), _Array(b"p")

    def dump(self) -> bytes:
        return b"d" * 100

    def restore(self, data: bytes) -> int:
        return len(data)


def _worker() -> tuple[Any, Any]:
    sys.path.insert(0, str(ROOT / "loaders/python"))
    from faiss_fleet_loader import faiss_worker as worker

    frame = st.builds(
        lambda kind, request, payload, wrong: worker.HEADER.pack(worker.MAGIC, 1, kind, request, wrong or len(payload)) + payload,
        st.integers(0, 9), st.integers(0, 2**32 - 1),
        st.binary(max_size=40) | st.lists(st.integers(0, 2**32 - 1), max_size=8).map(lambda v: struct.pack(f"<{len(v)}I", *v)),
        st.sampled_from((0, 0, 0, 0, 1, 2**26, 2**26 + 1, 2**32 - 1)),
    )  # fmt: skip
    sink = os.open(os.devnull, os.O_WRONLY)

    def read(data: bytes) -> None:
        with contextlib.suppress(SystemExit):
            worker.serve(io.BytesIO(data), sink, worker.Requests(_Index(), b"{}"))

    return st.lists(frame | st.binary(max_size=30), max_size=6).map(b"".join), read


def _manifest() -> tuple[Any, Any]:
    from faiss_fleet.errors import FleetError
    from faiss_fleet.records import journal
    from faiss_fleet.target.errors import AuditError
    from faiss_fleet.target.prefix import manifest

    good = json.dumps({"schema": 1, "digest": "0" * 16, "strategy": "wheel", "unpacked_bytes": 1, "files": []})
    directory = scratch()

    def read(text: str) -> None:
        for parse in (manifest.parse_manifest, manifest.parse_files):
            with contextlib.suppress(AuditError):
                parse(text, "/opt/x")
        (directory / "run.json").write_bytes(text.encode("utf-8", "surrogatepass"))
        with contextlib.suppress(FleetError):
            journal.read_run(directory)

    return json_values.map(lambda value: json.dumps(value)) | mixed(good) | st.integers(1, 4000).map(
        lambda n: "[" * n * 25
    ), read


TARGETS = (
    Target("elf", "the ELF reader", 10_000, _elf),
    Target("os-release", "os-release and centos-release", 1_000, _os_release),
    Target("banners", "what ldd, loaders, Pythons, Nodes and compilers print", 1_000, _banners),
    Target("cpuinfo", "/proc/cpuinfo, meminfo, mounts, SELinux's configuration", 1_000, _cpuinfo),
    Target("probe", "what the shell probe printed", 1_000, _probe),
    Target("backend.json", "the backend configuration", 1_000, _configuration),
    Target("records", "what modules return, and lines of records.jsonl", 1_000, _records),
    Target("answers", "what a search test says, logs, texts to clean", 1_000, _answers),
    Target("vector file", "the file in which loaders keep vectors", 1_000, _vectors),
    Target("worker", "the worker's protocol", 1_000, _worker),
    Target("manifest", "manifests of prefixes, run.json", 1_000, _manifest),
)  # fmt: skip
