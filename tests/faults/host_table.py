# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Faults of hosts, as data: file systems, prefixes, configurations, limits, programs of others."""

from __future__ import annotations

import os

from tests.faults.fleet import NEW, OLD, PREFIX, SETTING
from tests.faults.model import Fault
from tests.faults.on_hosts import (
    all_of,
    crowd,
    damaged,
    directory,
    emptied,
    full,
    hang,
    immutable,
    in_setting,
    kill_modules,
    limited,
    link,
    mode,
    not_run,
    other_users,
    planted_prefix,
    read_only,
    replaced,
    sparse,
    tmpfs,
    truncate,
    untouched,
    within,
    written,
    zero,
)

PYTHON, SHELL = "/usr/bin/python3.11", "/usr/bin/sh"
PASSWD = b"root:x:0:0:root:/root:/bin/bash\napp:x:1000:1000::/home/app:/bin/sh\n"
SUPERSCRIPT = "#!/bin/sh\necho Python 3.\u00b2\n"
BACKGROUND = "#!/bin/sh\nsleep 300 &\necho v16.20.2\nexec sleep 300\n"
DIGITS = "#!/bin/sh\ni=0\nwhile [ $i -lt 2000 ]; do printf 123456789012345678901234567890123456789012345678901; i=$((i+1)); done\n"
OTHER = {"faiss_install__prefix": "/var/tmp/fleet"}


def host(name: str, what: str, inject: object, state: object = "native", cause: object = None, **more: object) -> Fault:
    return Fault("host", name, what, inject, state, cause, **more)  # type: ignore[arg-type]


FAULTS = (
    host("full prefix", "16 MB are left where the prefix goes", tmpfs("/opt", "size=16m,mode=0755"),
         "fallback", "disk_full", fresh=True),
    host("full /etc", "no block is left in /etc/faiss-fleet", full("/etc/faiss-fleet"), "failed", "disk_full", fresh=True),
    host("full /tmp", "no block is left in /tmp", full("/tmp"), ("native", "fallback"), (None, "disk_full")),
    host("full home", "no block is left in /root", full("/root"), ("native", "fallback", "failed"),
         (None, "disk_full", "python_missing"), fresh=True),
    host("noexec prefix", "the prefix is on a file system mounted noexec", tmpfs("/opt", "noexec,mode=0755"),
         "fallback", "noexec_mount", fresh=True),
    host("noexec /tmp", "/tmp is mounted noexec", tmpfs("/tmp", "noexec,mode=1777")),
    host("read-only prefix", "/opt is mounted read-only", read_only("/opt"), "fallback", "read_only", fresh=True),
    host("read-only /etc", "/etc is mounted read-only, on a new host", read_only("/etc"), "failed", "read_only", fresh=True),
    host("read-only /etc, configured", "/etc is mounted read-only, where all is in place", read_only("/etc"),
         ("native", "failed"), (None, "read_only")),
    host("read-only /tmp", "/tmp is mounted read-only", read_only("/tmp"), ("native", "fallback"), (None, "read_only")),
    host("prefix is a link", "/opt/faiss-fleet is root's link to /srv/faiss", all_of(
        directory("/srv/faiss"), link(PREFIX, "/srv/faiss")), fresh=True, keeps=("/srv",)),
    host("prefix is another's link", "/opt/faiss-fleet is a link of user 1000", all_of(
        directory("/srv/theirs", 0o755, 1000), link(PREFIX, "/srv/theirs", 1000)), "fallback", "permission_denied",
        fresh=True, keeps=("/srv",), finding="H.3"),
    host("prefix is a file", "/opt/faiss-fleet is a file", written(PREFIX, "not a directory"), "fallback",
         "not_a_folder", fresh=True),
    host("prefix of another user", "/opt/faiss-fleet belongs to user 1000", planted_prefix(PREFIX), "fallback",
         "permission_denied", fresh=True, finding="H.3"),
    host("prefix under /var/tmp", "user 1000 made the prefix's directory in /var/tmp first", planted_prefix("/var/tmp/fleet"),
         "fallback", "permission_denied", fresh=True, variables=OTHER, keeps=("/var/tmp/fleet",), finding="H.3"),
    host("prefix of mode 0777", "/opt/faiss-fleet is writable by all", directory(PREFIX, 0o777), "fallback",
         "permission_denied", fresh=True, finding="H.3"),
    host("prefix of mode 0700", "applications cannot enter /opt/faiss-fleet", directory(PREFIX, 0o700),
         "fallback", "permission_denied", fresh=True, finding="H.4"),
    host("prefix of mode 0000", "nobody but root can enter /opt/faiss-fleet", directory(PREFIX, 0o000),
         "fallback", "permission_denied", fresh=True, finding="H.4"),
    host("closed /etc/faiss-fleet", "applications cannot enter /etc/faiss-fleet", mode("/etc/faiss-fleet", 0o700),
         "failed", "permission_denied", finding="H.4"),
    host("closed configuration", "backend.json has mode 0600", mode(SETTING, 0o600), "failed", "permission_denied",
         finding="H.4"),
    host("lost module", "numpy/__init__.py of the prefix is gone", damaged("*/numpy/__init__.py", os.unlink),
         finding="H.1"),
    host("truncated library", "half of the loaded FAISS library is gone", damaged("*/faiss/_swigfaiss*.so", truncate),
         finding="H.1"),
    host("zeroed library", "64 kB of the loaded FAISS library are zeros", damaged("*/faiss/_swigfaiss*.so", zero),
         finding="H.1"),
    host("no manifest", "manifest.json of the prefix is gone", damaged("manifest.json", os.unlink),
         ("native", "fallback"), (None, "permission_denied"), finding="H.1"),
    host("half a manifest", "manifest.json of the prefix is cut in two", damaged("manifest.json", truncate),
         finding="H.1"),
    host("configuration is a dangling link", "backend.json is a link to what is not there", link(SETTING, "/srv/none.json"),
         ("native", "failed"), (None, "permission_denied"), keeps=("/srv/none.json", "/srv")),
    host("configuration is a link to /etc/passwd", "backend.json is root's link to another file", all_of(
        written("/etc/passwd", PASSWD), link(SETTING, "/etc/passwd")), "failed", "permission_denied",
        look=untouched("/etc/passwd", PASSWD), looks="/etc/passwd is unchanged", finding="H.17"),
    host("configuration is a directory", "backend.json is a directory", directory(SETTING), "failed",
         ("unknown", "permission_denied")),
    host("configuration is a FIFO", "backend.json is a named pipe that nobody writes to", replaced(SETTING, os.mkfifo),
         "failed", ("unknown", "permission_denied")),
    host("configuration of 1 GiB", "backend.json is a sparse file of 1 GiB", sparse(SETTING, 1 << 30),
         ("native", "failed"), (None, "unknown", "permission_denied")),
    host("configuration is garbage", "backend.json is not JSON", written(SETTING, b"\xff{ not json")),
    host("configuration is nested", "backend.json is 100,000 brackets deep", written(SETTING, "[" * 100000)),
    host("configuration of a newer schema", "backend.json says schema 99", in_setting(lambda found: found.update(schema=99)),
         ("native", "failed"), (None, "unknown")),
    host("configuration without runtime", "backend.json says faiss and nothing more",
         written(SETTING, '{"schema": 1, "backend": "faiss"}')),
    host("configuration of what is gone", "backend.json names a prefix that is not there",
         in_setting(lambda found: found["runtime"].update(prefix="/opt/faiss-fleet/wheel/" + "0" * 16))),
    host("foreign environment file", "backend.env was edited by hand",
         written("/etc/faiss-fleet/backend.env", "FAISS_FLEET_BACKEND=js\n")),
    host("immutable configuration", "backend.json has the attribute +i, and is to change", all_of(
        in_setting(lambda found: found.update(policy="fixed")), immutable(SETTING)), "failed",
        ("permission_denied", "read_only", "unknown")),
    host("empty directory at the prefix", "an empty directory is where the prefix was", emptied, finding="H.18"),
    host("little memory", "processes may have 400 MB of addresses", limited(**{"as": 400_000_000}),
         ("native", "fallback", "failed"), (None, "out_of_memory", "unknown", "timeout"), fresh=True, recipe=OLD),
    host("few open files", "processes may open 16 files", limited(nofile=16),
         ("native", "fallback", "failed"), (None, "file_limit", "unknown", "python_missing"), recipe=OLD),
    host("small files only", "processes may write files of 8 MB", limited(fsize=8_000_000),
         ("fallback", "failed", "unreachable"), ("disk_full", "unknown", "unreachable", "permission_denied"), fresh=True,
         recipe=OLD),
    host("module killed", "kill -9 of the first module", None, ("native", "failed", "fallback"), (None, "killed"),
         during=kill_modules, finding="H.8"),
    host("another user's Python", "/opt/app/bin/python3.9 belongs to user 1000", other_users("/opt/app/bin/python3.9"),
         look=not_run, looks="it was not run", keeps=("/opt/app",), finding="H.2"),
    host("another user's Node", "/opt/app/bin/node belongs to user 1000", other_users("/opt/app/bin/node"),
         look=not_run, looks="it was not run", keeps=("/opt/app",), finding="H.2"),
    host("superscript version", "a Python prints a superscript digit as its version", written(
        "/opt/odd/bin/python3.9", SUPERSCRIPT, 0o755), variables={"glibc_facts__interpreters": ["/opt/odd/bin/python3.9"]},
        keeps=("/opt/odd",), finding="H.16"),
    host("endless digits", "ldd prints 100 kB of digits", written("/usr/bin/ldd", DIGITS, 0o755), look=within(8),
         looks="little CPU", finding="H.6"),
    host("big os-release", "os-release is a sparse file of 150 MB", sparse("/etc/os-release", 150 << 20), look=within(8),
         looks="little CPU", finding="H.6"),
    host("crowded /opt", "30,000 directories in /opt", crowd, look=within(15), looks="little CPU",
         keeps=("/opt/crowd",)),
    host("node that goes on", "node starts a child in the background and never ends", written(
        "/usr/local/bin/node", BACKGROUND, 0o755), finding="H.6"),
    host("python3 that hangs", "/usr/bin/python3 sleeps for ever", hang(PYTHON), "fallback",
         ("python_missing", "timeout"), waits=True, recipe=NEW, finding="H.5"),
    host("shell and python3 that hang", "no program of the host ever answers", hang(SHELL, PYTHON), "failed",
         ("timeout", "unknown"), waits=True, recipe=NEW, finding="H.5"),
)
