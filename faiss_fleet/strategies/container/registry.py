# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Asks a registry from the controller, through skopeo or podman: the digest of a tag, and the image of a digest.

Those read the user's own credentials; none passes through here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ...errors import Fault, FleetError
from ...redact import redact
from .options import Reference

TIME_LIMIT = 1800.0
ASKING_SECONDS = 60.0
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def digest_of(reference: Reference) -> str:
    """The digest that a tag stands for right now."""
    tool, path = _tool()
    if tool == "skopeo":
        said = _run([path, "inspect", "--format", "{{.Digest}}", f"docker://{reference}"], str(reference))
    else:
        # podman has no way to ask without fetching; what was fetched for that goes again.
        name = str(reference)
        known = _succeeds([path, "image", "exists", name])
        _run([path, "pull", "--quiet", name], name)
        said = _of_the_registry(path, reference)
        if not known:
            _succeeds([path, "rmi", name])
    found = DIGEST.search(said)
    if not found:
        raise FleetError(f"{path} gives no digest for {reference}: {said[:200]!r}.", "corrupt_artefact")
    return found[0]


def _of_the_registry(podman: str, reference: Reference) -> str:
    """The name with the digest of what podman has just pulled.

    The same image may have been there before, from an archive or another registry that packs it otherwise: of all its
    digests, one that this registry answers to is meant.
    """
    listing = "{{range .RepoDigests}}{{println .}}{{end}}"
    names = _run([podman, "image", "inspect", "--format", listing, str(reference)], str(reference)).split()
    own = [name for name in names if name.startswith(f"{reference.name}@")]
    return own[0] if len(own) == 1 else next((name for name in own if _succeeds([podman, "pull", "--quiet", name])), "")


def fetch(reference: Reference, target: Path) -> None:
    """The image of a pinned reference as a docker archive. The tool checks it against its digest."""
    tool, path = _tool()
    name = reference.pinned
    if tool == "skopeo":
        _run([path, "copy", "--quiet", f"docker://{name}", f"docker-archive:{target}"], name)
        return
    known = _succeeds([path, "image", "exists", name])
    _run([path, "pull", "--quiet", name], name)
    _run([path, "save", "--quiet", "--format", "docker-archive", "--output", str(target), name], name)
    if not known:
        _succeeds([path, "rmi", name])


def _tool() -> tuple[str, str]:
    for name in ("skopeo", "podman"):
        path = shutil.which(name)
        if path:
            return name, path
    remedy = (
        "Install skopeo or podman on the controller, or name the image by its digest, or take the source archive: "
        "`podman save` or `docker save` on another machine makes one."
    )
    text = f"A registry has to be asked, and this controller has neither skopeo nor podman. {remedy}"
    raise FleetError(text, "command_missing", remedy)


def _succeeds(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=ASKING_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _run(command: Sequence[str], name: str) -> str:
    from ...causes import diagnose as causes  # only here: its table takes long to compile

    what = f"{Path(command[0]).name} {command[1]} {name}"
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, "LC_ALL": "C"},
            check=False,
            timeout=TIME_LIMIT,
        )
    except subprocess.TimeoutExpired as exc:
        raise FleetError(f"{what} did not end within {TIME_LIMIT:.0f} s on the controller.", "timeout") from exc
    if done.returncode != 0:
        words = redact((done.stderr or done.stdout).strip())
        found = causes.diagnose(words)
        cause, remedy = (found[0]["cause"], found[0]["remedy"]) if found else ("unknown", None)
        # Else it is of the controller's tool, whatever it is: that its podman is broken says nothing of a host's.
        fault: Fault = "inventory" if cause == "image_missing" else "controller"
        text = f"{what} failed on the controller: {words[-1000:]}"
        raise FleetError(text, cause, remedy, fault=fault)
    return done.stdout
