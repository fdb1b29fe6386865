# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import pytest

from ansible.module_utils.faiss_fleet.search import oom


@pytest.mark.parametrize('cgroups, counter', [
    pytest.param('0::/user.slice/a\n', 'sys/fs/cgroup/user.slice/a/memory.events', id='version 2'),
    pytest.param('4:memory:/docker/x\n0::/\n', 'sys/fs/cgroup/memory/docker/x/memory.oom_control', id='version 1'),
    pytest.param('1:name=systemd:/\n0::/b\n', 'sys/fs/cgroup/unified/b/memory.events', id='hybrid'),
])
def test_the_kernel_counts_its_kills_for_a_cgroup_and_for_the_host(tmpdir, cgroups, counter):
    tmpdir.join('proc', 'self', 'cgroup').write(cgroups, ensure=True)
    assert oom.kills(str(tmpdir)) == {'cgroup': None, 'host': None}
    tmpdir.join('proc', 'vmstat').write('nr_free_pages 5\noom_kill 3\n')
    tmpdir.join(*counter.split('/')).write('oom 9\noom_kill 2\nunder_oom 0\n', ensure=True)
    before = oom.kills(str(tmpdir))
    assert before == {'cgroup': 2, 'host': 3}
    tmpdir.join('proc', 'vmstat').write('oom_kill 4\n')
    assert oom.since(before, str(tmpdir)) == {'cgroup': 0, 'host': 1}


def test_a_kernel_that_does_not_count_says_nothing(tmpdir):
    tmpdir.join('proc', 'vmstat').write('nr_free_pages 5\noom_kill many\n', ensure=True)
    assert oom.since(oom.kills(str(tmpdir)), str(tmpdir)) == {'cgroup': None, 'host': None}
