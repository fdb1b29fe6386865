# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What an image and its limits are locked to."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.container import archive as container_archive
from faiss_fleet.strategies.container import lock as container_lock
from faiss_fleet.strategies.container import options as container_options
from faiss_fleet.strategies.container import strategy as container
from faiss_fleet.strategies.container.archive import Image
from tests.prefix_archives import manifest_of
from tests.unit.faiss_fleet.strategies.container.images import (
    DIGEST,
    DOCKER,
    PINNED,
    PODMAN,
    facts,
    image,
    layer,
    options,
    planned,
    tool,
)


def test_a_tag_is_asked_for_once(tmp_path, monkeypatch):
    tool(tmp_path, "skopeo", f'echo "$@" >> {tmp_path}/asked; echo {DIGEST}')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    tagged = container_options.reference("registry.example/team/faiss:1", "x")
    for _ in range(2):
        assert container_lock.pinned(tagged, options(tmp_path)).pinned == PINNED
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == ["inspect --format {{.Digest}} docker://registry.example/team/faiss:1"]
    late = Options(cache=tmp_path / "cache", extra={"faiss_install__lock_max_age_hours": 1})
    container_lock.pinned(tagged, late, lambda: 10.0**10)
    assert len((tmp_path / "asked").read_text().splitlines()) == 2


def test_offline_asks_no_registry(tmp_path):
    tagged = container_options.reference("registry.example/team/faiss:1", "x")
    with pytest.raises(FleetError, match="offline") as refused:
        container_lock.pinned(tagged, Options(cache=tmp_path, offline=True))
    assert refused.value.cause == "unreachable"


def archived(tmp_path: Path, found: Image) -> dict[str, str]:
    container_archive.write(found, tmp_path / "given.tar.gz")
    data = (tmp_path / "given.tar.gz").read_bytes()
    return {"file": str(tmp_path / "given.tar.gz"), "sha256": hashlib.sha256(data).hexdigest()}


def test_an_archive_is_shipped_under_its_id_with_a_prefix_that_starts_it(tmp_path, made):
    chosen = options(tmp_path, source="archive", archive=archived(tmp_path, made))
    found = container.STRATEGY.resolve(planned(facts(PODMAN), chosen), facts(PODMAN), chosen)
    assert found.step.module == "faiss_container"
    assert found.step.arguments["id"] == made.id and found.step.arguments["engine"] == "/usr/bin/podman"
    assert found.step.arguments["sha256"] == hashlib.sha256(found.step.file.read_bytes()).hexdigest()
    assert found.bytes_to_ship == found.archive.stat().st_size + found.step.file.stat().st_size
    manifest = manifest_of(found.archive)
    assert manifest["strategy"] == "container" and manifest["lock"]["image"] == {"id": made.id}
    with tarfile.open(found.archive) as tar:
        assert tar.getmember("bin/faiss-python").mode == 0o755
    assert container.STRATEGY.resolve(planned(facts(PODMAN), chosen), facts(PODMAN), chosen) == found


def test_engines_and_limits_have_prefixes_of_their_own_and_share_the_image(tmp_path, made):
    given = archived(tmp_path, made)
    found = []
    for engine, pids in ((PODMAN, 64), (DOCKER, 64), (PODMAN, 128)):
        chosen = options(tmp_path, source="archive", archive=given, pids=pids)
        found.append(container.STRATEGY.resolve(planned(facts(engine), chosen), facts(engine), chosen))
    assert len({one.digest for one in found}) == 3
    assert len({one.step.file for one in found}) == 1


def test_an_image_of_another_architecture_is_refused(tmp_path, monkeypatch):
    other = image(tmp_path, layer(tmp_path, "one.tar", {"a": b"1"}), arch="arm64")
    chosen = options(tmp_path, source="archive", archive=archived(tmp_path, other))
    # Check mode says so before the image was ever unpacked, and of every host by one look.
    reads = []
    read = container_archive.read
    monkeypatch.setattr(container_archive, "read", lambda *given: reads.append(given) or read(*given))
    for ask in (container.STRATEGY.forecast, container.STRATEGY.forecast, container.STRATEGY.resolve):
        with pytest.raises(FleetError, match="for aarch64") as refused:
            ask(planned(facts(PODMAN), chosen), facts(PODMAN), chosen)
        # It serves other hosts, and rules the strategy out on this one.
        assert (refused.value.cause, refused.value.fault) == ("arch_mismatch", "host")
    assert [directory is None for _path, directory in reads] == [True, False]


def test_a_file_that_changed_is_refused(tmp_path, made):
    given = archived(tmp_path, made)
    chosen = options(tmp_path, source="archive", archive={**given, "sha256": "00" * 32})
    with pytest.raises(FleetError, match="faiss_install__container_archive says") as refused:
        container.STRATEGY.resolve(planned(facts(PODMAN), chosen), facts(PODMAN), chosen)
    assert refused.value.cause == "hash_mismatch"
