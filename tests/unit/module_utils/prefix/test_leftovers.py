# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What killed runs left on a host goes, and what may be at work or is somebody else's stays."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import subprocess
import sys
import time

import pytest

from ansible.module_utils.faiss_fleet.locks import HostLock
from ansible.module_utils.faiss_fleet.prefix import leftovers

DIGEST = "0123456789abcdef"
NAMES = ("tmp/faiss-fleet-x1", "tmp/ansible_faiss_deploy_payload_x1", "home/ansible-tmp-1-2-3",
         "opt/wheel/%s.partial-812" % DIGEST)


@pytest.fixture(params=NAMES)
def left(request, tmpdir):
    """A directory with a file in it, two days old."""
    directory = tmpdir.ensure(request.param, dir=True)
    directory.ensure("index.bin")
    if request.param.startswith("home"):
        directory.ensure("1-prefix.tar.gz")
    age(directory, 2)
    return directory


def age(directory, days):
    for path in directory.listdir() + [directory]:
        path.setmtime(time.time() - days * 86400)


def sweep(tmpdir):
    return leftovers.sweep(str(tmpdir.join("opt")), str(tmpdir.join("tmp")), ansible=str(tmpdir.join("home")))


def test_what_is_old_and_unused_goes(tmpdir, left):
    assert sweep(tmpdir) == [str(left)] and not left.check()


def test_what_changed_within_a_day_stays(tmpdir, left):
    left.join("index.bin").setmtime()
    assert sweep(tmpdir) == [] and left.check()


def test_what_a_process_has_open_stays(tmpdir, left):
    child = subprocess.Popen([sys.executable, "-c", "held = open(%r); print('open'); import sys; sys.stdout.flush(); "
                              "sys.stdin.read()" % str(left.join("index.bin"))],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"open\n"
    try:
        assert sweep(tmpdir) == [] and left.check()
    finally:
        child.communicate()
    assert sweep(tmpdir) == [str(left)]


def test_what_is_of_another_user_stays(tmpdir, left):
    assert leftovers.sweep(
        str(tmpdir.join("opt")), str(tmpdir.join("tmp")), lambda: os.geteuid() + 1, str(tmpdir.join("home"))) == []
    assert left.check()


@pytest.mark.parametrize("module", leftovers.MODULES)
def test_a_task_is_ours_by_its_module(tmpdir, module):
    directory = tmpdir.ensure("home/ansible-tmp-1-2-3", dir=True)
    directory.ensure("AnsiballZ_%s.py" % module)
    age(directory, 2)
    assert sweep(tmpdir) == [str(directory)]


def test_every_module_that_runs_on_hosts_is_ours():
    root = os.path.join(os.path.dirname(__file__), *[os.pardir] * 4)
    found = set()
    for name in os.listdir(os.path.join(root, "library")):
        if name.endswith(".py"):
            with open(os.path.join(root, "library", name)) as handle:
                if "AnsibleModule(" in handle.read():
                    found.add(name[:-len(".py")])
    assert found == set(leftovers.MODULES)


def test_half_built_prefix_whose_maker_has_the_lock_stays(tmpdir):
    directory = tmpdir.ensure(NAMES[-1], dir=True)
    age(directory, 2)
    with HostLock(str(tmpdir.join("opt/wheel/.%s.lock" % DIGEST)), "maker"):
        assert sweep(tmpdir) == []
    assert sweep(tmpdir) == [str(directory)]


def test_other_names_and_links_stay(tmpdir):
    kept = [tmpdir.ensure(name, dir=True) for name in (
        "tmp/other", "opt/wheel/" + DIGEST, "opt/wheel/x.partial-1", "tmp/ansible_setup_payload_x1",
        "home/ansible-tmp-1-2-4")]
    kept[-1].ensure("AnsiballZ_setup.py")
    tmpdir.join("tmp/faiss-fleet-link").mksymlinkto(kept[0])
    for one in kept:
        age(one, 2)
    assert sweep(tmpdir) == [] and all(one.check() for one in kept)
