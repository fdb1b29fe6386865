# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reads images out of docker and OCI archives, and writes the kind that every engine loads, the same bytes each time.

Written is a docker archive and an OCI one in the same tar, without a name in it, gzipped: loading it moves no tag of
the host. An image's id is the sha256 of its configuration, which names each layer by the sha256 of its content; where
docker keeps images in containerd, it is that of the manifest, which names the configuration and the layers. So a
checked id of either kind is a checked image. The manifest is ours: of a mere docker archive, each containerd would make
one of its own.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

from ...artefacts import cache
from ...artefacts.packing import MTIME, new_archive
from ...errors import FleetError

OPENERS: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": lambda source: gzip.GzipFile(fileobj=source),
    b"\xfd7zXZ": lzma.open,
    b"BZh": bz2.open,
}
DAMAGED = (zlib.error, lzma.LZMAError)  # of what is compressed, beside OSError and EOFError
ZSTD = b"\x28\xb5\x2f\xfd"
MOST_CONFIG = 4 << 20
# Layers are mostly machine code: higher levels take several times as long for a few percent.
COMPRESSION = 3
OCI = "application/vnd.oci.image"
BLOBS = "blobs/sha256/"
ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True)
class Image:
    """config as it is to be kept, byte for byte; layers are plain tars on this controller, lowest first."""

    config: bytes
    layers: tuple[Path, ...]

    @property
    def id(self) -> str:
        return hashlib.sha256(self.config).hexdigest()

    @property
    def manifest(self) -> bytes:
        """The OCI manifest, the same bytes each time."""
        sizes = [layer.stat().st_size for layer in self.layers]
        hexes = [diff_id.partition(":")[2] for diff_id in self.about["rootfs"]["diff_ids"]]
        found = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": _descriptor("config.v1+json", self.id, len(self.config)),
            "layers": [_descriptor("layer.v1.tar", *one) for one in zip(hexes, sizes, strict=True)],
        }
        return json.dumps(found, sort_keys=True).encode()

    @property
    def manifest_id(self) -> str:
        return hashlib.sha256(self.manifest).hexdigest()

    @property
    def about(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.config)
        return found

    @property
    def arch(self) -> str | None:
        """As uname -m says it; None when the image does not tell."""
        name = self.about.get("architecture")
        return ARCHITECTURES.get(name, name) if name else None


def _descriptor(kind: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": f"{OCI}.{kind}", "digest": f"sha256:{digest}", "size": size}


def read(path: Path, directory: Path | None) -> Image | None:
    """The image of an archive, its layers in ``directory``, each checked. None when it is a tar of something else.

    Without a directory its configuration alone is read.
    """
    try:
        with tarfile.open(path) as tar:
            members = {os.path.normpath(member.name): member for member in tar}
            if "manifest.json" in members:
                return _docker(tar, members, path, directory)
            if "index.json" in members and "oci-layout" in members:
                return _oci(tar, members, path, directory)
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, TypeError, *DAMAGED) as exc:
        _refuse(path, f"{type(exc).__name__}: {exc}")
    return None


def architecture(path: Path) -> str | None:
    """For which processor the image of an archive is, without a look at its layers; None when it does not tell."""
    found = read(path, None)
    return found.arch if found else None


def _bytes(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], name: str, path: Path) -> bytes:
    member = members[os.path.normpath(name)]
    if member.size > MOST_CONFIG:
        _refuse(path, f"{name} in it has {member.size} bytes, which no image has")
    handle = tar.extractfile(member)
    return handle.read() if handle else b""


def _docker(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], path: Path, directory: Path | None) -> Image:
    entries = json.loads(_bytes(tar, members, "manifest.json", path))
    if len(entries) != 1:
        _refuse(path, f"it holds {len(entries)} images, and one is wanted")
    config = _bytes(tar, members, entries[0]["Config"], path)
    return _checked(tar, members, config, entries[0]["Layers"], path, directory)


def _oci(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], path: Path, directory: Path | None) -> Image:
    entries = json.loads(_bytes(tar, members, "index.json", path))["manifests"]
    manifest: dict[str, Any] = {}
    for _ in range(3):
        if len(entries) != 1:
            _refuse(path, f"it holds {len(entries)} images, and one is wanted")
        manifest = json.loads(_blob(tar, members, entries[0]["digest"], path))
        if "manifests" not in manifest:
            break
        entries = manifest["manifests"]
    config = _blob(tar, members, manifest["config"]["digest"], path)
    layers = ["blobs/" + layer["digest"].replace(":", "/") for layer in manifest["layers"]]
    return _checked(tar, members, config, layers, path, directory)


def _blob(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], digest: str, path: Path) -> bytes:
    data = _bytes(tar, members, "blobs/" + digest.replace(":", "/"), path)
    if digest != "sha256:" + hashlib.sha256(data).hexdigest():
        _refuse(path, f"its blob {digest} is not what its name says")
    return data


def _checked(
    tar: tarfile.TarFile,
    members: dict[str, tarfile.TarInfo],
    config: bytes,
    names: Sequence[str],
    path: Path,
    directory: Path | None,
) -> Image:
    if directory is None:
        return Image(config, ())
    wanted = json.loads(config)["rootfs"]["diff_ids"]
    if len(wanted) != len(names):
        _refuse(path, f"its configuration names {len(wanted)} layers, and it holds {len(names)}")
    layers = []
    for number, (name, diff_id) in enumerate(zip(names, wanted, strict=True)):
        handle = tar.extractfile(members[os.path.normpath(name)])
        if handle is None:
            _refuse(path, f"its layer {name} is not a file")
        layer = directory / f"layer-{number}.tar"
        found = plain(handle, layer, path)
        if found != diff_id:
            _refuse(path, f"its layer {name} has the content {found}, and its configuration says {diff_id}")
        layers.append(layer)
    return Image(config, tuple(layers))


def plain(source: IO[bytes], target: Path, path: Path) -> str:
    """Writes a layer without its compression; returns its diff id."""
    head = source.read(6)
    source.seek(0)
    if head[:4] == ZSTD:
        _refuse(path, "a layer in it is compressed with zstd, which this controller does not read")
    opener = next((opener for magic, opener in OPENERS.items() if head.startswith(magic)), None)
    stream = opener(source) if opener else source
    digest = hashlib.sha256()
    with open(target, "wb") as out:
        while chunk := stream.read(cache.CHUNK):
            digest.update(chunk)
            out.write(chunk)
    return f"sha256:{digest.hexdigest()}"


def root_layer(path: Path, target: Path) -> str:
    """A tar of a root file system as a layer; returns its diff id."""
    try:
        if tarfile.is_tarfile(path):
            with open(path, "rb") as source:
                return plain(source, target, path)
    except (tarfile.TarError, EOFError, OSError, *DAMAGED) as exc:
        _refuse(path, str(exc))
    _refuse(path, "it is no tar")


def write(image: Image, target: Path) -> None:
    """Replaces ``target`` by the archive, in one step."""
    names = [BLOBS + diff_id.partition(":")[2] for diff_id in image.about["rootfs"]["diff_ids"]]
    manifest = image.manifest
    index = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.index.v1+json",
        "manifests": [_descriptor("manifest.v1+json", image.manifest_id, len(manifest))],
    }
    texts = {
        "oci-layout": json.dumps({"imageLayoutVersion": "1.0.0"}).encode(),
        "index.json": json.dumps(index, sort_keys=True).encode(),
        "manifest.json": json.dumps(
            [{"Config": BLOBS + image.id, "RepoTags": None, "Layers": names}], sort_keys=True
        ).encode(),
        BLOBS + image.manifest_id: manifest,
        BLOBS + image.id: image.config,
    }
    with new_archive(target, tarfile.GNU_FORMAT, COMPRESSION) as tar:
        for name, data in texts.items():
            _add(tar, name, io.BytesIO(data), len(data))
        for name, layer in dict(zip(names, image.layers, strict=True)).items():
            with open(layer, "rb") as handle:
                _add(tar, name, handle, layer.stat().st_size)


def _add(tar: tarfile.TarFile, name: str, handle: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, MTIME, 0o644
    tar.addfile(member, handle)


def _refuse(path: Path, why: str) -> NoReturn:
    remedy = "Make it again with `podman save --format docker-archive` or `docker save`, of one image."
    raise FleetError(f"{path} cannot be used as an image: {why}. {remedy}", "corrupt_artefact", remedy)
