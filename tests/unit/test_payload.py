# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What travels to a host on which nothing has changed: of this project's files, as Ansible packs them."""

from __future__ import annotations

import base64
import gzip
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ansible.executor.module_common import modify_module
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, module_utils_loader
from ansible.template import Templar

from faiss_fleet.fleet import search_files

ROOT = Path(__file__).resolve().parents[2]
# The calls for a host on which nothing has changed: its facts, the brief search test, the backend configuration.
CALLS = ("glibc_facts", "faiss_search_test", "vector_backend")
KILOBYTES = 1024


@pytest.fixture(scope="module")
def packed() -> dict[str, dict[str, bytes]]:
    """By module the files of this project that Ansible sends with it."""
    init_plugin_loader()
    module_utils_loader.add_directory(str(ROOT / "module_utils"))
    return {module: _ours(module, Templar(loader=DataLoader())) for module in CALLS}


def _ours(module: str, templar: Any) -> dict[str, bytes]:
    path = str(ROOT / "library" / f"{module}.py")
    variables = {"ansible_python_interpreter": "/usr/bin/python3"}
    built = modify_module(
        module_name=module,
        module_path=path,
        module_args={},
        templar=templar,
        task_vars=variables,
        module_compression="ZIP_DEFLATED",
    )
    data = getattr(built, "b_module_data", None) or built[0]  # an object from ansible-core 2.19 on
    found = re.search(rb"UEsDB[A-Za-z0-9+/=]+", data)
    assert found
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(found[0]))) as archive:
        return {
            name: archive.read(name)
            for name in archive.namelist()
            if "faiss_fleet" in name or name.endswith(f"/{module}.py")
        }


def compressed(*parts: dict[str, bytes]) -> int:
    """Bytes of the files in one stream, each once."""
    files = {name: data for part in parts for name, data in part.items()}
    return len(gzip.compress(b"".join(files[name] for name in sorted(files)), 9, mtime=0))


def test_facts_and_the_brief_search_test_of_a_host_take_less_than_60_kb(packed: dict[str, dict[str, bytes]]) -> None:
    """Without Ansible's own module code, which is no part of this project."""
    assert len(packed["glibc_facts"]) > 20
    assert compressed(packed["glibc_facts"], packed["faiss_search_test"]) < 60 * KILOBYTES
    # Writing the backend configuration brings what removes prefixes and images with it.
    assert compressed(*packed.values()) < 84 * KILOBYTES


def test_the_brief_search_test_brings_neither_loaders_nor_causes_nor_what_measures(
    packed: dict[str, dict[str, bytes]],
) -> None:
    files = packed["faiss_search_test"]
    assert any(name.endswith("/programs/faiss_child.py") for name in files)
    others = re.compile(r"causes|loader_|through|figures|numpy_fallback|/facts/")
    assert [name for name in files if others.search(name)] == []
    # With what tells which libraries a program is started with: root starts none of another user's.
    elf = {name.rpartition("/")[2] for name in files if "/elf/" in name}
    assert elf == {"__init__.py", "reader.py", "starts.py"}
    assert compressed(files) < 30 * KILOBYTES
    for kind in ("python", "container"):
        assert search_files.packed([{"kind": kind}], figures=False, loader=True) is None


def test_no_module_of_a_host_brings_the_table_of_causes(packed: dict[str, dict[str, bytes]]) -> None:
    assert [name for files in packed.values() for name in files if "causes" in name] == []
