# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""LangChain's FAISS store, unchanged, over a FAISS that lies in a private prefix."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

from tests import needs

ROOT = Path(__file__).resolve().parents[2]
REAL = importlib.util.spec_from_file_location(
    "search_real_faiss", Path(__file__).with_name("test_search_real_faiss.py")
)
real_faiss = importlib.util.module_from_spec(REAL)
REAL.loader.exec_module(real_faiss)

PROGRAM = """
import sys
import numpy, faiss
from langchain_community.vectorstores import FAISS
from langchain_core.embeddings import Embeddings

class Letters(Embeddings):
    def embed_query(self, text):
        return [float(text.count(letter)) for letter in 'abcdefghij']
    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

store = FAISS.from_texts(['aaab', 'cccd', 'ggh'], Letters(), ids=['one', 'two', 'three'])
found = [document.page_content for document in store.similarity_search('ccd', k=2)]
store.delete(['two'])
store.add_texts(['cj'], ids=['four'])
store.save_local(sys.argv[1])
again = FAISS.load_local(sys.argv[1], Letters(), allow_dangerous_deserialization=True)
left = again.similarity_search('ccd', k=9)
print(found[0], left[0].page_content, len(left), again.index.ntotal)
print(numpy.__file__)
print(faiss.__file__)
"""


def check(*command: object, env: dict[str, str] | None = None) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
def test_langchain_searches_with_the_faiss_of_a_prefix_and_keeps_its_own_numpy(tmp_path: Path) -> None:
    venv, python = tmp_path / "venv", needs.interpreter("3.13")
    check(python, "-m", "venv", venv)
    program = venv / "bin" / "python"
    locked = ROOT / "requirements" / "langchain.txt"
    pip = [program, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--only-binary=:all:"]
    check(*pip, "--no-deps", "--require-hashes", "-r", locked)
    (site,) = venv.glob("lib/python*/site-packages")
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    without = subprocess.run([program, "-c", "import faiss"], env=env, capture_output=True, text=True, check=False)
    assert "No module named 'faiss'" in without.stderr

    prefix = real_faiss.site_of("3.13")
    (site / "faiss-fleet.pth").write_text(f"{prefix}\n", encoding="utf-8")
    answers, numpy, faiss = check(program, "-c", PROGRAM, tmp_path / "saved", env=env).splitlines()[-3:]
    assert answers == "cccd cj 3 3"
    assert Path(numpy).is_relative_to(site) and Path(faiss).is_relative_to(prefix)
    assert (prefix / "numpy").is_dir()
