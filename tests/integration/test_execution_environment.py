# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The execution environment is really built by ansible-builder, on a Debian of ours, and audits itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from images.standins import engine
from images.standins.recipes import RECIPES
from tests import checkout, needs

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
READS_REPORTS = True
PODMAN = str(ROOT / "images" / "podman")
BASE, IMAGE = "localhost/faiss-fleet-tests/ee-base", "localhost/faiss-fleet-tests/ee"
# A stand-in has Python without pip; the image that the definition names has it.
WITH_PIP = """
FROM {standin}
RUN apt-get update && apt-get install --yes --no-install-recommends python3-pip
"""
# The certificates of this machine reach pip by a path that no package owns.
CERTIFICATES = ["-v", "/etc/ssl/certs/ca-certificates.crt:/run/certificates.crt:ro"]
TRUST = "PIP_CERT=/run/certificates.crt"
BUILD = ["build", "--network=host", "--isolation=chroot", *CERTIFICATES, f"--env={TRUST}"]


def podman(*arguments: str) -> str:
    done = subprocess.run([PODMAN, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, f"podman {arguments[0]} ended with {done.returncode}:\n{done.stdout[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ansible-builder makes of the definition."""
    directory = tmp_path_factory.mktemp("ee") / "context"
    builder = Path(sys.executable).with_name("ansible-builder")
    definition = ["-f", "execution-environment.yml", "-c", str(directory), "--output-filename", "Containerfile"]
    done = subprocess.run([builder, "create", *definition], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return directory


@pytest.fixture(scope="module")
def image(context: Path) -> Iterator[str]:
    """The image, without a registry."""
    needs.command("podman")
    standin = engine.image(RECIPES["debian12"])
    base = context.parent / "base"
    base.mkdir()
    (base / "Containerfile").write_text(WITH_PIP.format(standin=standin))
    podman(*BUILD, "-t", BASE, str(base))
    arguments = ["--build-arg", f"EE_BASE_IMAGE={BASE}", "--build-arg", "PYCMD=/usr/bin/python3"]
    podman(*BUILD, *arguments, "-t", IMAGE, "-f", str(context / "Containerfile"), str(context))
    yield IMAGE
    podman("rmi", "--force", IMAGE, BASE)


def test_the_builder_accepts_the_definition(context: Path) -> None:
    lock = (context / "_build" / "locks" / "controller.txt").read_text(encoding="utf-8")
    assert lock == (ROOT / "requirements" / "controller.txt").read_text(encoding="utf-8")
    recipe = (context / "Containerfile").read_text(encoding="utf-8")
    assert "--require-hashes" in recipe and "openssh-client" in (context / "_build" / "bindep.txt").read_text()


def test_an_audit_runs_in_it_as_awx_would(image: str, tmp_path: Path) -> None:
    """As user 1000, with the project mounted, as ansible-runner does."""
    needs.root()
    project = checkout.copy(tmp_path / "project")
    for path in (project, *project.rglob("*")):
        os.chown(path, 1000, 0, follow_symlinks=False)
    place = ["-v", f"{project}:/runner/project", "-w", "/runner/project", "-e", TRUST, *CERTIFICATES]
    audit = ["ansible-playbook", "audit.yml", "-i", "inventory/local"]
    said = podman("run", "--rm", "--network=host", *place, image, *audit)
    assert "1 host: 1 native" in said, said
    assert (project / "reports" / "latest" / "index.html").is_file()
    assert (project / "reports" / "history.sqlite").is_file()
