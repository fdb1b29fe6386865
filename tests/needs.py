# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a test needs of the machine. Where CI is set, absent means failed; elsewhere the test is listed as not run.

Either way the reason and the remedy stand in pytest's list at the end: nothing is left out silently.
"""
from __future__ import absolute_import, division, print_function

import glob
import os
import subprocess

import pytest


def missing(text):
    """Ends the test: it cannot run on this machine."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)("NOT RUN: " + text)


def command(name, remedy=None):
    """Path of a command on PATH or in /usr/sbin."""
    for directory in os.environ.get("PATH", "").split(os.pathsep) + ["/usr/sbin", "/sbin"]:
        path = os.path.join(directory, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return missing("%s is not installed. %s" % (name, remedy or "Run `make test` as root, which installs it."))


def root():
    """Ends the test unless it runs as root: mounts, namespaces and containers want it."""
    if os.geteuid() != 0:
        missing("this test mounts file systems or makes network namespaces. Run `make test` as root.")


def interpreter(version):
    """Path of a Python of that version ('2.7', '3.6'): of a distribution, or among pyenv's versions."""
    candidates = ["/usr/bin/python" + version, "/usr/local/bin/python" + version]
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    candidates += sorted(glob.glob(os.path.join(pyenv, "versions", version + "*", "bin", "python")))
    for path in candidates:
        if os.path.exists(path):
            found = subprocess.check_output([path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
            if found.decode().strip() == version:
                return path
    return missing("Python %s is not installed. Install it (pyenv install %s)." % (version, version))
