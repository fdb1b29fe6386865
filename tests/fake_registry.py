# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""An image registry on loopback with one image, as much of the protocol as pulling needs, and the ways one refuses."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import json
import ssl
import tarfile
import threading
from pathlib import Path
from typing import Any

NAME = "team/faiss"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Registry:
    """Serves the image of a docker archive as 127.0.0.1:<port>/team/faiss:1. mode: "fine", "limited" or "private"."""

    def __init__(self, archive: Path, mode: str = "fine", certificate: Path | None = None) -> None:
        self.mode = mode
        self.blobs: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.manifest = self._load(archive)
        self.digest = "sha256:" + hashlib.sha256(self.manifest).hexdigest()
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Who speaks TLS to it gets an answer with a status line, as servers give one: engines then ask without TLS.
            default_request_version = "HTTP/1.0"

            def log_message(self, *_: Any) -> None:
                pass

            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                registry.asked.append(self.path)
                status, kind, data = registry.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
                if status == 429:
                    self.send_header("Retry-After", "0")
                if "/manifests/" in self.path and status == 200:
                    self.send_header("Docker-Content-Digest", registry.digest)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(data)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    @property
    def tagged(self) -> str:
        return f"{self.host}/{NAME}:1"

    @property
    def pinned(self) -> str:
        return f"{self.host}/{NAME}@{self.digest}"

    def _load(self, archive: Path) -> bytes:
        with tarfile.open(archive) as tar:

            def read(name: str) -> bytes:
                handle = tar.extractfile(name)
                assert handle is not None
                return handle.read()

            (entry,) = json.loads(read("manifest.json"))
            config = self._blob(read(entry["Config"]), "application/vnd.docker.container.image.v1+json")
            kind = "application/vnd.docker.image.rootfs.diff.tar.gzip"
            layers = [self._blob(gzip.compress(read(name), 1, mtime=0), kind) for name in entry["Layers"]]
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
        return json.dumps(manifest).encode()

    def _blob(self, data: bytes, kind: str) -> dict[str, Any]:
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return {"mediaType": kind, "size": len(data), "digest": digest}

    def answer(self, path: str) -> tuple[int, str, bytes]:
        if path == "/v2/":
            return 200, "application/json", b"{}"
        if self.mode == "limited":
            return 429, "application/json", _error("TOOMANYREQUESTS", "You have reached your pull rate limit.")
        if self.mode == "private":
            return 403, "application/json", _error("DENIED", "requested access to the resource is denied")
        name, what, reference = path.removeprefix("/v2/").rsplit("/", 2)
        if name == NAME and what == "manifests" and reference in ("1", self.digest):
            return 200, MANIFEST, self.manifest
        if name == NAME and what == "blobs" and reference in self.blobs:
            return 200, "application/octet-stream", self.blobs[reference]
        return 404, "application/json", _error(f"{what[:-1].upper()}_UNKNOWN", f"{what[:-1]} unknown")


def _error(code: str, message: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()
