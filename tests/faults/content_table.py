# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What hosts say that is meant for a browser, a spreadsheet, a terminal or a template engine, as data."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.fleet import SETTING
from tests.faults.model import Fault, Inject, Seat
from tests.faults.on_hosts import amplifying, in_setting, within, written

HTML = "</script><script>canary()</script><img src=x onerror=canary()><svg onload=canary()>"
FORMULA = "=cmd|'/c canary()'!A1"
ESCAPES = "\x1b[31m\x1b]0;title\x07\x9b31m\u202eright to left\u2066"
# Evaluated by Ansible if anything ever hands it to a template. CANARY is in the environment of every run.
JINJA = "{{ lookup('pipe', 'touch $CANARY') }}{% for i in range(9) %}{{ i }}{% endfor %}"
MARKDOWN = "|[click](javascript:canary())|`| <img src=x onerror=canary()>"
NASTY = f"{HTML} {JINJA} {ESCAPES} {MARKDOWN}"
LONG = 10_000_000


def release(pretty: str | bytes, **more: str) -> Inject:
    value = pretty.encode() if isinstance(pretty, str) else pretty
    lines = [b'PRETTY_NAME="' + value + b'"', b'NAME="' + value + b'"']
    lines += [f'{name}="{text}"'.encode() for name, text in more.items()]
    return written("/etc/os-release", b"\n".join(lines) + b"\n")


def tool(path: str, text: str) -> Inject:
    """A program that prints this text, whatever it is asked."""

    def inject(seat: Seat) -> None:
        seat.write("/opt/says/text", text + "\n")
        seat.write(path, "#!/bin/sh\ncat /opt/says/text\n", 0o755)

    return inject


def elf(path: str) -> Inject:
    return lambda seat: seat.write(path, amplifying(), 0o755) and None


def content(name: str, what: str, inject: Inject, state: Any = "native", cause: Any = None, **more: Any) -> Fault:
    return Fault("content", name, what, inject, state, cause, **more)


def named(name: str) -> Inject:
    """A Python in a directory of this name."""
    return written(f"/opt/{name}/bin/python3.9", "#!/bin/sh\necho Python 3.9.1\n", 0o755)


SEARCHED = {"glibc_facts__search_paths": ["/opt/*/bin"]}

FAULTS = (
    content("os-release: HTML", "PRETTY_NAME and ID are scripts", release(HTML, ID=HTML, VERSION_ID=HTML)),
    content("os-release: formulas", "PRETTY_NAME and ID are formulas", release(FORMULA, ID=FORMULA, VERSION_ID="@SUM(1)")),
    content("os-release: escapes", "PRETTY_NAME moves the cursor and turns text around", release(ESCAPES, ID=ESCAPES)),
    content("os-release: templates", "PRETTY_NAME and ID are Jinja", release(JINJA, ID=JINJA, VERSION_ID=JINJA)),
    content("os-release: Markdown", "PRETTY_NAME and ID are links and table cells", release(MARKDOWN, ID=MARKDOWN)),
    content("os-release: bytes", "NUL and invalid UTF-8", release(b"a\x00b\xff\xfe\xc3(", ID="\x00")),
    content("os-release: a line of 10 MB", "one line", release("x" * LONG)),
    content("os-release: lines", "100,000 lines", written("/etc/os-release", "A=1\n" * 100_000)),
    content("path: HTML", "a directory with a Python is named by a script", named(HTML.replace("/", "")),
            variables=SEARCHED, keeps=("/opt",)),
    content("path: templates", "a directory with a Python is named by Jinja", named(JINJA), variables=SEARCHED,
            keeps=("/opt",)),
    content("path: control characters", "a directory with a Python has line ends and escapes in its name",
            named("a\nb\rc\x1b[31m\t=1+1"), variables=SEARCHED, keeps=("/opt",)),
    content("tool: HTML and templates", "node prints scripts and Jinja as its version", tool("/usr/local/bin/node", NASTY),
            keeps=("/opt/says",)),
    content("tool: 10 MB", "node prints one line of 10 MB", tool("/usr/local/bin/node", "v" * LONG),
            keeps=("/opt/says",)),
    content("tool: ELF", "a Python is an ELF file of 40,000 names, each the end of one long name", elf("/opt/elf/bin/python3.9"),
            variables={"glibc_facts__interpreters": ["/opt/elf/bin/python3.9"]}, keeps=("/opt/elf",), look=within(8),
            looks="little CPU", special=True, finding="H.11"),
    content("tool: gcc", "gcc prints scripts and Jinja", tool("/usr/bin/gcc", NASTY), keeps=("/opt/says",)),
    content("tool: podman", "podman prints scripts as JSON", tool("/usr/bin/podman", json.dumps({"Client": {
            "Version": NASTY}, "Server": NASTY})), keeps=("/opt/says",)),
    content("tool: ldd", "ldd prints escapes and Jinja", tool("/usr/bin/ldd", "ldd (GNU libc) 2.17" + NASTY),
            keeps=("/opt/says",)),
    content("machine-id: HTML", "the identity of the machine is a script", written("/etc/machine-id", NASTY)),
    content("configuration: HTML and templates", "backend.json has scripts and Jinja in its texts", in_setting(
            lambda found: found.update(because=NASTY, policy=NASTY, candidate=NASTY, provider=JINJA))),
    content("configuration: 10 MB", "backend.json has 10 MB in a text", written(SETTING, json.dumps({
            "schema": 1, "backend": "js", "because": "x" * LONG})), ("native", "failed"), (None, "unknown")),
)  # fmt: skip
