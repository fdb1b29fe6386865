# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the documentation of the loaders shows is run as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests import needs

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def example(page: str, language: str, directory: Path) -> str:
    text = (DOCS / "how-to" / page).read_text(encoding="utf-8")
    found = re.search(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)
    assert found, f"{page} has no example"
    return found.group(1).replace("/var/lib/app", str(directory))


def run(argv: list[str], directory: Path, **environ: str) -> str:
    setting = directory / "backend.json"
    setting.write_text(json.dumps({"schema": 1, "backend": "js", "because": "the test says so"}), encoding="utf-8")
    env = {**os.environ, "FAISS_FLEET_SETTING": str(setting), **environ}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_example_for_node_runs(tmp_path: Path) -> None:
    code = example("use-from-node.md", "js", tmp_path)
    code = code.replace("'faiss-fleet'", json.dumps(str(ROOT / "loaders" / "node")))
    code = re.sub(r"^(await store\.search.*?);", r"console.log(JSON.stringify(\1));", code, flags=re.M)
    program = tmp_path / "program.js"
    program.write_text(f"(async () => {{\n{code}\n}})();\n", encoding="utf-8")
    said = run([needs.command("node", "Install Node 16 or newer."), str(program)], tmp_path)
    assert '[{"id":17,"score":0.995' in said
    assert "no native FAISS: the test says so" in said


def test_the_example_for_python_runs(tmp_path: Path) -> None:
    code = re.sub(r"(store\.search\(.*?, 1\)) ", r"print(\1) ", example("use-from-python.md", "python", tmp_path))
    said = run([sys.executable, "-c", code], tmp_path, PYTHONPATH=str(ROOT / "loaders" / "python"))
    assert "[(17, 0.995" in said
    assert "fallback the test says so" in said


def test_every_code_of_an_error_is_documented() -> None:
    page = (DOCS / "how-to" / "use-from-node.md").read_text(encoding="utf-8")
    page += (DOCS / "how-to" / "use-from-python.md").read_text(encoding="utf-8")
    sources = [*(ROOT / "loaders" / "node" / "lib").glob("*.js")]
    sources += (ROOT / "loaders" / "python" / "faiss_fleet_loader").glob("*.py")
    kinds = r"BAD|DUPLICATE|SETTING|FILE|WORKER|BACKEND|NUMPY"
    code = re.compile(rf"'((?:{kinds})_[A-Z]+|CLOSED)'")
    found = {name for path in sources for name in code.findall(path.read_text(encoding="utf-8"))}
    assert len(found) > 20
    assert {name for name in found - {"SETTING_SAYS_JS"} if f"`{name}`" not in page} == set()
