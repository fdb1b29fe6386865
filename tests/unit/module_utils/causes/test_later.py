# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import subprocess
import sys

from ansible.module_utils.faiss_fleet.causes import diagnose as causes, later as causes_later


def test_it_says_what_the_table_says():
    text = u"/lib64/libm.so.6: version `GLIBC_2.27' not found (required by /opt/x.so)"
    assert causes_later.diagnose(text) == causes.diagnose(text) != []
    assert causes_later.remedy('segfault') == causes.remedy('segfault')
    assert causes_later.known('segfault') and not causes_later.known('a cold')


def test_a_search_test_that_passes_never_reads_the_table():
    program = (
        'import sys, types\n'
        'sys.path[:] = %r\n'
        'for name in ("ansible", "ansible.module_utils"):\n'
        '    sys.modules[name] = types.ModuleType(name)\n'
        '    sys.modules[name].__path__ = %r\n'
        'from ansible.module_utils.faiss_fleet.prefix import unselected\n'
        'from ansible.module_utils.faiss_fleet.search import run\n'
        'print(sorted(name for name in sys.modules if name.endswith((".diagnose", ".table"))))\n')
    paths = list(sys.modules['ansible.module_utils'].__path__)
    said = subprocess.check_output([sys.executable, '-c', program % (sys.path, paths)])
    assert said.decode('ascii').strip() == '[]'
