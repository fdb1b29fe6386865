# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Wheels and hosts for the tests of this strategy."""

import sys
import zipfile
from pathlib import Path

NAME = "faiss_cpu-1.99.0-cp310-abi3-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"


def make_wheel(directory, name=NAME, metadata="Name: faiss-cpu\nRequires-Python: >=3.10\nRequires-Dist: numpy>=1.26\n"):
    """A wheel that holds one real ELF file: that of the Python which runs this test."""
    path = directory / name
    directory.mkdir(exist_ok=True)
    stem = "-".join(name.split("-")[:2])
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\n{metadata}")
        archive.write(Path(sys.executable).resolve(), "faiss/_swigfaiss.abi3.so")
        archive.writestr("faiss/_swigfaiss_avx2.abi3.so.txt", "no ELF file")
    return path
