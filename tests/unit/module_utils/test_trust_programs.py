# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Root starts no program that others could have put there, whichever link or directory they could change."""

from __future__ import absolute_import, division, print_function

import os
from collections import namedtuple

import pytest
from ansible.module_utils.faiss_fleet import commands, trust
from ansible.module_utils.faiss_fleet.facts import gather, pythons
from ansible.module_utils.faiss_fleet.host import Host

from tests import needs
from tests.unit.module_utils.elf.elf_builder import Builder

Stat = namedtuple("Stat", "st_uid st_gid st_mode")
DIRECTORY, FILE = 0o040755, 0o100755


def look(tmpdir, **changed):
    """A look at real files whose owners and modes are made up: no test needs root's rights."""

    def lstat(path):
        name = os.path.relpath(path, str(tmpdir))
        real = os.lstat(path)
        uid, gid, mode = changed.get(name.replace("/", "_"), (0, 0, None))
        kind = real.st_mode & 0o170000
        return Stat(uid, gid, kind | (0o755 if mode is None else mode))

    return trust.Look(lambda path: str(tmpdir) + path, lstat)


@pytest.mark.parametrize(
    "changed, words",
    [
        ({}, None),
        ({"opt_app_bin_python3": (54321, 0, 0o755)}, "/opt/app/bin/python3 is owned by user id 54321"),
        ({"opt_app": (54321, 0, 0o755)}, "/opt/app is owned by user id 54321"),
        ({"opt_app_bin": (0, 0, 0o757)}, "/opt/app/bin is writable by every user"),
        ({"opt_app_bin": (0, 54321, 0o775)}, "/opt/app/bin is writable by the group id 54321"),
        ({"opt_app_bin": (0, 0, 0o775)}, None),
        ({"opt": (0, 0, 0o1777)}, None),
        ({"opt_app_bin_python3": (0, 0, 0o1757)}, "/opt/app/bin/python3 is writable by every user"),
        ({".": (54321, 0, 0o755)}, "/ is owned by user id 54321"),
    ],
)
def test_owner_and_mode_of_everything_on_the_way_count(tmpdir, changed, words):
    tmpdir.ensure("opt/app/bin/python3")
    assert look(tmpdir, **changed).objection("/opt/app/bin/python3") == words


def test_the_way_from_a_directory_on_is_the_end_of_the_whole_way(tmpdir):
    tmpdir.ensure("a/b/file")
    tmpdir.join("a/link").mksymlinkto("b")
    tmpdir.join("a/b/up").mksymlinkto("../link/file")
    tmpdir.join("a/b/away").mksymlinkto("/usr")
    tmpdir.join("a/loop").mksymlinkto("loop")
    tmpdir.join("a/dead").mksymlinkto("none")
    seen = trust.Look()
    for name in ("a/b", "a/b/file", "a/b/none", "a/link", "a/b/up", "a/b/away", "a/loop", "a/dead"):
        path = os.path.join(os.path.realpath(str(tmpdir)), name)
        above = trust.chain(os.path.dirname(path))
        assert above[-1:] + trust.chain(path)[len(above):] == [
            one for one in seen.inside(path) if one[0] != "/"], path


def test_the_directory_of_each_link_counts(tmpdir):
    tmpdir.ensure("usr/bin/python3.9")
    tmpdir.ensure("srv", dir=True).join("python").mksymlinkto("/usr/bin/python3.9")
    tmpdir.ensure("bin", dir=True).join("python").mksymlinkto("../srv/python")
    assert look(tmpdir).objection("/bin/python") is None
    assert look(tmpdir, srv=(54321, 0, 0o755)).objection("/bin/python") == "/srv is owned by user id 54321"
    assert "srv/python is a symbolic link of" in look(tmpdir, srv_python=(54321, 0, 0o777)).objection("/bin/python")


def test_links_that_lead_round_come_to_an_end(tmpdir):
    tmpdir.join("a").mksymlinkto("b")
    tmpdir.join("b").mksymlinkto("a")
    assert look(tmpdir).objection("/a") is None  # the kernel starts no such program either
    assert look(tmpdir, b=(54321, 0, 0o777)).objection("/a") == "/b is a symbolic link of user id 54321"


def test_what_is_not_there_is_left_to_the_start_to_name(tmpdir):
    assert look(tmpdir).objection("/absent/python") is None


def started(**options):
    """A host whose commands are recorded, and the record."""
    calls = []

    def run_all(argvs, timeout, environ):
        calls.extend(argv[0] for argv in argvs.values())
        return dict((key, commands.Result(0, "", "", None)) for key in argvs)

    return calls, dict(run_all=run_all, **options)


def test_root_does_not_start_it_and_names_it_in_a_gap(tmpdir):
    calls, options = started(uid=0, environ={})
    program = tmpdir.ensure("python3")
    program.chmod(0o777)
    host = Host(**options)
    result = host.run_all({("python", str(program)): [str(program), "--version"]})["python", str(program)]
    assert calls == []
    assert result.error.startswith("%s was not started as root, since " % program)
    assert host.gaps == [{"fact": "pythons", "reason": result.error}]


@pytest.mark.parametrize("changed", ["opt_app_lib", "opt_app_lib_libpython3.9.so.1.0"])
def test_root_does_not_start_what_loads_a_library_of_others(tmpdir, changed):
    python = Builder(needed=["libpython3.9.so.1.0"], runpath="$ORIGIN/../lib").build()
    tmpdir.join("opt/app/bin/python3.9").write_binary(python, ensure=True)
    tmpdir.join("opt/app/lib/libpython3.9.so.1.0").write_binary(Builder().build(), ensure=True)
    calls, options = started(uid=0, environ={}, root=str(tmpdir))
    host = Host(**options)
    host._look = look(tmpdir)
    argvs = {("python", "x"): ["/opt/app/bin/python3.9", "--version"]}
    assert host.run_all(argvs)["python", "x"].error is None and len(calls) == 1
    host = Host(**options)
    host._look = look(tmpdir, **{changed: (54321, 0, 0o755)})
    why = host.run_all(argvs)["python", "x"].error
    assert len(calls) == 1 and "is owned by user id 54321, and what is there is loaded with it" in why
    assert host.gaps == [{"fact": "pythons", "reason": why}]


def test_root_does_not_start_a_script_for_an_interpreter_of_others(tmpdir):
    tmpdir.join("opt/bin/node").write("#!/srv/app/sh\n", ensure=True)
    tmpdir.ensure("srv/app/sh")
    calls, options = started(uid=0, environ={}, root=str(tmpdir))
    host = Host(**options)
    host._look = look(tmpdir, srv_app=(54321, 0, 0o755))
    assert "/srv/app is owned by" in host.run_all({("node", "x"): ["/opt/bin/node"]})["node", "x"].error
    assert calls == []


def test_another_user_starts_what_there_is(tmpdir):
    calls, options = started(uid=1000, environ={})
    program = tmpdir.ensure("python3")
    program.chmod(0o777)
    host = Host(**options)
    host.run_all({"a": [str(program)]})
    assert (calls, host.gaps) == ([str(program)], [])


def test_a_python_that_reads_a_library_of_others_runs_no_code(tmpdir):
    tmpdir.ensure("opt/app/bin/python3.9")
    tmpdir.ensure("opt/app/lib/python3.9", dir=True).chmod(0o777)
    calls, options = started(uid=0, environ={}, root=str(tmpdir))
    host = Host(**options)
    host._look = look(tmpdir, **{"opt_app_lib_python3.9": (54321, 0, 0o755)})
    found = [("/opt/app/bin/python3.9", [], False)]
    results = {("python", "/opt/app/bin/python3.9"): commands.Result(0, "Python 3.9.1 PyPy", "", None)}
    said = pythons.ask(host, found, results, None)
    assert calls == []
    assert "/opt/app/lib/python3.9 is owned by user id 54321" in said["/opt/app/bin/python3.9"][2]


def test_a_whole_look_as_root_starts_nothing_of_another_user(tmpdir):
    needs.root()
    for name in ("python3.9", "node"):
        program = tmpdir.ensure("bin", name)
        program.write_binary(open("/bin/true", "rb").read())
        program.chmod(0o755)
        os.chown(str(program), 54321, 54321)
    host = Host(environ=dict(os.environ, PATH=str(tmpdir.join("bin"))))
    found = gather.gather(host, {"prefix": "/opt/x", "setting": "/etc/x/y", "interpreters": [], "search_paths": []})
    reasons = [gap["reason"] for gap in found["gaps"] if "is owned by user id 54321" in gap["reason"]]
    assert [gap.split(" ")[0] for gap in sorted(reasons)] == [
        str(tmpdir.join("bin/node")), str(tmpdir.join("bin/python3.9"))]
    assert "not started as root" in [one for one in found["pythons"] if one["path"] == str(tmpdir.join("bin/python3.9"))
                                     ][0]["error"]
