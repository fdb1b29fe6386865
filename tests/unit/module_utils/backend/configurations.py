# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Backend configurations for tests, and what writes, restores and compares them."""
from __future__ import absolute_import, division, print_function

import io
import os
import stat
import sys

from ansible.module_utils.faiss_fleet.backend import (
    config as setting,
    write as setting_store,
)


JS = {"schema": 1, "backend": "js", "provider": "js", "candidate": None, "runtime": None,
      "versions": {"faiss": None}, "policy": "first", "because": "none", "verified": None}


def faiss(candidate="wheel:a", at="2026-11-22T00:00:00Z", argv=None, prefix=None, **env):
    runtime = {"kind": "python", "argv": [argv or sys.executable], "env": env, "prefix": prefix}
    return dict(JS, backend="faiss", provider="wheel", candidate=candidate, runtime=runtime, verified={"at": at})


def proof(wanted):
    return [{"candidate": wanted["candidate"], "ok": True, "runtime": wanted["runtime"]}]


def write(path, wanted, **options):
    """Sets it; returns whether that changed anything."""
    kept = options.pop("kept", 5)
    options.setdefault("passed", proof(wanted))
    plan, _entry = setting_store.apply(lambda: setting_store.plan_set(str(path), wanted, **options), kept=kept)
    return setting_store.changes(plan)


def restore(path, to="previous"):
    plan, _entry = setting_store.apply(lambda: setting_store.plan_restore(str(path), to))
    return setting_store.changes(plan)


def tree(directory):
    """Everything under a directory: kind, mode, owner, and content."""
    found = {}
    for where, directories, files in os.walk(str(directory)):
        for name in directories + files:
            path = os.path.join(where, name)
            status = os.lstat(path)
            content = io.open(path, "rb").read() if stat.S_ISREG(status.st_mode) else None
            found[path] = (status.st_mode, status.st_uid, status.st_gid, content)
    return found


def current(path):
    return setting.parse(io.open(str(path), "rb").read())[0]
