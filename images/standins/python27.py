# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Builds CPython 2.7 for the stock CentOS 7, with the gcc 4.8.5 of the toolchain against its glibc 2.17."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

from . import cache
from .errors import StandInError
from .inputs import fetch, load
from .shell import command, run, say

INPUTS = ("toolchain", "python27-source")
JOBS = "-j2"
# Half the time of -O2; the interpreter runs modules for a second or two.
CFLAGS = "-O1 -fPIC"
# ucs4 as on CentOS: wheels for it are tagged cp27mu.
CONFIGURE = ("--prefix=/usr", "--enable-unicode=ucs4", "--without-ensurepip", "--enable-ipv6")
NOT_SHIPPED = ("test", "tests", "lib-tk", "idlelib", "lib2to3", "*.pyo", "*.pyc", "*.exe", "libpython*.a", "config")
# What modules of Ansible ask for. No ssl and no bz2: compiling OpenSSL took longer than all the rest.
PROOF = "import ctypes, json, pwd, subprocess, zlib, hashlib as h; print(h.sha256(b'').hexdigest()[:8])"


def add_python27(root: Path, work: Path, toolchain: Path) -> None:
    """/usr/bin/python2.7 with /usr/bin/python2 and /usr/bin/python, as CentOS 7 has them."""
    run(["tar", "-xf", built(work, toolchain), "-C", root])


def built(work: Path, toolchain: Path) -> Path:
    """The tar of the interpreter. It is kept apart from the stand-in's, for it takes minutes."""
    table = load()
    digest = cache.digest_of([table[key].sha256 for key in INPUTS], [Path(__file__).resolve()])
    path = cache.directory("built") / f"part-python27-{digest}.tar"
    if not path.exists():
        for needed in ("make", "gcc", "xz"):
            command(needed)
        say("  build CPython 2.7.18 (one to two minutes, once)")
        started = time.monotonic()
        tree = _build(work / "python27", toolchain)
        partial = path.with_suffix(".partial")
        run(["tar", "-cf", partial, "-C", tree, "."])
        partial.rename(path)
        say(f"  built CPython 2.7.18 in {time.monotonic() - started:.0f} s")
    return path


def _build(work: Path, toolchain: Path) -> Path:
    work.mkdir()
    stage = work / "stage"
    for name in ("include", "lib"):
        (stage / name).mkdir(parents=True)
    prefix = toolchain / "bin" / "x86_64-unknown-linux-gnu-"
    tools = {"CC": f"{prefix}gcc", "CXX": f"{prefix}g++", "AR": f"{prefix}ar", "RANLIB": f"{prefix}ranlib"}
    source = _unpack("python27-source", work)
    _zlib(source / "Modules/zlib", stage, tools, work)
    _point_at(source / "setup.py", toolchain / "x86_64-unknown-linux-gnu/sysroot")
    env = {
        **tools,
        "CFLAGS": CFLAGS,
        "CPPFLAGS": f"-I{stage}/include",
        "LDFLAGS": f"-L{stage}/lib",
        # The build machine's own libraries would be found through these.
        "LD_LIBRARY_PATH": "",
        "PYTHONPATH": "",
        "PYTHONHOME": "",
    }
    run(["sh", "./configure", *CONFIGURE], cwd=source, env=env, log=work / "configure.log")
    run(["make", JOBS], cwd=source, env=env, log=work / "make.log")
    tree = work / "tree"
    run(["make", "install", f"DESTDIR={tree}"], cwd=source, env=env, log=work / "install.log")
    said = run([str(tree / "usr/bin/python2.7"), "-c", PROOF], env={"PYTHONHOME": str(tree / "usr")})
    if said.strip() != "e3b0c442":
        raise StandInError(f"The CPython 2.7 just built answers {said!r} where sha256 of nothing begins e3b0c442.")
    return _trim(tree)


def _unpack(key: str, work: Path) -> Path:
    """The one directory inside a source archive."""
    target = work / key
    target.mkdir()
    run(["tar", "-xf", fetch(key), "-C", target])
    return next(target.iterdir())


def _zlib(source: Path, stage: Path, tools: dict[str, str], work: Path) -> None:
    """CPython 2.7 carries zlib's sources itself."""
    run(["sh", "./configure", "--static", f"--prefix={stage}"], cwd=source, env={**tools, "CFLAGS": CFLAGS})
    run(["make", JOBS, "libz.a"], cwd=source, log=work / "zlib.log")
    for name in ("zlib.h", "zconf.h"):
        shutil.copy2(source / name, stage / "include")
    shutil.copy2(source / "libz.a", stage / "lib")


def _point_at(setup: Path, sysroot: Path) -> None:
    """setup.py looks for libraries in the build machine's /usr: point it at the toolchain's."""
    text = setup.read_text(encoding="latin-1")
    text, multiarch = re.subn(r"(def add_multiarch_paths\(self\):\n)", r"\1        return\n", text)
    text, local = re.subn(r"'/usr/local/", "'/nowhere/", text)
    text, system = re.subn(r"'(/usr/include|/usr/lib|/lib)(64)?(?=['/])", rf"'{sysroot}\1\2", text)
    if not (multiarch and local and system):
        raise StandInError("setup.py of CPython 2.7.18 is not the one that images/standins/python27.py knows.")
    setup.write_text(text, encoding="latin-1")


def _trim(tree: Path) -> Path:
    """What a host needs of the installation: no tests, no headers, no static library."""
    shipped = tree.parent / "shipped"
    library = Path("usr/lib/python2.7")
    shutil.copytree(tree / library, shipped / library, symlinks=True, ignore=shutil.ignore_patterns(*NOT_SHIPPED))
    # sysconfig reads these two at run time.
    for part in (library / "config/Makefile", Path("usr/include/python2.7/pyconfig.h")):
        (shipped / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(tree / part, shipped / part)
    binaries = shipped / "usr/bin"
    binaries.mkdir(parents=True)
    shutil.copy2(tree / "usr/bin/python2.7", binaries)
    for name, target in (("python2", "python2.7"), ("python", "python2")):
        os.symlink(target, binaries / name)
    return shipped
