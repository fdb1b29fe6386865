# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Facts are whole whatever the host is like: this machine, an empty root, a root full of traps."""

from __future__ import absolute_import, division, print_function

import json
import os
import shutil
import sys

import pytest
from ansible.module_utils.faiss_fleet.facts import gather as facts
from ansible.module_utils.faiss_fleet.host import Host

OPTIONS = {
    "prefix": "/opt/faiss-fleet",
    "setting": "/etc/faiss-fleet/backend.json",
    "interpreters": [],
    "search_paths": [],
}
UNAME = ("Linux", "host", "3.10.0-1160.el7.x86_64", "#1", "x86_64")

# U+FFFD, written so that it is text on Python 2 too.
REPLACEMENT = b"\xef\xbf\xbd".decode("utf-8")


def gather(host, **changes):
    return facts.plain(facts.Gathering(host, dict(OPTIONS, **changes), uname=lambda: UNAME).all())


def keys():
    return set(facts.empty())


def test_this_machine():
    found = facts.gather(Host(), dict(OPTIONS, interpreters=[sys.executable]))
    assert found["libc"]["family"] in ("glibc", "musl")
    assert found["method"] == "module"
    mine = [one for one in found["pythons"] if one["named"]]
    assert [one["version"] for one in mine] == [sys.version.split()[0]]
    assert found["seconds"] > 0
    json.dumps(found)


def test_an_empty_root_has_facts_of_the_same_shape(tmpdir):
    found = gather(Host(str(tmpdir), environ={}))
    assert set(found) == keys()
    assert (found["arch"], found["kernel"]) == ("x86_64", "3.10.0-1160.el7.x86_64")
    assert found["pythons"] == found["nodes"] == found["engines"] == []
    assert set(gap["fact"] for gap in found["gaps"]) >= set(["cpu", "memory_bytes", "filesystems"])


def test_a_root_full_of_traps_costs_only_the_parts_it_is_about(tmpdir):
    tmpdir.ensure("etc/ld.so.cache").write_binary(b"\0" * 50)
    tmpdir.ensure("etc", dir=True)
    os.mkfifo(str(tmpdir.join("etc/os-release")))
    tmpdir.ensure("proc/cpuinfo", dir=True)
    tmpdir.ensure("proc/meminfo").write("MemTotal: 1024 kB\n")
    tmpdir.ensure("usr/lib64/libstdc++.so.6").write_binary(b"\x7fELF" + b"\xff" * 200)
    tmpdir.ensure("usr/bin/python3").write_binary(b"\x7fELF\0")
    tmpdir.join("usr/bin/python3").chmod(0o755)
    tmpdir.ensure("opt/faiss-fleet/wheel/evil\nname\t{{ lookup('pipe', 'id') }}", dir=True)
    tmpdir.join("opt/faiss-fleet/loop").mksymlinkto("loop")
    found = gather(Host(str(tmpdir), environ={"PATH": "/usr/bin", "HOME": "/root"}))
    assert set(found) == keys()
    assert found["memory_bytes"] == 1048576
    assert found["libstdcxx"]["error"]
    assert found["pythons"][0]["error"]
    assert found["prefixes"][0]["digest"] == "evil\nname\t{{ lookup('pipe', 'id') }}", (
        "names are data, kept as they are"
    )
    assert all("\n" not in gap["reason"] for gap in found["gaps"])
    json.dumps(found)


def test_names_that_are_no_text_become_text(tmpdir):
    directory = os.path.join(str(tmpdir).encode(), b"opt/faiss-fleet/wheel/\xff\xfe")
    os.makedirs(directory)
    found = gather(Host(str(tmpdir), environ={}))
    assert REPLACEMENT in found["prefixes"][0]["path"]
    json.dumps(found).encode("utf-8")


def test_commands_that_hang_are_named_and_cost_no_more_than_the_limit(tmpdir):
    script = tmpdir.ensure("bin/gcc")
    script.write("#!/bin/sh\nsleep 60\n")
    script.chmod(0o755)
    host = Host(environ=dict(os.environ, PATH="%s:/usr/bin:/bin" % tmpdir.join("bin")), timeout=1)
    found = facts.gather(host, OPTIONS)
    assert "gave no answer within 1 s" in found["toolchains"]["gcc"]["error"]


def test_a_part_that_fails_is_a_gap(tmpdir, monkeypatch):
    def broken(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(facts.nodes, "search", broken)
    found = gather(Host(str(tmpdir), environ={}))
    assert found["nodes"] == []
    assert any(gap["fact"] == "nodes" and "Input/output error" in gap["reason"] for gap in found["gaps"])


def test_thirty_thousand_directories_in_opt_cost_less_than_a_second(crowded):
    opt = str(crowded.ensure("opt", dir=True))
    for number in range(30000):
        os.mkdir("%s/%05d" % (opt, number))
    shutil.copy("/bin/true", str(crowded.ensure("opt/29999/bin", dir=True).join("python3.9")))
    before = sum(os.times()[:2])
    found = gather(Host(str(crowded), environ={}))
    assert sum(os.times()[:2]) - before < 1
    assert [one["path"] for one in found["pythons"]] == ["/opt/29999/bin/python3.9"]


def test_what_is_capped_is_a_gap(tmpdir):
    for number in range(300):
        tmpdir.ensure("opt/%03d/bin" % number, dir=True)
        tmpdir.ensure("opt/conda%03d/conda-meta" % number, dir=True)
    tmpdir.ensure("opt/conda000/bin/conda").chmod(0o755)
    gaps = gather(Host(str(tmpdir), environ={"HOME": "/root"}))["gaps"]
    reasons = dict((gap["fact"], gap["reason"]) for gap in gaps)
    assert "Only the first 200 of about 301 directories" in reasons["search_paths"]
    assert "/opt/conda100" in reasons["condas"]


def test_a_python_whose_version_is_a_superscript_is_listed_with_its_words(tmpdir):
    line = r"faiss-fleet-python\0373.9.1\037cpython\037\302\262\037\037\302\262\0371\037\0373.9\037/usr\n"
    script = tmpdir.ensure("python")
    script.write("#!/bin/sh\nif [ $1 = --version ]; then echo Python 3.9.1; else printf '%s'; fi\n" % line)
    script.chmod(0o755)
    found = facts.gather(Host(), dict(OPTIONS, interpreters=[str(script)]))
    one = [python for python in found["pythons"] if python["named"]][0]
    assert one["version"] is None
    assert one["error"].startswith("It ended with 0 and said: faiss-fleet-python")


def test_anything_unexpected_is_a_gap(tmpdir, monkeypatch):
    monkeypatch.setattr(facts.nodes, "describe", lambda *_: [][1])
    found = gather(Host(str(tmpdir), environ={}))
    assert any(gap["fact"] == "nodes" and "IndexError" in gap["reason"] for gap in found["gaps"])


@pytest.mark.parametrize(
    "value, expected",
    [
        ({"a": (1, None, True, 1.5)}, {"a": [1, None, True, 1.5]}),
        (b"\xff", REPLACEMENT),
        (b"\xc3\xa9".decode("utf-8"), b"\xc3\xa9".decode("utf-8")),
    ],
)
def test_plain(value, expected):
    assert facts.plain(value) == expected
