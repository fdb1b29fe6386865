# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The ELF reader says of real files what pyelftools and readelf say: this machine's own and those of FAISS wheels.

Wheels that are not in .cache/wheels are downloaded into it.
"""

from __future__ import annotations

import collections
import io
import os
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerDefSection, GNUVerNeedSection, GNUVerSymSection

from faiss_fleet.strategies.wheel import needs as wheel_needs
from faiss_fleet.target.elf import needs
from faiss_fleet.target.elf import reader as elf
from faiss_fleet.target.elf import versions as glibc
from tests import needs as tools

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "wheels"
DIRECTORIES = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]
AT_LEAST = 100
AT_MOST = 150  # of this machine's own, evenly picked

# (release, Python, platform, ABI): one for each way in which FAISS has been built.
WHEELS = [
    ("1.5.3", "3.6", "manylinux1_x86_64", "cp36m"),
    ("1.6.1", "2.7", "manylinux1_x86_64", "cp27mu"),
    ("1.6.5", "3.6", "manylinux2014_x86_64", "cp36m"),
    ("1.7.2", "3.6", "manylinux_2_17_x86_64", "cp36m"),
    ("1.7.4", "3.7", "manylinux_2_17_x86_64", "cp37m"),
    ("1.8.0.post1", "3.8", "manylinux_2_17_x86_64", "cp38"),
    ("1.9.0.post1", "3.9", "manylinux_2_17_x86_64", "cp39"),
    ("1.9.0.post1", "3.9", "manylinux_2_17_aarch64", "cp39"),
    ("1.10.0", "3.10", "manylinux_2_28_x86_64", "cp310"),
    ("1.11.0.post1", "3.10", "manylinux_2_28_x86_64", "cp310"),
    ("1.13.2", "3.10", "manylinux_2_28_x86_64", "abi3"),
    ("1.15.1", "3.10", "manylinux_2_28_x86_64", "abi3"),
    ("1.15.1", "3.10", "manylinux_2_28_aarch64", "abi3"),
    ("1.15.1", "3.10", "musllinux_1_2_x86_64", "abi3"),
]
# Word sizes and byte orders that FAISS has no wheel for, in a package that has: (platform, machine, bits, endian).
OTHERS = [
    ("manylinux_2_17_s390x", "s390x", 64, "big"),
    ("manylinux_2_17_ppc64le", "ppc64le", 64, "little"),
    ("manylinux_2_5_i686", "i386", 32, "little"),
    ("musllinux_1_2_s390x", "s390x", 64, "big"),
]
CENTOS7 = {"GLIBC": "2.17", "GLIBCXX": "3.4.19", "CXXABI": "1.3.7", "arch": "x86_64", "libc": "glibc"}


def wheel(release: str, python: str, platform: str, abi: str) -> Path:
    """The wheel's path in the cache, downloaded if it is not there."""
    tag = f"cp{python.replace('.', '')}-{abi}"
    family, arch = platform.split("_", 1)[0], "aarch64" if platform.endswith("aarch64") else "x86_64"
    pattern = f"faiss_cpu-{release}-{tag}-{'musllinux' if family == 'musllinux' else 'manylinux'}*_{arch}.whl"
    return downloaded(pattern, f"faiss-cpu=={release}", python, platform, abi)


def downloaded(pattern: str, requirement: str, python: str, platform: str, abi: str) -> Path:
    if not list(CACHE.glob(pattern)):
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--python-version", python, "--implementation", "cp", "--abi", abi, "--platform", platform]
        command += ["--dest", str(CACHE), requirement]
        done = subprocess.run(command, env={**os.environ, "PIP_FIND_LINKS": " "}, capture_output=True, text=True)
        if done.returncode:
            pytest.fail(f"{pattern} is not in {CACHE} and cannot be downloaded; put it there. {done.stderr[-500:]}")
    return next(CACHE.glob(pattern))


def own_objects() -> list[Path]:
    """This machine's shared objects, each once and evenly picked, and a few of its programs."""
    found = {}
    for directory in DIRECTORIES:
        for path in sorted(Path(directory).glob("*.so*")):
            if path.is_file() and path.open("rb").read(4) == elf.MAGIC:
                found[path.resolve()] = path
    paths = sorted(found)
    step = max(1, len(paths) // AT_MOST)
    programs = [Path(sys.executable).resolve(), Path("/bin/bash"), Path("/bin/ls"), Path("/usr/bin/env")]
    return paths[::step][:AT_MOST] + [path for path in programs if path.exists()]


def wheel_objects() -> list[tuple[str, bytes]]:
    objects = []
    for entry in WHEELS:
        path = wheel(*entry)
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if archive.open(name).read(4) == elf.MAGIC:
                    objects.append((f"{path.name}!{name}", archive.read(name)))
    return objects


def by_pyelftools(data: bytes) -> dict[str, Any]:
    """The same facts by a reader that goes by section headers."""
    file = ELFFile(io.BytesIO(data))
    found: dict[str, Any] = {"needed": [], "rpath": [], "runpath": [], "soname": None, "interpreter": None, "needs": {}}
    found["definitions"] = []
    for segment in file.iter_segments():
        if isinstance(segment, DynamicSegment):
            for tag in segment.iter_tags():
                if tag.entry.d_tag == "DT_NEEDED":
                    found["needed"].append(tag.needed)
                elif tag.entry.d_tag == "DT_SONAME":
                    found["soname"] = tag.soname
                elif tag.entry.d_tag in ("DT_RPATH", "DT_RUNPATH"):
                    key = tag.entry.d_tag[3:].lower()
                    found[key] = [part for part in getattr(tag, key).split(":") if part]
        elif segment.header.p_type == "PT_INTERP":
            found["interpreter"] = segment.get_interp_name()
    names: dict[int, tuple[str, str]] = {}
    symbols: dict[int, set[str]] = collections.defaultdict(set)
    for section in file.iter_sections():
        if isinstance(section, GNUVerNeedSection):
            for library, versions in section.iter_versions():
                for version in versions:
                    names[version["vna_other"] & 0x7FFF] = (library.name, version.name)
        elif isinstance(section, GNUVerDefSection):
            for definition, auxiliaries in section.iter_versions():
                if not definition["vd_flags"] & 1:
                    found["definitions"].append(next(auxiliaries).name)
        elif isinstance(section, GNUVerSymSection):
            table = file.get_section(section["sh_link"])
            raw = section.data()
            order = "<" if file.little_endian else ">"
            for index, (version,) in enumerate(struct.iter_unpack(order + "H", raw)):
                if version & 0x7FFF > 1:
                    symbols[version & 0x7FFF].add(index)  # type: ignore[arg-type]
            wanted = {index for number in symbols for index in symbols[number]}
            texts = {index: table.get_symbol(index).name for index in wanted if index}
            symbols = {number: {texts[i] for i in symbols[number] if i in texts} for number in symbols}  # type: ignore
    found["needs"] = {names[number]: sorted(symbols.get(number, ())) for number in names}
    return found


def by_reader(data: bytes, name: str) -> dict[str, Any]:
    file = elf.read(io.BytesIO(data), name=name)
    return {
        "needed": file.needed,
        "rpath": file.rpath,
        "runpath": file.runpath,
        "soname": file.soname,
        "interpreter": file.interpreter,
        "definitions": file.version_definitions,
        "needs": {(need.library, need.version): need.symbols for need in file.version_needs},
    }


def by_readelf(path: Path) -> dict[str, Any]:
    """What `readelf -d -V` prints, for the facts it has."""
    command = [tools.command("readelf"), "-d", "-V", "-W", str(path)]
    text = subprocess.run(command, env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = {"definitions": [], "needs": {}, "rpath": [], "runpath": [], "soname": None}
    found["needed"] = re.findall(r"\(NEEDED\)\s+Shared library: \[(.*)\]", text)
    for soname in re.findall(r"\(SONAME\)\s+Library soname: \[(.*)\]", text):
        found["soname"] = soname
    for key in ("rpath", "runpath"):
        for value in re.findall(rf"\({key.upper()}\)\s+Library {key}: \[(.*)\]", text):
            found[key] = [part for part in value.split(":") if part]
    library = None
    for line in text.splitlines():
        if match := re.search(r"Version: \d+  File: (\S+)  Cnt: \d+", line):
            library = match.group(1)
        elif match := re.search(r"Name: (\S+)  Flags: (.+?)  Version: \d+", line):
            found["needs"][library, match.group(1)] = "WEAK" in match.group(2)
        elif (match := re.search(r"Rev: \d+  Flags: (.+?)\s+Index: \d+  Cnt: \d+  Name: (\S+)", line)) and (
            "BASE" not in match.group(1)
        ):
            found["definitions"].append(match.group(2))
    return found


def compared_with_readelf(path: Path, name: str) -> None:
    theirs, file = by_readelf(path), elf.read(str(path), name=name)
    ours = {
        "definitions": file.version_definitions,
        "needs": {(need.library, need.version): need.weak for need in file.version_needs},
        "rpath": file.rpath,
        "runpath": file.runpath,
        "soname": file.soname,
        "needed": file.needed,
    }
    assert ours == theirs, name


def test_this_machines_objects_are_read_as_pyelftools_and_readelf_read_them() -> None:
    paths = own_objects()
    for path in paths:
        data = path.read_bytes()
        assert by_reader(data, str(path)) == by_pyelftools(data), path
        compared_with_readelf(path, str(path))
    assert len(paths) >= AT_LEAST, f"only {len(paths)} shared objects were found in {DIRECTORIES}"


@pytest.mark.slow
def test_the_objects_of_faiss_wheels_are_read_as_pyelftools_and_readelf_read_them(tmp_path: Path) -> None:
    objects = wheel_objects()
    for name, data in objects:
        assert by_reader(data, name) == by_pyelftools(data), name
        path = tmp_path / "object"
        path.write_bytes(data)
        compared_with_readelf(path, name)
    assert len(objects) >= 60


@pytest.mark.parametrize(("platform", "machine", "bits", "endian"), OTHERS)
def test_other_word_sizes_and_byte_orders(tmp_path: Path, platform: str, machine: str, bits: int, endian: str) -> None:
    family, arch = platform.split("_", 1)[0], platform.rsplit("_", 1)[1]
    pattern = f"charset_normalizer-3.4.0-cp311-cp311-{family}*_{arch}.whl"
    path = downloaded(pattern, "charset-normalizer==3.4.0", "3.11", platform, "cp311")
    with zipfile.ZipFile(path) as archive:
        objects = [(name, archive.read(name)) for name in archive.namelist() if name.endswith(".so")]
    assert objects
    for name, data in objects:
        file = elf.read(io.BytesIO(data), name=name)
        assert (file.machine, file.bits, file.endian) == (machine, bits, endian)
        assert by_reader(data, name) == by_pyelftools(data)
        (tmp_path / "object").write_bytes(data)
        compared_with_readelf(tmp_path / "object", name)


@pytest.mark.slow
def test_nothing_changes_when_section_headers_are_gone() -> None:
    for name, data in wheel_objects()[:20]:
        stripped = bytearray(data)
        struct.pack_into("<Q", stripped, 40, 0)
        struct.pack_into("<HHH", stripped, 58, 0, 0, 0)
        assert by_reader(bytes(stripped), name) == by_reader(data, name)


@pytest.mark.slow
def test_a_real_object_cut_short_is_refused_or_read_whole() -> None:
    name, data = min(wheel_objects(), key=lambda entry: len(entry[1]))
    whole = by_reader(data, name)
    for length in [*range(0, 4096, 13), *range(4096, len(data), 997)]:
        try:
            assert by_reader(data[:length], name) == whole
        except elf.AuditError as exc:
            assert name in str(exc)


@pytest.mark.parametrize(
    ("release", "python", "platform", "abi", "expected"),
    [
        pytest.param("1.5.3", "3.6", "manylinux1_x86_64", "cp36m", None, marks=pytest.mark.slow),
        pytest.param("1.6.5", "3.6", "manylinux2014_x86_64", "cp36m", None, marks=pytest.mark.slow),
        pytest.param("1.7.4", "3.7", "manylinux_2_17_x86_64", "cp37m", None, marks=pytest.mark.slow),
        ("1.9.0.post1", "3.9", "manylinux_2_17_x86_64", "cp39", None),
        # The tag says 2_28, and the files say 2.27.
        ("1.10.0", "3.10", "manylinux_2_28_x86_64", "cp310", "GLIBC_2.27"),
        pytest.param("1.13.2", "3.10", "manylinux_2_28_x86_64", "abi3", "GLIBC_2.27", marks=pytest.mark.slow),
        ("1.15.1", "3.10", "manylinux_2_28_x86_64", "abi3", "GLIBCXX_3.4.21"),
        pytest.param("1.15.1", "3.10", "manylinux_2_28_aarch64", "abi3", "aarch64", marks=pytest.mark.slow),
        ("1.15.1", "3.10", "musllinux_1_2_x86_64", "abi3", "musl"),
    ],
)
def test_what_a_stock_centos_7_refuses_first(
    release: str, python: str, platform: str, abi: str, expected: str | None
) -> None:
    found = wheel_needs.read(wheel(release, python, platform, abi))
    refusal = needs.first_refusal(found.needs, CENTOS7, found.bundled)
    assert (refusal and refusal["need"]) == expected
    assert bool(needs.judge(found.needs, CENTOS7, found.bundled)) == (expected is not None)


def test_of_1_15_1_the_worst_need_of_each_file_is_named() -> None:
    found = wheel_needs.read(wheel("1.15.1", "3.10", "manylinux_2_28_x86_64", "abi3"))
    texts = [reason["text"] for reason in needs.judge(found.needs, CENTOS7, found.bundled)]
    assert "faiss/libfaiss.so needs GLIBC_2.27 of libm.so.6 (for logf, powf), this host has glibc 2.17" in texts
    assert any(text.startswith("faiss_cpu.libs/libgfortran-") and "GLIBC_2.27" in text for text in texts)
    assert any("libfaiss.so needs GLIBCXX_3.4.22 of libstdc++.so.6" in text for text in texts)


def test_a_wheel_that_needs_zlib_of_the_host_says_so() -> None:
    found = wheel_needs.read(wheel("1.9.0.post1", "3.9", "manylinux_2_17_x86_64", "cp39"))
    (reason,) = needs.judge(found.needs, {**CENTOS7, "libraries": [], "GCC": "4.8.0"}, found.bundled)
    assert (reason["cause"], reason["library"]) == ("missing_shared_lib", "libz.so.1")


def test_reading_the_c_library_costs_few_small_reads() -> None:
    class Counted(io.FileIO):
        def __init__(self, path: Path) -> None:
            super().__init__(path)
            self.taken: list[int] = []

        def read(self, size: int | None = -1) -> Any:
            data = super().read(-1 if size is None else size)
            self.taken.append(len(data or b""))
            return data

    path = next(path for path in own_objects() if path.name.startswith("libc.so.6"))
    with Counted(path) as source:
        found = elf.read(source, symbols=False)
    assert glibc.newest(found.version_definitions) >= (2, 17)
    assert len(source.taken) <= 10
    assert sum(source.taken) < 256 << 10
