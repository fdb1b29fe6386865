# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The search test of Node against packages named faiss-node written here: good, wrong, failing in every way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import needs, search_verdict

WORKLOAD = {"n": 400, "d": 8, "k": 3, "queries": 5, "threads": 1, "seed": 1, "indexes": ["flat", "ivf", "hnsw"]}

# Exact for every kind of index. Its files have FAISS's places for nprobe and efSearch.
EXACT = """
const fs = require('fs');
class Index {
  constructor(d, factory) { Object.assign(this, { d, factory, rows: [], trained: !factory.startsWith('IVF') }); }
  static fromFactory(d, factory) { return new Index(d, factory); }
  isTrained() { return this.trained; }
  train() { this.trained = true; }
  add(numbers) { for (let at = 0; at < numbers.length; at += this.d) this.rows.push(numbers.slice(at, at + this.d)); }
  ntotal() { return this.rows.length; }
  search(numbers, k) {
    const labels = [], distances = [];
    for (let at = 0; at < numbers.length; at += this.d) {
      const found = this.rows.map((row, number) => [row.reduce((sum, value, axis) =>
        sum + (value - numbers[at + axis]) ** 2, 0), number]).sort((one, other) => one[0] - other[0]).slice(0, k);
      for (const [distance, number] of found) { labels.push(number); distances.push(distance); }
    }
    return { labels, distances };
  }
  write(path) {
    const ivf = this.factory.startsWith('IVF');
    const head = Buffer.alloc(37 + (ivf ? 16 : 60));
    head.write(ivf ? 'IwFl' : 'IHNf');
    head.writeUInt32LE(ivf ? 1 : 16, ivf ? 45 : 37 + 5 * 8 + 12);
    fs.writeFileSync(path, Buffer.concat([head, Buffer.from(JSON.stringify([this.d, this.factory, this.rows]))]));
  }
  static read(path) {
    const bytes = fs.readFileSync(path);
    const [d, factory, rows] = JSON.parse(bytes.slice(bytes.indexOf('[')).toString());
    return Object.assign(new Index(d, factory), { rows, trained: true });
  }
}
module.exports = { Index };
"""


@pytest.fixture
def runs(tmp_path: Path) -> Any:
    """A function from the text of faiss-node's JavaScript to the verification."""
    node = needs.command("node", "Install Node 16 or newer.")
    package = tmp_path / "node_modules" / "faiss-node"

    def run(text: str, argv: list[str] | None = None, timeout: int = 60, memory: int = 0, **workload: Any) -> Any:
        (package / "lib").mkdir(parents=True)
        (package / "package.json").write_text('{"name": "faiss-node", "version": "0.5.1", "main": "lib/index.js"}')
        (package / "lib" / "index.js").write_text(text)
        env = {"NODE_PATH": str(package.parent)}
        runtime = {"kind": "node", "argv": argv or [node], "env": env, "prefix": None}
        given = {**WORKLOAD, **workload}
        result = search_verdict.run("fake", runtime, given, timeout, memory, {}, {"TMPDIR": str(tmp_path)})
        json.dumps(result)
        return result

    return run


def test_a_good_one_passes_every_step(runs: Any) -> None:
    result = runs(EXACT, soak=200)
    assert (result["ok"], result["cause"], result["message"]) == (True, None, None)
    assert (result["stage"], result["known_answer"], result["save_load"]) == ("done", True, True)
    assert [report["index"] for report in result["indexes"]] == ["flat", "ivf", "hnsw"]
    assert all(report["recall_at_k"] == 1 and report["qps"] > 0 for report in result["indexes"])
    assert all(report["p50_ms"] <= report["p95_ms"] for report in result["indexes"])
    assert result["binding_version"] == "0.5.1" and result["node_version"] and result["peak_rss_bytes"] > 1 << 20
    assert result["soak"]["searches"] == 600


def test_what_the_build_noted_is_told(runs: Any, tmp_path: Path) -> None:
    (tmp_path / "node_modules" / "faiss-node").mkdir(parents=True)
    note = tmp_path / "node_modules" / "faiss-node" / "faiss-fleet.json"
    note.write_text('{"faiss": "1.7.3", "isa": "avx2"}')
    result = runs(EXACT, indexes=["flat"])
    assert (result["faiss_version"], result["isa_loaded"]) == ("1.7.3", "avx2")
    assert result["isa_source"] == "note of the build"


@pytest.mark.parametrize(
    "text, cause, stage",
    [
        pytest.param("process.kill(process.pid, 'SIGILL'); for (;;);", "cpu_isa", "import", id="SIGILL"),
        pytest.param("process.kill(process.pid, 'SIGSEGV'); for (;;);", "segfault", "import", id="SIGSEGV"),
        pytest.param("process.abort()", "abort", "import", id="abort"),
        pytest.param("process.exit(0)", "garbage_output", "import", id="ends the interpreter"),
        pytest.param(
            "throw new Error(\"/lib64/libm.so.6: version `GLIBC_2.27' not found (required by /x/faiss-node.node)\")",
            "glibc_too_old",
            "import",
            id="glibc",
        ),
        pytest.param(
            "throw new Error('libgomp.so.1: cannot open shared object file: No such file or directory')",
            "missing_shared_lib",
            "import",
            id="missing library",
        ),
        pytest.param(
            EXACT.replace("sort((one, other) => one[0]", "sort((one, other) => -one[0]"),
            "wrong_answer",
            "known_answer",
            id="wrong neighbours",
        ),
        pytest.param(
            EXACT.replace("static fromFactory(d, factory) {", "static fromFactory(d, factory) { process.abort();"),
            "abort",
            "known_answer",
            id="dies in fromFactory only",
        ),
        pytest.param(
            EXACT.replace("'IwFl' : 'IHNf'", "'IxXX' : 'IHNf'"), "wrong_answer", "known_answer", id="foreign index file"
        ),
        pytest.param(
            EXACT.replace("rows, trained: true", "rows: rows.slice(1), trained: true"),
            "wrong_answer",
            "save_load",
            id="loses a vector in a file",
        ),
        pytest.param(
            "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);", "timeout", "import", id="hang"
        ),
        pytest.param(
            "const kept = []; for (;;) kept.push(Buffer.alloc(1 << 24, 1));", "out_of_memory", "import", id="memory"
        ),
    ],
)
def test_every_failure_has_its_cause(runs: Any, text: str, cause: str, stage: str) -> None:
    indexes = ["flat"] if stage == "save_load" else WORKLOAD["indexes"]
    result = runs(text, timeout=4 if cause == "timeout" else 60, memory=400, indexes=indexes)
    assert (result["ok"], result["cause"], result["stage"]) == (False, cause, stage), result
    assert result["message"] and result["remedy"]


def test_lost_memory_is_found(runs: Any) -> None:
    leak = "search(numbers, k) { (global.lost = global.lost || []).push(Buffer.alloc(65536, 1));"
    result = runs(EXACT.replace("search(numbers, k) {", leak), soak=1000, indexes=["flat"])
    assert (result["cause"], result["stage"]) == ("out_of_memory", "soak")
    assert "memory is lost" in result["message"]


def test_absent_package_and_absent_node(tmp_path: Path) -> None:
    node = needs.command("node", "Install Node 16 or newer.")
    environ = {"TMPDIR": str(tmp_path)}
    for argv, cause in (([node], "not_installed"), ([str(tmp_path / "node")], "command_missing")):
        runtime = {"kind": "node", "argv": argv, "env": {}, "prefix": None}
        result = search_verdict.run("fake", runtime, WORKLOAD, 60, 0, {}, environ)
        assert (result["ok"], result["cause"]) == (False, cause), result


def test_what_a_package_prints_is_kept_apart_from_the_answers(runs: Any) -> None:
    result = runs("process.stdout.write('half a line');\nconsole.error('a warning');" + EXACT, indexes=["flat"])
    assert result["ok"] and "a warning" in result["log"]
    assert any("beside the answers" in warning for warning in result["warnings"])


def test_the_brief_test_asks_known_answers_and_measures_nothing(runs: Any) -> None:
    result = runs(EXACT, figures=False)
    assert (result["ok"], result["stage"], result["figures"], result["indexes"]) == (True, "done", False, [])
    assert result["known_answer"] is True and result["save_load"] is True


def test_the_brief_test_finds_what_a_file_loses(runs: Any) -> None:
    result = runs(EXACT.replace("rows, trained: true", "rows: rows.slice(1), trained: true"), figures=False)
    assert (result["ok"], result["cause"], result["stage"]) == (False, "wrong_answer", "known_answer")
