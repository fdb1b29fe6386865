# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Makes the one text that a host's Python reads from its standard input: the code of ``inspection`` and its questions.

The code is packed once for all hosts. Nothing is written on the host: its modules are imported out of memory.
"""

from __future__ import annotations

import base64
import functools
import json
import re
import secrets
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).resolve().parents[2] / "module_utils" / "faiss_fleet"
PACKAGE, ENTRY = "faiss_fleet", "inspection"
# A relative import; names may go on in brackets over lines. To parse the modules for it takes longer than all the rest.
IMPORT = re.compile(r"^[ ]*from (\.+)([\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
# Runs on Python 2.7 and 3.6+: 2.7 asks find_module and load_module, 3.4 and newer find_spec and exec_module.
LOADER = r'''
import base64, json, sys, types, zlib
try:
    from importlib.machinery import ModuleSpec
except ImportError:
    ModuleSpec = None                                # Python 2.7 has none and asks for none
class Sources(object):
    def __init__(self, texts):
        self.texts = texts
    def get_source(self, name):
        return self.texts[name][1]
    def is_package(self, name):
        return self.texts[name][0]
    def find_module(self, name, path=None):
        return self if name in self.texts else None
    def find_spec(self, name, path=None, target=None):
        if name not in self.texts:
            return None
        return ModuleSpec(name, self, is_package=self.texts[name][0])
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        self.execute(module)
    def load_module(self, name):
        module = sys.modules[name] = types.ModuleType(str(name))
        module.__loader__ = self
        if self.texts[name][0]:
            module.__path__ = []
            module.__package__ = str(name)
        else:
            module.__package__ = str(name.rpartition('.')[0])
        try:
            self.execute(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module
    def execute(self, module):
        module.__file__ = module.__name__.replace('.', '/') + '.py'     # by which inspect asks get_source
        code = compile(self.texts[module.__name__][1].encode('utf-8'), module.__file__, 'exec', 0, True)
        exec(code, module.__dict__)
sources = json.loads(zlib.decompress(base64.b64decode(SOURCES)).decode('utf-8'))
sys.meta_path.insert(0, Sources(sources))
sys.dont_write_bytecode = True
from faiss_fleet import inspection
inspection.main(QUESTIONS, MARK)
'''


@functools.cache
def sources() -> str:
    """The modules that ``inspection`` needs, as base64 of deflated JSON: {name: [is a package, text]}."""
    texts = {name: [path.name == "__init__.py", path.read_text("utf-8")] for name, path in _needed().items()}
    return base64.b64encode(zlib.compress(json.dumps(texts, sort_keys=True).encode(), 9)).decode("ascii")


def text(questions: Mapping[str, Any]) -> tuple[bytes, str]:
    """What goes to a host's standard input, and the mark that its answer stands behind."""
    mark = f"FAISS_FLEET_ANSWER {secrets.token_hex(16)} "
    asked = json.dumps(json.dumps(questions))
    return f"SOURCES = '{sources()}'\nQUESTIONS = {asked}\nMARK = '{mark}'\n{LOADER}".encode("ascii"), mark


def answer(output: str, mark: str) -> dict[str, Any] | None:
    """The answer in a host's standard output, whatever else was printed there; None when there is none."""
    _before, found, rest = output.partition(mark)
    try:
        said = json.loads(rest.partition("\n")[0]) if found else None
    except ValueError:
        return None
    return said if isinstance(said, dict) and isinstance(said.get("facts"), dict) else None


def _needed() -> dict[str, Path]:
    """By name, every module that ``inspection`` imports, and those that these import."""
    found: dict[str, Path] = {}
    queue = [f"{PACKAGE}.{ENTRY}"]
    while queue:
        name = queue.pop()
        path = _path(name)
        if not name or name in found or path is None:
            continue
        found[name] = path
        queue += [name.rpartition(".")[0], *_imports(name, path)]
    return found


def _path(name: str) -> Path | None:
    place = SOURCES.joinpath(*name.split(".")[1:])
    return next((path for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file()), None)


def _imports(name: str, path: Path) -> list[str]:
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found = []
    for dots, module, names in IMPORT.findall(path.read_text("utf-8")):
        base = [*package[: len(package) - len(dots) + 1], *module.split(".")]
        place = ".".join(part for part in base if part)
        found += [place, *(f"{place}.{name}" for name in re.findall(r"\w+", names))]
    return found

