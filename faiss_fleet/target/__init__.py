# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The logic that travels to hosts, importable on the controller: ``from faiss_fleet.target import elf``.

Ansible ships ``module_utils/faiss_fleet/`` to hosts under its own name, which the controller's package has too; this
package lends that folder a second name instead of keeping a second copy.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

__path__.append(str(Path(__file__).resolve().parents[2] / "module_utils" / "faiss_fleet"))

if TYPE_CHECKING:
    # Those files run on Python 2.7 and carry no annotations; what they give is Any to the type checker.
    def __getattr__(name: str) -> Any: ...
