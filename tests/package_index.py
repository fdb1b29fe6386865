#!/usr/bin/env python3
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A package index of a few wheels at 127.0.0.1, in any network namespace, that notes what it was asked for.

with Index(directory_of_wheels, log, farm.prefix) as index:
    farm.run([...], env={**os.environ, **index.environment})
    index.downloads()       # {"numpy-2.2.6-....whl": 1}
"""

from __future__ import annotations

import collections
import hashlib
import html
import http.server
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from packaging.utils import canonicalize_name, parse_wheel_filename
from typing_extensions import Self

PORT = 8099


class Server:
    """Runs a program that prints a line when it serves, from entry to exit."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = argv
        self._server: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(self._argv, stdout=subprocess.PIPE, text=True)
        assert self._server.stdout
        if not self._server.stdout.readline():
            raise RuntimeError("The package index did not start; is its port taken in this network?")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server
        self._server.kill()
        self._server.wait()


class Index(Server):
    """Serves the wheels of a directory from entry to exit."""

    def __init__(self, wheels: Path, log: Path, prefix: Sequence[str] = ()) -> None:
        super().__init__([*prefix, sys.executable, str(Path(__file__).resolve()), str(wheels), str(log)])
        self._log = log
        log.touch()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{PORT}/simple"

    @property
    def environment(self) -> dict[str, str]:
        """Makes pip use this index alone, and nothing that it kept."""
        return {
            "PIP_INDEX_URL": self.url,
            "PIP_EXTRA_INDEX_URL": "",
            "PIP_FIND_LINKS": "",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_CACHE_DIR": "1",
        }

    def _asked(self) -> list[tuple[str, int]]:
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return [(entry["path"], entry["bytes"]) for entry in map(json.loads, lines)]

    def downloads(self) -> dict[str, int]:
        """How often each wheel was fetched."""
        return dict(collections.Counter(path.rsplit("/", 1)[1] for path, _ in self._asked() if path.endswith(".whl")))

    def listings(self) -> dict[str, int]:
        """How often each project's page was fetched."""
        return dict(collections.Counter(path.strip("/").split("/")[-1] for path, _ in self._asked() if path[-1] == "/"))

    def bytes_served(self) -> int:
        return sum(size for _, size in self._asked())


def _serve(wheels: Path, log: Path) -> None:
    pages: dict[str, str] = collections.defaultdict(str)
    for wheel in sorted(wheels.glob("*.whl")):
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        name = html.escape(wheel.name)
        project = canonicalize_name(parse_wheel_filename(wheel.name)[0])
        pages[f"/simple/{project}/"] += f'<a href="/wheels/{name}#sha256={digest}">{name}</a>\n'

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wheel = wheels / Path(self.path).name
            if self.path in pages:
                self._answer("text/html", pages[self.path].encode())
            elif self.path.startswith("/wheels/") and wheel.is_file():
                self._answer("application/octet-stream", wheel.read_bytes())
            else:
                self.send_error(404)

        def _answer(self, kind: str, data: bytes) -> None:
            with log.open("a", encoding="utf-8") as handle:
                handle.write(json.dumps({"path": self.path, "bytes": len(data)}) + "\n")
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """The log file says it."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler) as server:
        print("ready", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), Path(sys.argv[2]))
