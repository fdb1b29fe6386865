# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Lays a CentOS 7 userland: the genuine glibc 2.17 and libstdc++ 6.0.19, and around them what a shell needs."""

from __future__ import annotations

import os
import shutil
import tarfile
import zipfile
from pathlib import Path

from . import cache
from .inputs import fetch
from .shell import run

TRIPLE = "x86_64-unknown-linux-gnu"
DIRECTORIES = [
    "boot", "dev", "etc/ld.so.conf.d", "home/app", "media", "mnt", "opt", "proc", "root", "run", "srv", "sys",
    "tmp", "usr/bin", "usr/lib", "usr/lib64", "usr/libexec", "usr/local/bin", "usr/local/lib", "usr/sbin",
    "usr/share", "usr/src", "var/cache", "var/empty/sshd", "var/lib", "var/log", "var/spool", "var/tmp",
]  # fmt: skip
# CentOS 7 has its system directories under /usr, and links where they used to be.
MERGED = ("bin", "lib", "lib64", "sbin")
# What links and compiles stays out: a stock host has no compiler.
NOT_SHIPPED = ("*.a", "*.o", "*.spec", "*-gdb.py", "libitm*", "libatomic*", "libstdc++.so", "libgcc_s.so")
# busybox names these too: itself, what the genuine glibc brings, and what would only mislead a probe
# (`rpm`, `dpkg` without a database, `podman`-like helpers do not exist on these hosts).
NOT_BUSYBOX = {"busybox", "bash", "sh", "dpkg", "dpkg-deb", "rpm", "rpm2cpio", "init", "linuxrc", "getopt"}
LIBRARY_PATH = "/usr/local/lib"
# 2020-11-12, when CentOS 7.9.2009 came out: no file of a stand-in is newer.
EPOCH = 1605139200


def toolchain(work: Path) -> Path:
    """The unpacked cross toolchain; its sysroot is the userland."""
    _untar(fetch("toolchain"), work)
    target = work / "toolchain"
    target.mkdir()
    run(["tar", "-xJf", work / "package" / f"{TRIPLE}.tar.xz", "-C", target])
    return target


def lay_userland(root: Path, work: Path) -> Path:
    """Fills ``root`` with everything but a Python. Returns the toolchain, which a recipe may want next."""
    tools = toolchain(work)
    sysroot = tools / TRIPLE / "sysroot"
    for name in DIRECTORIES:
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in MERGED:
        (root / name).symlink_to(f"usr/{name}")
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)
    (root / "root").chmod(0o700)
    unwanted = shutil.ignore_patterns(*NOT_SHIPPED)
    _merge(sysroot / "lib", root / "usr/lib64", unwanted)
    _merge(sysroot / "usr/lib/gconv", root / "usr/lib64/gconv", unwanted)
    for name in ("bin", "sbin", "libexec"):
        _merge(sysroot / "usr" / name, root / "usr" / name, unwanted)
    _merge(sysroot / "sbin", root / "usr/sbin", unwanted)
    for source in sorted((cache.IMAGES / "files/centos7/etc").iterdir()):
        shutil.copyfile(source, root / "etc" / source.name)
    (root / "etc/redhat-release").symlink_to("centos-release")
    (root / "etc/system-release").symlink_to("centos-release")
    (root / "etc/shadow").chmod(0o600)
    (root / "etc/ld.so.conf").write_text("include ld.so.conf.d/*.conf\n", encoding="utf-8")
    _lay_shell(root, work)
    return tools


def _lay_shell(root: Path, work: Path) -> None:
    """bash as /bin/sh, as on CentOS, busybox for the rest, and the library that Python wants besides glibc's."""
    debs = work / "debs"
    for key in ("bash", "busybox", "zlib"):
        run(["dpkg-deb", "-x", fetch(key), debs])
    binaries = root / "usr/bin"
    shutil.copy2(debs / "bin/bash-static", binaries / "bash")
    (binaries / "sh").symlink_to("bash")
    shutil.copy2(debs / "bin/busybox", binaries / "busybox")
    for line in run([str(binaries / "busybox"), "--list-full"]).split():
        name = Path(line).name
        target = root / "usr" / ("sbin" if "sbin/" in line else "bin") / name
        if name not in NOT_BUSYBOX and not os.path.lexists(target):
            target.symlink_to("/usr/bin/busybox")
    for library in (debs / "lib/x86_64-linux-gnu").glob("libz.so.1*"):
        shutil.copy2(library, root / "usr/lib64", follow_symlinks=False)


def add_python38(root: Path, work: Path) -> None:
    """CPython 3.8 at /usr/local, as `make altinstall` leaves it, and /usr/bin/python3."""
    archive = _krunner(fetch("python38"), "krunner-env.centos7.6.x86_64.tar.xz", work / "python38")
    local = root / "usr/local"
    _python_tree(archive, local, "3.8")
    for library in (archive / "lib").glob("libpython3*.so*"):
        shutil.copy2(library, local / "lib", follow_symlinks=False)
    (root / "etc/ld.so.conf.d/usr-local.conf").write_text(LIBRARY_PATH + "\n", encoding="utf-8")
    (root / "usr/bin/python3").symlink_to("/usr/local/bin/python3.8")


def add_python313(root: Path, work: Path) -> None:
    """A self-contained CPython 3.13 at /usr/local, and /usr/bin/python3."""
    lay_python313(root / "usr/local", work)
    (root / "usr/bin/python3").symlink_to("/usr/local/bin/python3.13")


def lay_python313(prefix: Path, work: Path) -> None:
    """The relocatable CPython 3.13 into any directory. It wants /proc mounted, to find its libpython."""
    archive = _krunner(fetch("python313"), "krunner-env.static-gnu.x86_64.tar.xz", work / "python313")
    _python_tree(archive, prefix, "3.13")
    for library in (archive / "lib").glob("libpython3*.so*"):
        shutil.copy2(library, prefix / "lib", follow_symlinks=False)


def add_node(root: Path, work: Path) -> None:
    """Node 16: the application is a Node program. npm is not among the artefact's files."""
    node = work / "node"
    node.mkdir()
    _untar(fetch("node16"), node)
    shutil.copy2(node / "package/bin/node", root / "usr/local/bin/node")


def finish(root: Path) -> None:
    """The loader's cache, made by the genuine ldconfig (`ldconfig -p` is what a probe reads), and Python's."""
    run([str(root / "usr/sbin/ldconfig"), "-r", root])
    _compile(root)


def _compile(root: Path) -> None:
    """Compiled standard libraries, as real hosts have them: else the first run on each host compiles for seconds."""
    for prefix in ("usr/local", "usr"):
        for library in sorted((root / prefix / "lib").glob("python[23]*")):
            compile_library(root / prefix, library.name.removeprefix("python"), f"/{prefix}/lib/{library.name}")


def compile_library(prefix: Path, version: str, shown: str) -> None:
    """Compiles ``prefix``/lib/python``version``; tracebacks will say ``shown`` for that directory."""
    library = prefix / f"lib/python{version}"
    for path in library.rglob("*.py"):
        os.utime(path, (EPOCH, EPOCH))
    env = {"LD_LIBRARY_PATH": str(prefix / "lib"), "PYTHONHOME": str(prefix)}
    # -B: what compileall itself imports would be compiled by time before it comes to it, and be left so.
    argv = ["-B", "-m", "compileall", "-q", "-x", "bad_coding|badsyntax|lib2to3", "-d", shown]
    # By hash rather than by time, where Python can: the files' times are made equal in the tar.
    argv += [] if version == "2.7" else ["--invalidation-mode=unchecked-hash"]
    run([str(prefix / f"bin/python{version}"), *argv, library], env=env)


def _krunner(wheel: Path, name: str, work: Path) -> Path:
    """The Python tree inside a krunner wheel."""
    work.mkdir()
    with zipfile.ZipFile(wheel) as opened:
        member = next(info for info in opened.namelist() if info.endswith("/" + name))
        opened.extract(member, work)
    tree = work / "tree"
    tree.mkdir()
    run(["tar", "-xJf", work / member, "-C", tree])
    return tree


def _python_tree(archive: Path, prefix: Path, version: str) -> None:
    """Copies the interpreter and its library; of site-packages pip, not what its maker added."""
    library = Path("lib") / f"python{version}"
    site = prefix / library / "site-packages"
    (prefix / "bin").mkdir(parents=True, exist_ok=True)
    shutil.copy2(archive / f"bin/python{version}", prefix / "bin")
    (prefix / "bin/python3").symlink_to(f"python{version}")
    skip = shutil.ignore_patterns("site-packages", "__pycache__", "idlelib", "turtledemo", "config-*", "lib2to3")
    _merge(archive / library, prefix / library, skip)
    site.mkdir()
    for entry in sorted((archive / library / "site-packages").iterdir()):
        if entry.name.split("-")[0] in {"pip", "setuptools", "pkg_resources", "_distutils_hack", "wheel"}:
            shutil.copytree(entry, site / entry.name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))


def _merge(source: Path, target: Path, ignore: object) -> None:
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=ignore)  # type: ignore[arg-type]


def _untar(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as opened:
        # Debian 12's own Python, 3.11.2, has no filters yet. What is unpacked was checked against its sha256.
        options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        opened.extractall(target, **options)
