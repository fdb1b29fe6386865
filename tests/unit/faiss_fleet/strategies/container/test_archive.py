# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Images in archives are written the same each time, and read with every byte checked."""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.container import archive as container_archive
from faiss_fleet.strategies.container.archive import Image
from tests.unit.faiss_fleet.strategies.container.images import layer


def test_an_archive_reads_back_and_is_the_same_each_time(made, tmp_path):
    container_archive.write(made, tmp_path / "x.tar.gz")
    container_archive.write(made, tmp_path / "y.tar.gz")
    assert (tmp_path / "x.tar.gz").read_bytes() == (tmp_path / "y.tar.gz").read_bytes()
    (tmp_path / "out").mkdir()
    found = container_archive.read(tmp_path / "x.tar.gz", tmp_path / "out")
    assert (found.id, found.arch) == (made.id, "x86_64")
    assert [path.read_bytes() for path in found.layers] == [path.read_bytes() for path in made.layers]
    with tarfile.open(tmp_path / "x.tar.gz") as tar:
        assert json.load(tar.extractfile("manifest.json"))[0]["RepoTags"] is None


def test_an_archive_names_every_byte_for_docker_with_containerd_too(made, tmp_path):
    """The same files by an OCI index: its manifest's digest is the id there."""
    container_archive.write(made, tmp_path / "x.tar.gz")
    with tarfile.open(tmp_path / "x.tar.gz") as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar}
    blobs = {name.rpartition("/")[2]: data for name, data in files.items() if name.startswith("blobs/sha256/")}
    assert all(hashlib.sha256(data).hexdigest() == name for name, data in blobs.items())
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["digest"] == f"sha256:{made.manifest_id}" and entry["size"] == len(made.manifest)
    manifest = json.loads(blobs[made.manifest_id])
    named = [manifest["config"], *manifest["layers"]]
    assert [len(blobs[one["digest"].partition(":")[2]]) for one in named] == [one["size"] for one in named]
    assert manifest["config"]["digest"] == f"sha256:{made.id}"
    assert {one["digest"].partition(":")[2] for one in named} | {made.manifest_id} == set(blobs)


def oci(directory: Path, source: Image, compress: Any = gzip.compress) -> Path:
    """The same image as an OCI archive with compressed layers."""
    path = directory / "oci.tar"
    files: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}

    def blob(data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        files[f"blobs/sha256/{digest}"] = data
        return f"sha256:{digest}"

    layers = [{"digest": blob(compress(part.read_bytes()))} for part in source.layers]
    manifest = {"config": {"digest": blob(source.config)}, "layers": layers}
    files["index.json"] = json.dumps({"manifests": [{"digest": blob(json.dumps(manifest).encode())}]}).encode()
    return layer(directory, path.name, files)


def test_an_oci_archive_is_the_same_image(made, tmp_path):
    (tmp_path / "out").mkdir()
    found = container_archive.read(oci(tmp_path, made), tmp_path / "out")
    assert found.id == made.id
    assert [path.read_bytes() for path in found.layers] == [path.read_bytes() for path in made.layers]


def test_a_layer_that_is_not_what_the_configuration_says_is_refused(made, tmp_path):
    container_archive.write(made, tmp_path / "x.tar.gz")
    changed = Image(made.config, (made.layers[0], made.layers[0]))
    container_archive.write(changed, tmp_path / "y.tar.gz")
    (tmp_path / "out").mkdir()
    with pytest.raises(FleetError, match="its configuration says") as refused:
        container_archive.read(tmp_path / "y.tar.gz", tmp_path / "out")
    assert refused.value.cause == "corrupt_artefact"


@pytest.mark.parametrize(
    "files, words",
    [
        ({"manifest.json": b"[{}, {}]"}, "2 images"),
        ({"manifest.json": b"{"}, "JSONDecodeError"),
        ({"manifest.json": b'[{"Config": "nowhere.json", "Layers": []}]'}, "nowhere.json"),
        ({"oci-layout": b"{}", "index.json": b'{"manifests": [{"digest": "sha256:../../etc/passwd"}]}'}, "KeyError"),
    ],
)
def test_what_is_no_image_is_told(tmp_path, files, words):
    with pytest.raises(FleetError, match=words) as refused:
        container_archive.read(layer(tmp_path, "x.tar", files), tmp_path)
    assert "podman save" in refused.value.remedy


def test_a_layer_in_zstd_is_told(made, tmp_path):
    with pytest.raises(FleetError, match="zstd"):
        container_archive.read(oci(tmp_path, made, lambda data: container_archive.ZSTD + data), tmp_path)


def test_a_file_that_is_no_tar_is_told(tmp_path):
    path = tmp_path / "x.tar"
    path.write_bytes(b"not a tar" * 100)
    with pytest.raises(FleetError, match="cannot be used as an image"):
        container_archive.read(path, tmp_path)
    with pytest.raises(FleetError, match="it is no tar"):
        container_archive.root_layer(path, tmp_path / "layer")


def test_a_layer_that_is_damaged_within_its_compression_is_told(made, tmp_path):
    def damaged(data):
        packed = gzip.compress(data)
        return packed[:40] + bytes(byte ^ 0xFF for byte in packed[40:60]) + packed[60:]

    with pytest.raises(FleetError, match="cannot be used as an image"):
        container_archive.read(oci(tmp_path, made, damaged), tmp_path)
