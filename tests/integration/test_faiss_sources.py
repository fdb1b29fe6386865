# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""FAISS from where the inventory says: a file, a web address, a git server. What a host would build is looked into."""

from __future__ import annotations

import functools
import http.server
import os
import signal
import socket
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet import options
from faiss_fleet.artefacts import cache
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.node import host_source, inputs
from faiss_fleet.strategies.node.runner import Runner
from tests import needs

FACTS: dict[str, Any] = {
    "arch": "x86_64",
    "libc": {"version": "2.36"},
    "cpu": {"isa_level": None},
    "toolchains": {"gcc": None, "cmake": None, "devtoolsets": []},
}
RUNTIME: Any = {"kind": "node", "argv": ["/usr/bin/node"], "env": {}, "prefix": None}
WORDS = "the inventory's own FAISS"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A FAISS of a few lines."""
    found = tmp_path / "faiss-1.7.4"
    found.mkdir()
    (found / "LICENSE").write_text("MIT\n")
    (found / "CMakeLists.txt").write_text(f"# {WORDS}\n")
    return found


@pytest.fixture
def archive(tree: Path) -> Path:
    path = tree.parent / "faiss.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(tree, tree.name)
    return path


@pytest.fixture
def served(archive: Path) -> Iterator[str]:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(archive.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def git(*arguments: str, cwd: Path) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    done = subprocess.run([needs.command("git"), *who, *arguments], cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tree: Path) -> Path:
    """A bare repository whose newest commit is not the one that is wanted."""
    git("init", "-q", "-b", "main", cwd=tree)
    for text in (f"# {WORDS}\n", "# a later one\n"):
        (tree / "CMakeLists.txt").write_text(text)
        git("add", ".", cwd=tree)
        git("commit", "-q", "-m", text, cwd=tree)
    bare = tree.parent / "faiss.git"
    git("clone", "-q", "--bare", str(tree), str(bare), cwd=tree.parent)
    return bare


@pytest.fixture
def daemon(repository: Path) -> Iterator[str]:
    """The repository behind git's own server on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = ["git", "daemon", "--listen=127.0.0.1", f"--port={port}", "--export-all", f"--base-path={repository.parent}"]
    with subprocess.Popen(argv, start_new_session=True, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(100):
                with socket.socket() as one:
                    if one.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"git://127.0.0.1:{port}/{repository.name}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)


class Controller:
    """One with an empty cache, but for the inputs that are not of FAISS."""

    def __init__(self, directory: Path) -> None:
        self.cache = directory / "cache"
        mine = Options(cache=options.default_cache())
        wanted = {key: item for key, item in inputs.load(mine).items() if key in host_source.PARTS and key != "faiss"}
        for key, path in inputs.fetch_all(wanted, mine, Runner(directory / "fetch.log", 300)).items():
            there = self.cache / "addon" / "inputs" / wanted[key].sha256[:16] / path.name
            there.parent.mkdir(parents=True)
            there.symlink_to(path)

    def shipped(self, source: dict[str, str], **changes: Any) -> str:
        """The FAISS that a host would build, by its CMakeLists.txt."""
        chosen = Options(cache=self.cache, extra={inputs.SOURCE: source})
        found = host_source.artefact(RUNTIME, FACTS, replace(chosen, **changes))
        with tarfile.open(found.archive) as tar:
            handle = tar.extractfile("source/faiss/CMakeLists.txt")
            assert handle
            return handle.read().decode()


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return Controller(tmp_path)


def test_a_file_of_the_controller(controller: Controller, archive: Path) -> None:
    source = {"file": str(archive), "sha256": cache.sha256(archive), "version": "1.7.4"}
    assert WORDS in controller.shipped(source)
    with pytest.raises(FleetError, match="It is not used") as differs:
        controller.shipped({**source, "sha256": "0" * 64})
    assert differs.value.cause == "hash_mismatch"
    with pytest.raises(FleetError, match="is not a file on this controller") as absent:
        controller.shipped({**source, "file": "/nowhere/faiss.tar.gz", "sha256": "1" * 64})
    assert absent.value.cause == "faiss_source_missing"


def test_a_web_address(controller: Controller, archive: Path, served: str) -> None:
    source = {"url": f"{served}/{archive.name}", "sha256": cache.sha256(archive), "version": "1.7.4"}
    with pytest.raises(FleetError, match="It is not used") as differs:
        controller.shipped({**source, "sha256": "0" * 64})
    assert differs.value.cause == "hash_mismatch"
    assert not list(controller.cache.rglob("faiss-000*.tar"))
    with pytest.raises(FleetError, match="could not be fetched") as gone:
        controller.shipped({**source, "url": f"{served}/other.tar.gz", "sha256": "1" * 64})
    assert gone.value.cause == "unreachable"
    assert WORDS in controller.shipped(source)
    # Fetched once: what was checked is kept, and is enough from then on.
    assert WORDS in controller.shipped({**source, "version": "1.7.3"}, offline=True)


def test_a_repository_of_a_directory(controller: Controller, repository: Path) -> None:
    commit = git("rev-parse", "main~1", cwd=repository)
    assert WORDS in controller.shipped({"git": f"file://{repository}", "commit": commit, "version": "1.7.4"})


def test_a_commit_of_a_git_server_and_no_other(controller: Controller, repository: Path, daemon: str) -> None:
    commit, later = (git("rev-parse", name, cwd=repository) for name in ("main~1", "main"))
    assert WORDS in controller.shipped({"git": daemon, "commit": commit, "version": "1.7.4"})
    assert "a later one" in controller.shipped({"git": daemon, "commit": later, "version": "1.7.4"})
    with pytest.raises(FleetError, match="git ended with status 128") as absent:
        controller.shipped({"git": daemon, "commit": "a" * 40, "version": "1.7.4"})
    assert absent.value.remedy and "a" * 40 in str(absent.value)
    with pytest.raises(FleetError, match="40 hexadecimal digits: a tag can be moved"):
        controller.shipped({"git": daemon, "commit": "main", "version": "1.7.4"})
