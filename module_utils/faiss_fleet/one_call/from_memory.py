# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Imports the package from texts in memory and has ``inspection`` answer. It runs before the package is there.

What a host reads on its standard input is this file, deflated; the texts as deflated JSON; the questions as JSON.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import sys
import types
import zlib
try:
    from importlib.machinery import ModuleSpec
except ImportError:
    ModuleSpec = None                                # Python 2.7 has none and asks for none


class Sources:
    """Finds and loads modules. 2.7 asks find_module and load_module, 3.4 and newer find_spec and exec_module."""

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


def run(data):
    """Answers questions, which follow on deflated JSON {modules: {name: [is a package, text]}, files}."""
    stream = zlib.decompressobj()
    sent = json.loads((stream.decompress(data) + stream.flush()).decode('utf-8'))
    asked = json.loads(stream.unused_data.decode('utf-8'))
    sys.meta_path.insert(0, Sources(sent['modules']))
    sys.dont_write_bytecode = True
    from faiss_fleet.one_call import inspection
    inspection.main(asked['questions'], asked['mark'], sent['files'])
