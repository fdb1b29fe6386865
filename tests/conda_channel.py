# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Makes conda channels in directories: tiny ones of made-up packages, and one of real ones from registry artefacts."""

from __future__ import annotations

import bz2
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from faiss_fleet.artefacts import cache as files
from faiss_fleet.strategies.wheel import catalogue
from images.standins import cache, centos7, inputs

# What packages with the place of their own in a file have in its stead until they are installed.
PLACEHOLDER = "/opt/placehold_" + "placehold_" * 18 + "end"
EPOCH = 1577836800
BLOCK = 1 << 17
SITE = "lib/python3.13/site-packages"
NUMPY = ("numpy", "2.2.6", "1bc23a79bfabc5d056d106f9befb8d50c31ced2fbc70eedb8155aec74a45798f")
PACKAGING = ("packaging", "26.2", "5fc45236b9446107ff2415ce77c807cee2862cb6fac22b8a73826d0693b0980e")


@dataclass(frozen=True)
class Package:
    """content: {path: bytes, or a Path to copy, or a str for a link's target}."""

    name: str
    version: str
    depends: tuple[str, ...] = ()
    content: dict[str, bytes | Path | str] = field(default_factory=dict)
    subdir: str = "linux-64"
    build: str = "0"
    noarch: str | None = None
    # How it is packed: conda, or tar.bz2, which is all that conda before 4.7 reads.
    packed: str = "conda"

    @property
    def file(self) -> str:
        return f"{self.name}-{self.version}-{self.build}.{self.packed}"


def zstd(data: bytes) -> bytes:
    """A Zstandard frame of raw blocks: valid, quick, the same each time, and no library is needed to write it."""
    # Frame header: no checksum, no content size, a window of one block.
    parts = [b"\x28\xb5\x2f\xfd", b"\x00", bytes([(17 - 10) << 3])]
    for start in range(0, max(len(data), 1), BLOCK):
        block = data[start : start + BLOCK]
        last = start + BLOCK >= len(data)
        parts += [((len(block) << 3) | last).to_bytes(3, "little"), block]
    return b"".join(parts)


def archive(package: Package) -> bytes:
    """The package: the same bytes each time."""
    pkg, info = _parts(package)
    if package.packed == "tar.bz2":
        return _tar_bz2(pkg, info)
    return _conda(package, pkg, info)


def _parts(package: Package) -> tuple[bytes, bytes]:
    """Two tars: of what the package installs, and of what it says about itself."""
    pkg, info = io.BytesIO(), io.BytesIO()
    paths = []
    with tarfile.open(fileobj=pkg, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, value in sorted(package.content.items()):
            runs = "/bin/" in f"/{path}" or (isinstance(value, Path) and value.stat().st_mode & 0o100)
            data = value.read_bytes() if isinstance(value, Path) else value
            entry = {"_path": path, "path_type": "softlink" if isinstance(data, str) else "hardlink"}
            if isinstance(data, bytes):
                entry |= {"sha256": hashlib.sha256(data).hexdigest(), "size_in_bytes": len(data)}
                if PLACEHOLDER.encode() in data:
                    kind = "binary" if b"\0" in data else "text"
                    entry |= {"prefix_placeholder": PLACEHOLDER, "file_mode": kind}
            _add(tar, path, data, 0o755 if runs else 0o644)
            paths.append(entry)
    index = {
        "name": package.name,
        "version": package.version,
        "build": package.build,
        "build_number": 0,
        "depends": list(package.depends),
        "subdir": package.subdir,
        "timestamp": EPOCH * 1000,
        **({"noarch": package.noarch} if package.noarch else {}),
    }
    with tarfile.open(fileobj=info, mode="w", format=tarfile.GNU_FORMAT) as tar:
        _add(tar, "info/index.json", json.dumps(index).encode(), 0o644)
        _add(tar, "info/paths.json", json.dumps({"paths": paths, "paths_version": 1}).encode(), 0o644)
        if package.noarch:
            link = {"package_metadata_version": 1, "noarch": {"type": package.noarch}}
            _add(tar, "info/link.json", json.dumps(link).encode(), 0o644)
        if package.packed == "tar.bz2":
            # What conda reads that is older than paths.json.
            places = [(entry.get("file_mode"), entry["_path"]) for entry in paths if "prefix_placeholder" in entry]
            prefixes = "".join(f"{PLACEHOLDER} {mode} {path}\n" for mode, path in places)
            _add(tar, "info/files", "".join(f"{entry['_path']}\n" for entry in paths).encode(), 0o644)
            _add(tar, "info/has_prefix", prefixes.encode(), 0o644)
    return pkg.getvalue(), info.getvalue()


def _tar_bz2(pkg: bytes, info: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for part in (info, pkg):
            with tarfile.open(fileobj=io.BytesIO(part)) as source:
                for member in source:
                    tar.addfile(member, source.extractfile(member) if member.isreg() else None)
    return bz2.compress(out.getvalue(), 1)


def _conda(package: Package, pkg: bytes, info: bytes) -> bytes:
    out = io.BytesIO()
    stem = package.file.removesuffix(".conda")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as zipped:
        for name, data in (
            ("metadata.json", b'{"conda_pkg_format_version": 2}'),
            (f"pkg-{stem}.tar.zst", zstd(pkg)),
            (f"info-{stem}.tar.zst", zstd(info)),
        ):
            zipped.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


def _add(tar: tarfile.TarFile, path: str, data: bytes | str, mode: int) -> None:
    member = tarfile.TarInfo(path)
    member.mode, member.mtime = mode, EPOCH
    if isinstance(data, str):
        member.type, member.linkname = tarfile.SYMTYPE, data
        tar.addfile(member)
    else:
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))


INDEX = """
import asyncio, os, pathlib, sys
from rattler.index import index_fs
asyncio.run(index_fs(pathlib.Path(sys.argv[1]), write_zst=False, write_shards=False, force=True))
sys.stdout.flush()
os._exit(0)
"""


def make(directory: Path, *packages: Package) -> str:
    """Writes and indexes a channel; returns its file:// URL."""
    for name in ("noarch", "linux-64"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    for package in packages:
        (directory / package.subdir / package.file).write_bytes(archive(package))
    # In a process that does not run its interpreter's end: the library may crash there, and forbids a fork after use.
    done = subprocess.run([sys.executable, "-c", INDEX, str(directory)], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"The channel could not be indexed: {done.stderr}")
    return f"file://{directory}"


def real(packed: str = "conda") -> Path:
    """A channel with a Python, numpy and two faiss-cpu: 1.9.0.post1 for glibc 2.17, 1.15.1 for 2.28. Kept.

    As tar.bz2 it has the older faiss-cpu alone, as packing takes long.
    """
    wheels = [NUMPY, PACKAGING, _faiss("1.9.0.post1")]
    if packed == "conda":
        wheels.append(_faiss("1.15.1"))
    recipe = Path(__file__).read_text(encoding="utf-8")
    sums = [inputs.load()["python313"].sha256, *(sha256 for _, _, sha256 in wheels)]
    digest = cache.digest_of([*sums, recipe, packed], [])
    channel = cache.directory("conda-channels") / digest
    with cache.lock("conda-channel"):
        if not (channel / "done").exists():
            shutil.rmtree(channel, ignore_errors=True)
            with cache.scratch() as work:
                packages = [replace(each, packed=packed) for each in _real_packages(work, wheels, packed == "conda")]
                make(channel, *packages)
            (channel / "done").touch()
    return channel


def _faiss(version: str) -> tuple[str, str, str]:
    found = next(
        wheel
        for wheel in catalogue.table()
        if str(wheel.version) == version
        and "x86_64" in wheel.file
        and "manylinux" in wheel.file
        and ("cp313-cp313-" in wheel.file or "abi3" in wheel.file)
    )
    return "faiss-cpu", version, found.sha256


def _real_packages(work: Path, wheels: list[tuple[str, str, str]], noarch: bool) -> list[Package]:
    """noarch: whether one of them is; conda 4.3 takes the Python 3.13 that it would be linked for to be 3.1."""
    tree = work / "python"
    centos7.lay_python313(tree, work)
    content: dict[str, bytes | Path | str] = {"bin/python": "python3.13"}
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree).as_posix()
        if path.is_symlink():
            content[name] = str(path.readlink())
        elif path.is_file() and not name.startswith(f"{SITE}/"):
            content[name] = path
    content["bin/which-prefix"] = f"#!{PLACEHOLDER}/bin/python\nprint('{PLACEHOLDER}')\n".encode()
    old = "__glibc >=2.17,<3.0.a0"
    needs = {
        ("numpy", "2.2.6"): ("python 3.13.*", old),
        ("packaging", "26.2"): ("python >=3.8",),
        ("faiss-cpu", "1.9.0.post1"): ("python 3.13.*", "numpy >=1.25,<3.0", "packaging", old),
        ("faiss-cpu", "1.15.1"): ("python 3.13.*", "numpy >=1.25", "packaging", "__glibc >=2.28,<3.0.a0"),
    }
    packages = [Package("python", "3.13.2", (old,), content)]
    for name, version, sha256 in wheels:
        files_of = _wheel(name, version, sha256, work)
        if name == "packaging" and noarch:
            pure = {f"site-packages/{path}": data for path, data in files_of.items()}
            packages.append(Package(name, version, needs[name, version], pure, "noarch", "pyh_0", "python"))
        else:
            placed = {f"{SITE}/{path}": data for path, data in files_of.items()}
            packages.append(Package(name, version, needs[name, version], placed, build="py313_0"))
    return packages


def _wheel(name: str, version: str, sha256: str, work: Path) -> dict[str, bytes | Path | str]:
    """Files of a wheel, which is checked. What serves CPUs beyond AVX2 stays out: the tests pack it again and again."""
    directory = work / f"{name}-{version}"
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    argv += ["--python-version=3.13"]
    argv += [f"--platform={tag}_x86_64" for tag in ("manylinux2014", "manylinux_2_28", "manylinux_2_17")]
    subprocess.run([*argv, "--dest", str(directory), f"{name}=={version}"], check=True, timeout=600)
    (wheel,) = directory.glob("*.whl")
    if files.sha256(wheel) != sha256:
        raise RuntimeError(f"{wheel.name} has sha256 {files.sha256(wheel)}, and {sha256} was expected.")
    with zipfile.ZipFile(wheel) as archive:
        names = [entry for entry in archive.namelist() if not entry.endswith("/") and "avx512" not in entry]
        return {entry: archive.read(entry) for entry in names if "/tests/" not in entry}
