# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A real conda, 4.3.16, in a base environment of its own: the newest that PyPI has, of the days of CentOS 7."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

from faiss_fleet.artefacts import cache as files
from images.standins import cache
from tests import needs

VERSION = "4.3.16"
SHA256 = "a91ef821343dea3ba9670f3d10b36c1ace4f4c36d70c175d8fc8886e94285953"
# The last of each for Python 3.6 that this conda works with.
WITH = ("ruamel.yaml==0.15.100", "pycosat==0.6.3", "requests==2.25.1", "certifi==2021.5.30", "urllib3==1.26.5")
WITH += ("idna==2.10", "chardet==4.0.0")
PROGRAM = """\
#!{python}
import sys
sys.path.insert(0, {lib!r})
sys.prefix = {root!r}
from conda.cli.main import main
sys.exit(main())
"""


def base(root: Path) -> Path:
    """Lays a base environment with conda in it; returns the program."""
    packages = _packages()
    (root / "bin").mkdir(parents=True)
    (root / "conda-meta").mkdir()
    (root / "conda-meta" / "history").touch()
    record = {"name": "conda", "version": VERSION, "build": "py36_0", "build_number": 0, "files": [], "depends": []}
    (root / "conda-meta" / f"conda-{VERSION}-py36_0.json").write_text(json.dumps(record))
    program = root / "bin" / "conda"
    lib = str(packages / f"conda-{VERSION}")
    program.write_text(PROGRAM.format(python=packages / "venv" / "bin" / "python", lib=lib, root=str(root)))
    program.chmod(0o755)
    return program


def _packages() -> Path:
    """conda's sources beside a Python 3.6 that has what it needs. Kept."""
    python = needs.interpreter("3.6")
    place = cache.directory("conda-program") / cache.digest_of([VERSION, *WITH, python], [])
    with cache.lock("conda-program"):
        if not (place / "done").exists():
            place.mkdir(parents=True, exist_ok=True)
            subprocess.run([python, "-m", "venv", "--clear", str(place / "venv")], check=True, timeout=120)
            pip = [str(place / "venv" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
            subprocess.run([*pip, "install", "--quiet", *WITH], check=True, timeout=600)
            get = ["download", "--quiet", "--no-deps", "--no-binary=:all:", "--dest", str(place), f"conda=={VERSION}"]
            subprocess.run([*pip, *get], check=True, timeout=600)
            sources = place / f"conda-{VERSION}.tar.gz"
            if files.sha256(sources) != SHA256:
                raise RuntimeError(f"{sources.name} has sha256 {files.sha256(sources)}, and {SHA256} was expected.")
            with tarfile.open(sources) as tar:
                tar.extractall(place, filter="data")
            (place / "done").touch()
    return place
