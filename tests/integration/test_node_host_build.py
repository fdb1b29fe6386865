# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""faiss-node built by a host itself, and the prebuilt that such a build makes: on Debian 12, which has no network here,
and on CentOS 7, where neither can be.

From nothing the image takes one minute and the build two, on two idle processors.
"""

from __future__ import annotations

import functools
import http.server
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet import options
from faiss_fleet.artefacts import cache, packing
from faiss_fleet.causes import evidence
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.node import inputs
from faiss_fleet.strategies.node.runner import Runner
from tests import build_host
from tests import needs as machine
from tests.node_hosts import PODMAN, StandIn, started

NODE = "/usr/local/bin/node"
SEARCH = {"workload": {"n": 3000, "d": 64, "queries": 50}}
# Exact answers by hand beside FAISS's own, inside the host's Node.
BRUTE = """
const { IndexFlatL2 } = require('faiss-node');
let seed = 7;
const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
const d = 24, rows = [...Array(500)].map(() => [...Array(d)].map(random));
const index = new IndexFlatL2(d);
for (const row of rows) index.add(row);
let same = 0;
for (let q = 0; q < 100; q++) {
  const query = [...Array(d)].map(random);
  const far = rows.map((row, id) => [row.reduce((sum, x, i) => sum + (x - query[i]) ** 2, 0), id]);
  const exact = far.sort((a, b) => a[0] - b[0]).slice(0, 5).map((pair) => pair[1]);
  if (JSON.stringify(index.search(query, 5).labels) === JSON.stringify(exact)) same++;
}
console.log(same);
"""
TINY = "cmake_minimum_required(VERSION 3.17)\nproject(tiny LANGUAGES CXX)\n"
ADDON = 'add_library(faiss-node SHARED a.cc)\nset_target_properties(faiss-node PROPERTIES PREFIX "" SUFFIX ".node")\n'


@pytest.fixture(scope="module")
def image() -> str:
    machine.command("podman")
    machine.root()
    return build_host.image()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The sources of FAISS at a web address of this machine, as an inventory names them."""
    chosen = Options(cache=options.default_cache())
    runner = Runner(tmp_path_factory.mktemp("log") / "fetch.log", 300)
    item = inputs.load(chosen)["faiss"]
    archive = inputs.fetch_all({"faiss": item}, chosen, runner)["faiss"]
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(archive.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/{archive.name}"
        yield {"url": address, "sha256": item.sha256, "version": item.release}
        server.shutdown()


@pytest.fixture(scope="module")
def host(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with started(image, tmp_path_factory.mktemp("debian12"), "--network=none") as found:
        yield found


@pytest.fixture(scope="module")
def asked(source: dict[str, str]) -> dict[str, Any]:
    """The variables of an inventory that wants the host's own build, of the sources it names."""
    return {
        "faiss_install__node_build": "host",
        "faiss_install__faiss_source": source,
        "faiss_install__search_test": SEARCH,
    }


@pytest.fixture(scope="module")
def audited(host: StandIn, asked: dict[str, Any]) -> dict[str, Any]:
    return host.audit(**asked)[0]


@pytest.fixture(scope="module")
def prefix(audited: dict[str, Any]) -> str:
    assert audited["setting"]["after"], audited["attempts"]
    return str(audited["setting"]["after"]["runtime"]["prefix"])


@pytest.mark.slow
def test_a_host_without_network_builds_it_and_the_audit_sets_it(audited: dict[str, Any]) -> None:
    (attempt,) = audited["attempts"]
    assert attempt["ok"] and ":host-build:" in attempt["candidate"], (attempt["cause"], attempt["message"])
    assert (audited["state"], audited["decision"]["provider"]) == ("native", "node")
    (test,) = audited["verification"]
    assert test["ok"] and test["known_answer"] and test["save_load"] and test["faiss_version"] == "1.7.3"
    assert {report["index"] for report in test["indexes"] if report["recall_at_k"] >= 0.95} == {"flat", "ivf", "hnsw"}
    log = Path(attempt["log_file"]).read_text(encoding="utf-8")
    assert "-- Found BLAS:" in log and "[100%] Built target faiss-node" in log
    print(f"{attempt['seconds']:.0f} s, {attempt['bytes_shipped'] / 1e6:.1f} MB shipped")


@pytest.mark.slow
def test_every_requirement_is_shown_beside_what_the_host_has(audited: dict[str, Any]) -> None:
    note = next(one["note"] for one in audited["plan"] if ":host-build:" in one["id"])
    for line in (
        "Node-API headers: need node-api-headers, have node-api-headers 1.9.0, which comes along (met)",
        "CMake: need 3.17, have 3.25.1 (/usr/bin/cmake) (met)",
        "a C++17 compiler: need gcc 7, have 12.2.0 (/usr/bin/gcc) (met)",
        "BLAS: need OpenBLAS or another, have /usr/lib/x86_64-linux-gnu/libopenblas.so (met)",
        "OpenMP: need libgomp, have /lib/x86_64-linux-gnu/libgomp.so.1 (met)",
        "FAISS source: need an archive or commit that is pinned, have faiss 1.7.3 (url) (met)",
    ):
        assert line in note


@pytest.mark.slow
def test_its_answers_are_those_of_brute_force(host: StandIn, prefix: str) -> None:
    assert host.run("env", f"NODE_PATH={prefix}/node_modules", NODE, "-e", BRUTE).stdout.strip() == "100"


@pytest.mark.slow
def test_the_prefix_says_what_built_it_and_nothing_else_was_written(host: StandIn, prefix: str) -> None:
    manifest = json.loads(host.run("cat", f"{prefix}/manifest.json").stdout)
    assert manifest["built"]["compiler"] == "/usr/bin/g++" and manifest["built"]["cmake"] == "/usr/bin/cmake"
    assert {package["name"] for package in manifest["lock"]["packages"]} >= {"faiss", "faiss-node", "node-addon-api"}
    assert "[100%] Built target faiss-node" in host.run("cat", f"{prefix}/build.log").stdout
    # Everything that the container holds and the image does not.
    diff = subprocess.run([PODMAN, "diff", host.name], check=True, capture_output=True, text=True).stdout
    written = [line.split(None, 1)[1] for line in diff.splitlines() if line.startswith("A ")]
    places = ("/opt/faiss-fleet", "/etc/faiss-fleet", "/root/.ansible", "/tmp", "/var/tmp", "/run")
    assert [path for path in written if not path.startswith(places)] == []
    assert host.run("ls", "-A", str(Path(prefix).parent)).stdout.split() == [".made-by-faiss-fleet", Path(prefix).name]


@pytest.mark.slow
def test_a_second_audit_changes_nothing(host: StandIn, audited: dict[str, Any], asked: dict[str, Any]) -> None:
    record, said = host.audit(**asked)
    assert "changed=0" in said and record["state"] == "native"
    assert [attempt["changed"] for attempt in record["attempts"]] == [False]


@pytest.fixture(scope="module")
def prebuilt(host: StandIn, prefix: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The archive that prebuild would make of what this Debian built. It asks for Debian 12's glibc and libstdc++."""
    work = tmp_path_factory.mktemp("prebuilt")
    release = work / "build" / "Release"
    release.mkdir(parents=True)
    addon = f"{prefix}/node_modules/faiss-node/build/Release/faiss-node.node"
    subprocess.run([PODMAN, "cp", f"{host.name}:{addon}", str(release)], check=True, capture_output=True)
    archive = work / "faiss-node-v0.5.1-napi-v6-linux-x64.tar.gz"
    subprocess.run(["tar", "-czf", archive, "-C", work, "build"], check=True)
    return {"file": str(archive), "sha256": cache.sha256(archive)}


@pytest.mark.slow
def test_a_prebuilt_of_debian_12_is_read_taken_and_passes_there(
    image: str, prebuilt: dict[str, str], tmp_path: Path
) -> None:
    with started(image, tmp_path, "--network=none") as another:
        record, _ = another.audit(faiss_install__faiss_node_prebuilt=prebuilt, faiss_install__search_test=SEARCH)
    assert ":prebuilt:" in record["attempts"][0]["candidate"], record["attempts"]
    assert (record["state"], record["decision"]["provider"]) == ("native", "node")
    assert ":prebuilt:" in record["decision"]["candidate"]


@pytest.fixture(scope="module")
def centos7(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with started("centos7-py313", tmp_path_factory.mktemp("centos7")) as found:
        yield found


@pytest.mark.slow
def test_the_same_prebuilt_is_blocked_on_centos_7_by_what_the_loader_says_there(
    centos7: StandIn, prebuilt: dict[str, str], tmp_path: Path
) -> None:
    record, _ = centos7.audit("--check", faiss_install__faiss_node_prebuilt=prebuilt)
    candidate = next(each for each in record["plan"] if ":prebuilt:" in each["id"])
    assert candidate["verdict"] == "blocked"
    subprocess.run(["tar", "-xzf", prebuilt["file"], "-C", tmp_path], check=True)
    centos7.put(tmp_path / "build" / "Release" / "faiss-node.node", "/var/faiss-node.node")
    said = centos7.run(NODE, "-e", "require('/var/faiss-node.node')", check=False)
    assert said.returncode != 0
    # Node tells the first thing that is amiss; the loader by itself tells all.
    missing = re.search(r"Error: (\S+): cannot open shared object file", said.stderr)
    assert missing, said.stderr
    assert missing[1] in {reason.get("library") for reason in candidate["reasons"]}
    listed = centos7.run("ldd", "/var/faiss-node.node", check=False)
    versions = set(re.findall(r"version `(\w+_[\d.]+)' not found", listed.stdout + listed.stderr))
    assert versions
    predicted = {reason["need"]: reason for reason in candidate["reasons"]}
    newest = max((name for name in versions if name.startswith("GLIBC_")), key=numbers)
    assert predicted[newest]["cause"] == "glibc_too_old" and predicted[newest]["file"] == "faiss-node.node"
    assert predicted[newest]["have"] == "2.17" and predicted[newest]["symbols"]
    assert {name.split("_")[0] for name in versions} == {
        name.split("_")[0] for name, reason in predicted.items() if reason["cause"].endswith("too_old")
    }


def numbers(name: str) -> list[int]:
    return [int(part) for part in name.split("_")[1].split(".")]


@pytest.mark.slow
def test_a_build_asked_of_centos_7_is_refused_with_what_it_lacks(centos7: StandIn) -> None:
    record, _ = centos7.audit(faiss_install__node_build="host")
    (candidate,) = [each for each in record["plan"] if ":host-build:" in each["id"]]
    lacks = {reason["need"]: (reason["have"], reason["cause"]) for reason in candidate["reasons"]}
    assert lacks["CMake 3.17"] == (None, "build_tool_missing")
    assert lacks["a C++17 compiler gcc 7"] == (None, "build_tool_missing")
    assert lacks["BLAS OpenBLAS or another"] == (None, "blas_missing")
    assert candidate["remedy"] and record["attempts"] == [] and record["state"] != "native"


@pytest.mark.slow
def test_a_build_forced_upon_centos_7_fails_as_foretold_and_leaves_nothing(centos7: StandIn) -> None:
    record, _ = centos7.audit(faiss_install__node_build="host", faiss_install__try_blocked=True)
    attempt = next(each for each in record["attempts"] if ":host-build:" in each["candidate"])
    assert (attempt["ok"], attempt["cause"]) == (False, "build_tool_missing")
    assert "cmake is not on this host" in attempt["message"] and attempt["remedy"]
    assert centos7.run("sh", "-c", "ls -d /opt/faiss-fleet/node/*/ 2>&1", check=False).returncode != 0


class Tiny:
    """A build of a few lines by the real tools of a host, through the module itself."""

    def __init__(self, host: StandIn, directory: Path) -> None:
        self.host, self.directory, self.count = host, directory, 0

    def build(self, cmake: str, code: str = "int a;\n", *flags: str, **arguments: Any) -> dict[str, Any]:
        self.count += 1
        tree = self.directory / f"tree{self.count}"
        (tree / "source").mkdir(parents=True)
        (tree / "prefix").mkdir()
        (tree / "source" / "CMakeLists.txt").write_text(TINY + cmake)
        (tree / "source" / "a.cc").write_text(code)
        packed = packing.pack(tree, {"tiny": cmake + code}, "node", self.directory)
        self.prefix = f"/opt/tiny/node/{packed.digest}"
        self.host.put(packed.archive, "/var/tiny.tar.gz")
        values = {"prefix": self.prefix, "archive": "/var/tiny.tar.gz", "sha256": packed.sha256, **arguments}
        return self.host.module("faiss_node_build", *flags, **values)

    def left(self) -> list[str]:
        return self.host.run("ls", "-A", "/opt/tiny/node").stdout.split()


@pytest.fixture
def tiny(image: str, tmp_path: Path) -> Iterator[Tiny]:
    with started(image, tmp_path, "--network=none") as found:
        yield Tiny(found, tmp_path)


@pytest.mark.slow
def test_failures_of_real_tools_have_their_causes_and_leave_nothing(tiny: Tiny) -> None:
    tiny.host.run("sh", "-c", "rm /usr/lib/x86_64-linux-gnu/lib*blas*.so /usr/lib/x86_64-linux-gnu/lib*blas*.a")
    for cmake, code, cause, words in (
        ("find_package(BLAS REQUIRED)\n", "", "blas_missing", "Could NOT find BLAS"),
        (ADDON, "#include <omp.h>\n#include <cblas.h>\n#error this is no FAISS\n", "build_failed", "this is no FAISS"),
        (ADDON + "target_link_libraries(faiss-node openblas)\n", "int a;\n", "blas_missing", "cannot find -lopenblas"),
        ("cmake_minimum_required(VERSION 3.99)\n", "", "cmake_too_old", "CMake 3.99 or higher is required"),
    ):
        result = evidence.judged({**tiny.build(cmake, code), "failed": True}, "faiss_node_build")
        assert words in result["log"], result
        assert result["remedy"] and result["cause"] == cause, (words, result["cause"])
        assert tiny.left() == [".made-by-faiss-fleet"]


@pytest.mark.slow
def test_a_build_that_takes_too_long_is_ended_and_cleaned_away(tiny: Tiny) -> None:
    result = tiny.build("execute_process(COMMAND sleep 300)\n", timeout=5)
    assert result["cause"] == "timeout" and result["seconds"] < 60
    assert tiny.left() == [".made-by-faiss-fleet"]
    assert "sleep" not in tiny.host.run("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").stdout.replace(
        "sleep 3600", ""
    )


def test_sources_that_changed_on_their_way_are_refused(tiny: Tiny) -> None:
    result = tiny.build(ADDON, sha256="0" * 64)
    assert result["cause"] == "hash_mismatch"
    assert tiny.left() == [".made-by-faiss-fleet"]


def test_check_mode_of_the_module_builds_nothing(tiny: Tiny) -> None:
    result = tiny.build(ADDON, "", "--check")
    assert result["changed"] is True
    assert tiny.host.run("ls", "/opt/tiny", check=False).returncode != 0


# Moves the distribution's compiler to where a devtoolset has its own, so that it is the only one.
DEVTOOLSET = """
set -e
root=/opt/rh/devtoolset-11/root
mkdir -p $root/usr/bin $root/usr/libexec
cp /usr/bin/x86_64-linux-gnu-gcc-12 $root/usr/bin/gcc
cp /usr/bin/x86_64-linux-gnu-g++-12 $root/usr/bin/g++
mv /usr/lib/gcc $root/usr/lib-gcc
mkdir -p $root/usr/lib
mv $root/usr/lib-gcc $root/usr/lib/gcc
ln -s /usr/include $root/usr/include
ln -s /usr/lib/x86_64-linux-gnu $root/usr/lib/x86_64-linux-gnu
rm -f /usr/bin/gcc* /usr/bin/g++* /usr/bin/cc /usr/bin/c++ /usr/bin/x86_64-linux-gnu-g[c+]* /usr/bin/c[89]9*
"""


@pytest.mark.slow
def test_a_devtoolset_is_found_planned_and_compiles(tiny: Tiny) -> None:
    tiny.host.run("sh", "-c", DEVTOOLSET)
    record, _ = tiny.host.audit("--check", faiss_install__node_build="host")
    (tool,) = record["facts"]["toolchains"]["devtoolsets"]
    assert (tool["name"], tool["cxx"]) == ("devtoolset-11", "/opt/rh/devtoolset-11/root/usr/bin/g++")
    assert record["facts"]["toolchains"]["gcc"] is None
    candidate = next(each for each in record["plan"] if ":host-build:" in each["id"])
    assert candidate["verdict"] == "possible", candidate["reasons"]
    code = "#include <optional>\n#include <string>\nstd::optional<std::string> a(int x) { return std::to_string(x); }\n"
    cmake = ADDON + "set_target_properties(faiss-node PROPERTIES CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON)\n"
    result = tiny.build(cmake, code, compiler=tool["cxx"])
    assert result["changed"] is True, result
    assert "CXX compiler identification is GNU 12" in result["log"]
    manifest = json.loads(tiny.host.run("cat", f"{tiny.prefix}/manifest.json").stdout)
    assert manifest["built"]["compiler"] == tool["cxx"]
