# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The search test on real FAISS releases, from the oldest to the newest, and on some that were broken on purpose."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from images.standins import cache
from tests import needs, search_verdict

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "search-test"
WORKLOAD = {"n": 10000, "d": 384, "k": 10, "queries": 100, "threads": 1, "seed": 1, "indexes": ["flat", "ivf", "hnsw"]}
SMALL = {**WORKLOAD, "n": 2000, "d": 64, "queries": 40}
PLATFORMS = ["manylinux1", "manylinux2010", "manylinux2014", "manylinux_2_17", "manylinux_2_27", "manylinux_2_28"]

# Python, its ABI tag, the newest FAISS for it on glibc 2.17 (3.11: the newest of all), numpy, whether the wheel carries
# builds for CPU levels. Which of them is loaded depends on the CPU, so no list of builds stands here.
RELEASES = {
    "2.7": ("cp27mu", "1.6.1", "1.16.6", False),
    "3.6": ("cp36m", "1.7.2", "1.19.5", False),
    "3.8": ("cp38", "1.8.0.post1", "1.24.4", True),
    "3.11": ("cp311", "1.15.1", "2.4.6", True),
    "3.13": ("cp313", "1.9.0.post1", "2.2.6", True),
}


# The oldest and the newest; those in between are for `make test-all`.
ENDS = ["2.7", "3.11", *(pytest.param(python, marks=pytest.mark.slow) for python in ("3.6", "3.8", "3.13"))]


def site_of(python: str) -> Path:
    """A directory with that Python's FAISS and numpy, filled from the package index once."""
    with cache.lock(f"search-test-{python}"):
        directory = _filled(python)
        mark = directory / f"compiled-{python}"
        if not mark.exists():
            # By the Python that it is for: pip compiles for its own, and a search test keeps nothing.
            kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
            program = "import faiss, numpy.random, numpy.linalg"
            environment = {**kept, "PYTHONPATH": str(directory)}
            subprocess.run([needs.interpreter(python), "-c", program], env=environment, check=True)
            mark.touch()
        return directory


def _filled(python: str) -> Path:
    abi, faiss, numpy, _has_builds = RELEASES[python]
    directory = CACHE / f"py{python}-faiss{faiss}"
    if not directory.exists():
        partial = directory.with_name(f"{directory.name}.{os.getpid()}")
        shutil.rmtree(partial, ignore_errors=True)
        packages = [f"faiss-cpu=={faiss}", f"numpy=={numpy}"]
        if python not in ("2.7", "3.6"):
            packages.append("packaging<27")
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-compile",
            "--only-binary=:all:",
            "--no-deps",
            "--target",
            str(partial),
            "--implementation",
            "cp",
            "--python-version",
            python,
            "--abi",
            abi,
            "--abi",
            "abi3",
            "--abi",
            "none",
        ]
        for platform in PLATFORMS:
            command += ["--platform", f"{platform}_{os.uname().machine}"]
        done = subprocess.run([*command, *packages], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.fail(f"faiss-cpu {faiss} for Python {python} could not be fetched: {done.stderr[-2000:]}")
        partial.rename(directory)
    return directory


def builds_of(python: str) -> set[str]:
    """The builds that a wheel carries, by the names of its extension modules: _swigfaiss_avx2.so is ``avx2``."""
    names = [path.name.split(".")[0] for path in (site_of(python) / "faiss").glob("_swigfaiss*.so")]
    return {name.removeprefix("_swigfaiss").removeprefix("_") or "generic" for name in names}


def runtime(python: str, *before: Path) -> dict[str, object]:
    path = os.pathsep.join([*map(str, before), str(site_of(python))])
    return {"kind": "python", "argv": [needs.interpreter(python)], "env": {"PYTHONPATH": path}, "prefix": None}


@pytest.mark.parametrize("python", [pytest.param("2.7", marks=pytest.mark.slow), *ENDS[1:]])
def test_every_generation_passes_with_sane_figures(python):
    result = search_verdict.run("real", runtime(python), WORKLOAD, 120, 2048)
    assert result["ok"], result
    _abi, faiss, numpy, has_builds = RELEASES[python]
    assert (result["faiss_version"], result["numpy_version"]) == (faiss, numpy)
    assert result["python_version"].startswith(python + ".")
    if result["isa_source"] == "mapped file":
        assert set(result["isa_loaded"].split(",")) <= builds_of(python)
    # Which of its builds FAISS takes depends on the CPU: the name of any instruction set, unless it has one build.
    assert re.fullmatch(r"generic|avx2|avx512\w*" if has_builds else "generic", result["isa_loaded"])
    assert result["known_answer"] is True and result["save_load"] is True
    assert result["stage"] == "done"
    assert [text for text in result["warnings"] if "busy" not in text] == []
    assert 60 << 20 < result["peak_rss_bytes"] < 300 << 20
    flat, ivf, hnsw = result["indexes"]
    assert flat["recall_at_k"] == 1.0
    assert ivf["recall_at_k"] >= 0.99 and hnsw["recall_at_k"] >= 0.99
    for report in result["indexes"]:
        assert 0 < report["p50_ms"] <= report["p95_ms"]
        assert report["qps"] > 0 and report["batch_qps"] > 0
        assert report["save_load"] is True


@pytest.mark.parametrize("python", ENDS)
def test_the_brief_test_asks_the_known_answers_of_every_generation_and_measures_nothing(python):
    result = search_verdict.run("real", runtime(python), dict(WORKLOAD, figures=False), 120, 2048)
    assert result["ok"], result
    assert result["figures"] is False and result["indexes"] == []
    assert result["known_answer"] is True and result["save_load"] is True
    assert result["faiss_version"] == RELEASES[python][1]


# Put before the real FAISS: it loads that one and changes what `index_factory` or `read_index` give.
SHIM = '''
import os, sys
here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:] = [path for path in sys.path if path != here]
del sys.modules['faiss']
import faiss as real
make, load, save = real.index_factory, real.read_index, real.write_index

class Broken:
    """An index whose search is `spoil` of the true one."""
    def __init__(self, index, spoil):
        self.__dict__.update(index=index, spoil=spoil)
    def __getattr__(self, name):
        return getattr(self.index, name)
    def __setattr__(self, name, value):
        setattr(self.index, name, value)
    def search(self, x, k):
        distances, ids = self.index.search(x, k)
        return self.spoil(distances, ids)

# What is saved and loaded is as broken as before, so that the figures judge it.
saved = []
def save_true(index, path):
    saved[:] = [index]
    save(getattr(index, 'index', index), path)
def load_again(path):
    return Broken(load(path), saved[0].spoil) if isinstance(saved[0], Broken) else load(path)
real.write_index, real.read_index = save_true, load_again

def large(d):
    return d > 24

def only(wanted, spoil):
    """Spoils one kind of index, and not the small one with the known answer."""
    return lambda d, text: Broken(make(d, text), spoil) if large(d) and text == wanted else make(d, text)
'''
SPOILS = {
    "neighbours are one off": ("real.index_factory = lambda d, text: Broken(make(d, text), lambda D, I: (D, I + 1))",
                               "wrong_answer", "known_answer"),
    "distances are not what they should be": (
        "real.index_factory = lambda d, text: Broken(make(d, text), lambda D, I: (D * 1.001, I))",
        "wrong_answer", "known_answer"),
    "flat finds half at size": (
        "def half(D, I):\n    I[:, ::2] = -1\n    return D, I\n"
        "real.index_factory = only('Flat', half)",
        "wrong_answer", "done"),
    "hnsw finds half at size": (
        "def half(D, I):\n    I[:, ::2] = -1\n    return D, I\n"
        "real.index_factory = only('HNSW16', half)",
        "low_recall", "done"),
    "one neighbour ten times": (
        "def same(D, I):\n    I[:] = I[:, :1]\n    return D, I\n"
        "real.index_factory = only('HNSW16', same)",
        "low_recall", "done"),
    "numbers that no vector has": (
        "real.index_factory = lambda d, text: Broken(make(d, text), lambda D, I: (D, I + (5000 if large(d) else 0)))",
        "wrong_answer", "recall"),
    "another answer after loading": (
        "real.read_index = lambda path: Broken(load(path), lambda D, I: (D, I[:, ::-1]))", "wrong_answer", "save_load"),
    "a crash while searching": (
        "import ctypes\nreal.index_factory = lambda d, text: "
        "Broken(make(d, text), lambda D, I: ctypes.string_at(0) if large(d) else (D, I))", "segfault", "recall"),
    "a hang while searching": (
        "import time\nreal.index_factory = lambda d, text: "
        "Broken(make(d, text), lambda D, I: time.sleep(600) if large(d) else (D, I))", "timeout", "recall"),
    "a C++ exception": (
        "real.index_factory = lambda d, text: make(d, 'no such index')", "faiss_error", "known_answer"),
    "disk full on save": (
        "def full(index, path):\n    raise RuntimeError('Error in write_index: No space left on device')\n"
        "real.write_index = full", "disk_full", "save_load"),
}  # fmt: skip


@pytest.mark.parametrize("python", [pytest.param("2.7", marks=pytest.mark.slow), "3.11"])
@pytest.mark.parametrize("spoil", SPOILS)
def test_a_faiss_that_loads_and_does_not_work_is_found(tmp_path, python, spoil):
    change, cause, stage = SPOILS[spoil]
    (tmp_path / "faiss").mkdir()
    (tmp_path / "faiss" / "__init__.py").write_text(SHIM + change + "\n")
    limit = 5 if cause == "timeout" else 60
    workload = {**SMALL, "indexes": ["flat", "hnsw"]}
    result = search_verdict.run("broken", runtime(python, tmp_path), workload, limit, 2048)
    assert (result["ok"], result["cause"], result["stage"]) == (False, cause, stage), result
    assert result["faiss_version"] == RELEASES[python][1]
    if stage != "known_answer":
        assert result["known_answer"] is True
    elif cause == "wrong_answer":
        assert result["known_answer"] is False


# FAISS 1.6.1 with 150 MB dies of SIGSEGV in its BLAS, which is then the finding.
@pytest.mark.parametrize(
    "python, megabytes",
    [
        ("3.11", 60),
        ("3.11", 150),
        ("3.11", 300),
        *(
            pytest.param(python, size, marks=pytest.mark.slow)
            for python, size in (("2.7", 60), ("2.7", 300), ("3.8", 60), ("3.8", 150), ("3.8", 300))
        ),
    ],
)
def test_too_little_memory_for_faiss_itself_is_out_of_memory(python, megabytes):
    result = search_verdict.run("tight", runtime(python), {**WORKLOAD, "n": 200000}, 120, megabytes)
    assert (result["ok"], result["cause"]) == (False, "out_of_memory"), result


@pytest.mark.parametrize("python", ENDS)
def test_a_workload_beyond_the_memory_limit_is_out_of_memory(python):
    result = search_verdict.run("large", runtime(python), {**WORKLOAD, "n": 2000000}, 120, 2048)
    assert (result["ok"], result["cause"], result["stage"]) == (False, "out_of_memory", "recall"), result


def test_numpy_that_does_not_fit_is_named(tmp_path):
    """faiss-cpu 1.8.0.post1 was built for numpy 1."""
    site = site_of("3.11")
    for name in ("numpy", "numpy.libs", "packaging"):
        (tmp_path / name).symlink_to(site / name)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-compile",
        "--no-deps",
        "--only-binary=:all:",
        "--python-version",
        "3.11",
        "--abi",
        "cp311",
        "--platform",
        "manylinux2014_x86_64",
        "--target",
        str(CACHE / "py3.11-faiss1.8.0.post1"),
    ]
    if not (CACHE / "py3.11-faiss1.8.0.post1").exists():
        subprocess.run([*pip, "faiss-cpu==1.8.0.post1"], check=True)
    for name in ("faiss", "faiss_cpu.libs"):
        (tmp_path / name).symlink_to(CACHE / "py3.11-faiss1.8.0.post1" / name)
    only = {"kind": "python", "argv": [needs.interpreter("3.11")], "env": {"PYTHONPATH": str(tmp_path)}, "prefix": None}
    result = search_verdict.run("mixed", only, SMALL, 60, 2048)
    assert (result["ok"], result["cause"]) == (False, "numpy2_abi"), result


@pytest.fixture
def ansible(tmp_path):
    """A function that runs one of Ansible's commands here, with a home of its own and no callback of the audit."""

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        environ = {
            **os.environ,
            "ANSIBLE_HOME": str(tmp_path / "home"),
            "ANSIBLE_CALLBACKS_ENABLED": "",
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        return subprocess.run(
            [str(Path(sys.executable).with_name(command[0])), *command[1:]],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def asked(ansible, tmp_path, arguments, interpreter, *more):
    """One call of the module on a host with this interpreter, and its answer."""
    argv = ["ansible", "host", "-i", "host,", "-c", "local", "-t", str(tmp_path / "answers")]
    argv += ["-e", f"ansible_python_interpreter={interpreter}", *more]
    done = ansible(*argv, "-m", "faiss_search_test", "-a", json.dumps(arguments))
    return done, json.loads((tmp_path / "answers" / "host").read_text())


@pytest.mark.parametrize(
    "host_python, tested, pipelining",
    [
        ("2.7", "3.11", "true"),
        *(
            pytest.param(*pair, pipelining, marks=pytest.mark.slow)
            for pair in (("2.7", "3.11"), ("3.6", "3.8"), ("3.13", "2.7"), ("3.8", "3.6"))
            for pipelining in ("true", "false")
        ),
    ],
)
def test_the_module_runs_under_one_python_and_tests_another(ansible, tmp_path, host_python, tested, pipelining):
    arguments = {"runtimes": [{"id": "real", "runtime": runtime(tested)}], "workload": {"n": 2000}}
    python = needs.interpreter(host_python)
    done, answer = asked(ansible, tmp_path, arguments, python, "--check", "-e", f"ansible_pipelining={pipelining}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert answer["changed"] is False
    (result,) = answer["results"]
    assert result["faiss_version"] == RELEASES[tested][1], result
    if tested == "2.7":
        # By itself it passed. No loader can use it, for their worker needs Python 3.6.
        assert (result["ok"], result["cause"], result["known_answer"]) == (False, "loader_failed", True), result
    else:
        # Where the module runs under 2.7, the tested Python runs the loader itself.
        assert result["ok"] and result["loader"]["mode"] == "worker", result
    assert result["workload"]["n"] == 2000 and result["workload"]["d"] == 384


def configured(ansible, tmp_path, setting, interpreter):
    """What the module makes of a backend configuration, on a host with this interpreter."""
    path = tmp_path / "backend.json"
    path.write_text(json.dumps(setting))
    arguments = {"setting": str(path), "workload": {"n": 2000}}
    return asked(ansible, tmp_path, arguments, interpreter)


def setting_of(runtime_: object) -> dict[str, object]:
    return {"schema": 1, "backend": "faiss", "candidate": "wheel:1.9.0.post1", "runtime": runtime_}


@pytest.mark.parametrize("interpreter", [needs.interpreter("3.6"), "/no/such/python"])
def test_what_is_configured_is_tested_by_one_command_also_where_the_host_has_no_python(ansible, tmp_path, interpreter):
    done, answer = configured(ansible, tmp_path, setting_of(runtime("3.13")), interpreter)
    assert done.returncode == 0, done.stdout
    (result,) = answer["results"]
    assert result["ok"] and result["faiss_version"] == "1.9.0.post1" and answer["changed"] is False
    assert result["loader"]["mode"] == "worker" and "invocation" not in result


def test_a_configured_backend_that_broke_is_a_result_with_its_cause(ansible, tmp_path):
    broken = setting_of({**runtime("3.13"), "argv": ["/no/such/python"]})
    _done, answer = configured(ansible, tmp_path, broken, needs.interpreter("3.6"))
    (result,) = answer["results"]
    assert (result["ok"], result["cause"]) == (False, "python_missing") and result["remedy"]
    _done, answer = configured(
        ansible, tmp_path, {"schema": 1, "backend": "js", "runtime": None}, needs.interpreter("3.6")
    )
    assert answer["results"] == [] and answer["setting"]["backend"] == "js"
