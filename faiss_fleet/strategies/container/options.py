# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Options of the strategy container: what their types cannot express is checked here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...argument_specs import typed
from ...artefacts.named_file import NamedFile
from ...errors import FleetError
from ..base import Options

STRATEGY = "container"
PREFIX = "faiss_install__container_"
# By source the variable that names what it takes.
NAMES = {"registry": "image", "archive": "archive", "build": "base"}
SOURCES = tuple(NAMES)
# registry.example:5000/team/faiss:1.9@sha256:... With its registry, as hosts disagree on what a short name means.
REFERENCE = re.compile(
    r"^(?P<name>(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9-]+(?=:\d))(?::\d+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?$"
)


@dataclass(frozen=True)
class Reference:
    """name is host and path; digest sha256:..., or None where there is a tag alone."""

    name: str
    tag: str | None
    digest: str | None

    @property
    def pinned(self) -> str:
        """How hosts name it."""
        return f"{self.name}@{self.digest}"

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


@dataclass(frozen=True)
class ContainerOptions:
    """What of image, archive and base is not None says where the image comes from; all None: nothing is named."""

    source: str
    image: Reference | None
    archive: NamedFile | None
    base: Reference | NamedFile | None
    python: str
    engine: str
    memory_mb: int
    pids: int

    @property
    def named(self) -> bool:
        return {"registry": self.image, "archive": self.archive, "build": self.base}[self.source] is not None

    @property
    def variable(self) -> str:
        """The variable that has to name something for this source."""
        return PREFIX + NAMES[self.source]


def from_options(options: Options) -> ContainerOptions:
    """Return the options. Raises FleetError for what cannot be used, without a secret that slipped into a name."""
    given = {name: typed(name, value) for name, value in options.extra.items() if name.startswith(PREFIX)}
    source = given.get(PREFIX + "source") or "registry"
    # What belongs to another source is left alone: a group may name an archive, and one of its hosts a registry.
    image = given.get(PREFIX + "image") if source == "registry" else None
    base = given.get(PREFIX + "base") if source == "build" else None
    found = ContainerOptions(
        source=source,
        image=reference(image, PREFIX + "image") if image else None,
        archive=NamedFile.of(given.get(PREFIX + "archive"), PREFIX + "archive") if source == "archive" else None,
        base=_pinned(base["image"]) if base and base.get("image") else NamedFile.of(base, PREFIX + "base"),
        python=given.get(PREFIX + "python") or "python3",
        engine=given.get(PREFIX + "engine") or "",
        memory_mb=_number(given, "memory_mb", 4096),
        pids=_number(given, "pids", 256),
    )
    meant = [other for other, name in NAMES.items() if given.get(PREFIX + name)]
    if meant and not found.named:
        raise FleetError(
            f"{PREFIX}{NAMES[meant[0]]} names something, and {PREFIX}source is {source}, for which {found.variable} "
            f"would have to. Set {PREFIX}source: {meant[0]}, or name that one.",
            "image_missing",
        )
    return found


def reference(value: object, variable: str) -> Reference:
    """Raises FleetError for anything but registry/path, with a tag, a digest or both."""
    text = str(value)
    found = REFERENCE.match(text)
    if not found or not (found["tag"] or found["digest"]):
        shown = re.sub(r"^.*@(?!sha256:)", "****@", text)
        raise FleetError(
            f"{variable} is {shown!r}. Write registry/path@sha256:<64 hexadecimal digits>, or registry/path:tag, with "
            "the registry's name in front and without a password: `podman login` on the host keeps that."
        )
    return Reference(found["name"], found["tag"], found["digest"])


def _pinned(value: object) -> Reference:
    found = reference(value, PREFIX + "base")
    if found.digest is None:
        raise FleetError(
            f"{PREFIX}base names {found} by its tag, which may be another image tomorrow. Write {found.name}@sha256:..."
            " with the digest that you mean (`skopeo inspect` shows it)."
        )
    return found


def _number(values: Mapping[str, Any], name: str, default: int) -> int:
    found = values.get(PREFIX + name)
    return default if found is None else int(found)
