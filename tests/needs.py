# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a test needs of the machine. Absent means a failed test that names the remedy, never a silent skip."""
from __future__ import absolute_import, division, print_function

import glob
import os
import subprocess

import pytest


def command(name, remedy=None):
    """Path of a command on PATH or in /usr/sbin."""
    for folder in os.environ.get("PATH", "").split(os.pathsep) + ["/usr/sbin", "/sbin"]:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    pytest.fail("%s is not installed. %s" % (name, remedy or "Run `make test` as root, which installs it."))


def interpreter(version):
    """Path of a Python of that version ('2.7', '3.6'): on PATH, or among pyenv's versions."""
    candidates = ["/usr/bin/python" + version, "/usr/local/bin/python" + version]
    root = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    candidates += sorted(glob.glob(os.path.join(root, "versions", version + "*", "bin", "python")))
    for path in candidates:
        if os.path.exists(path):
            found = subprocess.check_output([path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
            if found.decode().strip() == version:
                return path
    pytest.fail("Python %s is not installed. Install it (pyenv install %s, or a distribution's package)." % (version, version))
