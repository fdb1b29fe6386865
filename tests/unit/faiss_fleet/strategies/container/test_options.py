# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Images and limits as the inventory names them."""

from __future__ import annotations

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.container import options as container_options
from tests.unit.faiss_fleet.strategies.container.images import DIGEST, PINNED, options


@pytest.mark.parametrize(
    "given, words",
    [
        ({"source": "dockerhub"}, "registry, archive, build"),
        ({"engine": "lxc"}, "podman, docker"),
        ({"image": "faiss:latest"}, "registry's name"),
        ({"image": "registry.example/faiss"}, "registry/path@sha256"),
        ({"image": f"registry.example/Faiss@{DIGEST}"}, "registry/path@sha256"),
        ({"source": "build", "base": {"image": "registry.example/debian:12"}}, "by its tag"),
        ({"source": "build", "base": {"file": "/nowhere.tar", "sha256": "ab" * 32}}, "not a file on this controller"),
        ({"source": "archive", "archive": {"file": "/nowhere.tar"}}, "without sha256"),
        ({"source": "archive", "archive": {"file": "/bin/sh", "sha256": "abc"}}, "64 hexadecimal"),
        ({"memory_mb": 8}, "at least 256"),
        ({"pids": "many"}, "0 or at least 16"),
        ({"python": "python3; rm -rf /"}, "a program, such as python3"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(given, words):
    with pytest.raises(FleetError, match=words):
        container_options.from_options(options(**given))


@pytest.mark.parametrize(
    "image", ["me:s3cret@registry.example/faiss:1", f"https://me:s3cret@registry.example/faiss@{DIGEST}"]
)
def test_a_password_in_an_image_is_refused_and_not_repeated(image):
    with pytest.raises(FleetError, match="without a password") as refused:
        container_options.from_options(options(image=image))
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "text, pinned",
    [
        (PINNED, PINNED),
        (f"localhost/faiss:1@{DIGEST}", f"localhost/faiss@{DIGEST}"),
        (f"registry:5000/a/b-c_d@{DIGEST}", f"registry:5000/a/b-c_d@{DIGEST}"),
    ],
)
def test_hosts_name_an_image_by_its_digest(text, pinned):
    assert container_options.reference(text, "x").pinned == pinned
