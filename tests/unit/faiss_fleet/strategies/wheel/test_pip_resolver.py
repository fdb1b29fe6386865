# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What an index answered is told apart: pip itself only says that it found no version."""

from __future__ import annotations

import contextlib
import http.server
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.wheel import pip_resolver
from faiss_fleet.strategies.wheel.pip_resolver import Source, Target

TARGET = Target((3, 11), "x86_64", "glibc", (2, 17))


@contextlib.contextmanager
def index(status: int, body: bytes = b"") -> Iterator[int]:
    """The port of an index that answers everything with this status."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def pip(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")


def failure(port: int, monkeypatch: pytest.MonkeyPatch, directory: Path) -> FleetError:
    monkeypatch.setenv("PIP_INDEX_URL", f"http://user:hunter22@127.0.0.1:{port}/simple")
    with pytest.raises(FleetError) as found:
        pip_resolver.download(["faiss-cpu==1.9.0"], TARGET, Source(), directory)
    assert found.value.fault == "controller"
    assert "hunter22" not in f"{found.value} {found.value.log}"
    return found.value


@pytest.mark.parametrize(
    ("status", "cause", "words"),
    [
        (401, "permission_denied", "wants credentials (HTTP 401)"),
        (403, "permission_denied", "refuses this controller (HTTP 403)"),
        (500, "network", "has a fault of its own"),
        (404, "no_matching_distribution", "The package index does not have it"),
    ],
)
def test_what_the_index_answered_is_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int, cause: str, words: str
) -> None:
    with index(status) as port:
        found = failure(port, monkeypatch, tmp_path)
    assert found.cause == cause and words in str(found) and found.remedy


def test_an_index_that_nobody_serves_is_not_a_missing_release(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with index(200) as port:
        pass
    found = failure(port, monkeypatch, tmp_path)
    assert found.cause == "network" and "cannot be reached from this controller" in str(found)
    assert "Connection refused" in str(found)


def test_an_index_that_is_down_is_left_out_where_another_has_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = b'<a href="faiss_cpu-1.9.0-cp311-cp311-manylinux_2_17_x86_64.whl">1.9.0</a>'
    with index(500) as down, index(200, listed) as up:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{down}/simple")
        with pytest.raises(FleetError, match="has a fault of its own"):
            pip_resolver.check_index("faiss-cpu")
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"http://127.0.0.1:{up}/simple")
        pip_resolver.check_index("faiss-cpu")


@pytest.mark.parametrize(
    "listed, fault",
    [("Looking in indexes: ...", "controller"), ("Skipping link: numpy-2.0-cp313-cp313-win_amd64.whl (...)", "host")],
)
def test_an_index_without_what_faiss_needs_is_a_fault_of_the_controller(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, listed: str, fault: str
) -> None:
    asked = []

    def execute(arguments: list[str], *_: object) -> tuple[int, str]:
        asked.append(arguments[-1])
        return 1, "ERROR: No matching distribution found for numpy<3,>=1.25" if len(asked) == 1 else listed

    monkeypatch.setattr(pip_resolver, "_execute", execute)
    with pytest.raises(FleetError) as found:
        pip_resolver.download(["faiss-cpu==1.9.0"], TARGET, Source(), tmp_path / "out")
    assert (found.value.fault, found.value.cause) == (fault, "no_matching_distribution")
    assert asked == ["faiss-cpu==1.9.0", "numpy==0.0.0.dev0"]


def test_a_wheelhouse_that_lacks_a_dependency_is_a_fault_of_the_controller(tmp_path: Path) -> None:
    with pytest.raises(FleetError) as found:
        pip_resolver.download(["faiss-cpu==1.9.0"], TARGET, Source((tmp_path,)), tmp_path / "out")
    assert found.value.fault == "controller" and str(tmp_path) in str(found.value.remedy)


def test_failed_pip_is_diagnosed_and_its_secrets_are_hidden():
    output = (
        "Looking in indexes: https://me:hunter2@index.example/simple\n"
        "ERROR: Could not find a version that satisfies the requirement faiss-cpu==9 (from versions: none)\n"
        "ERROR: No matching distribution found for faiss-cpu==9\n"
    )
    failure = pip_resolver.failure("download", 1, output)
    assert failure.cause == "no_matching_distribution"
    assert failure.remedy
    assert "hunter2" not in str(failure)
    assert "No matching distribution" in str(failure)


def test_a_pip_that_crashed_is_quoted_by_its_exception_without_its_traceback() -> None:
    output = (
        "Looking in links: /wheels\nERROR: Exception:\nTraceback (most recent call last):\n"
        '  File "pip/_internal/cli/base_command.py", line 110, in _run_wrapper\n    status = _inner_run()\n'
        "ValueError: first\n\nDuring handling of the above exception, another exception occurred:\n\n"
        'Traceback (most recent call last):\n  File "pip/_internal/link.py", line 9, in of\nValueError: no link\n'
    )
    failure = pip_resolver.failure("download", 2, output)
    assert str(failure) == "pip download ended with status 2: ERROR: Exception: ValueError: no link"
    assert failure.log == "Looking in links: /wheels\nERROR: Exception: ValueError: no link"


def test_pip_that_hangs_is_ended_and_leaves_no_temporary_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    program = 'mkdir "$TMPDIR/pip-unpack"; touch "$0"; sleep 60'
    monkeypatch.setattr(pip_resolver, "_command", lambda _: ["/bin/sh", "-c", program, str(tmp_path / "began")])
    with pytest.raises(FleetError, match="did not end within") as failure:
        pip_resolver.run(["download"], Source(), time_limit=1)
    assert failure.value.cause == "timeout"
    assert [path.name for path in tmp_path.iterdir()] == ["began"]


def test_wheelhouse_lets_no_other_source_in(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    source = Source((tmp_path,))
    assert source.arguments() == ["--no-index", f"--find-links={tmp_path}"]
    assert "PIP_INDEX_URL" not in source.environment()
    assert source.environment()["PIP_CONFIG_FILE"] == "/dev/null"


def test_platform_tags_reach_down_to_the_oldest_and_name_the_legacy_ones():
    tags = Target((3, 8), "x86_64", "glibc", (2, 17)).platforms()
    assert tags[:2] == ["manylinux_2_17_x86_64", "manylinux2014_x86_64"]
    assert tags[-2:] == ["manylinux_2_5_x86_64", "manylinux1_x86_64"]
    assert "manylinux_2_18_x86_64" not in tags


@pytest.mark.parametrize("version, abi", [((3, 6), "cp36m"), ((3, 7), "cp37m"), ((3, 8), "cp38"), ((3, 13), "cp313")])
def test_abi_up_to_3_7_has_its_m(version, abi):
    assert Target(version, "x86_64", "glibc", (2, 17)).abi == abi
