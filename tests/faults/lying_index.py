#!/usr/bin/env python3
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A package index at 127.0.0.1 that lies: the first part of the path says how.

http://127.0.0.1:8097/hash/simple/       another sha256 than the file has
.../endless/...  a wheel without end     .../stall/...      headers, and then nothing
.../cut/...      half a wheel            .../garbage/...    a page that is none
.../401/...      that status for all
"""

from __future__ import annotations

import hashlib
import html
import http.server
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.package_index import Server

PORT = 8097


class LyingIndex(Server):
    """Serves from entry to exit, in a network namespace."""

    def __init__(self, wheels: Path, prefix: Sequence[str]) -> None:
        super().__init__([*prefix, sys.executable, str(Path(__file__).resolve()), str(wheels)])


def _serve(wheels: Path) -> None:
    files = {path.name: path for path in wheels.glob("*.whl")}
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            how, _, rest = self.path.partition("?")[0].lstrip("/").partition("/")
            if how.isdigit():
                self.send_error(int(how))
            elif rest.startswith("simple/"):
                self._page(how, rest.split("/")[1])
            else:
                self._wheel(how, files.get(rest.rpartition("/")[2]))

        def _page(self, how: str, project: str) -> None:
            if how == "garbage":
                return self._answer(
                    "text/html", b"<a href='\xff\xfe{{ lookup(1) }}#sha256=zz'>faiss_cpu-1.9.0.whl</a>" * 9
                )
            lines = []
            for name in files:
                if canonicalize_name(parse_wheel_filename(name)[0]) == project:
                    digest = "0" * 64 if how == "hash" else digests[name]
                    lines.append(f'<a href="/{how}/wheels/{html.escape(name)}#sha256={digest}">{html.escape(name)}</a>')
            return self._answer("text/html", "\n".join(lines).encode())

        def _wheel(self, how: str, path: Path | None) -> None:
            if path is None:
                return self.send_error(404)
            data = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream")
            if how != "endless":
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            try:
                if how == "endless":
                    while True:
                        self.wfile.write(b"\0" * 65536)
                        time.sleep(0.01)
                if how == "stall":
                    self.wfile.flush()
                    time.sleep(600)
                self.wfile.write(data[: len(data) // 2] if how == "cut" else data)
            except OSError:
                pass
            return None

        def _answer(self, kind: str, data: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler) as server:
        server.daemon_threads = True
        print("ready", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
