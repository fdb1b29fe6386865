# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Condas from their records."""
from __future__ import absolute_import, division, print_function

import os

from ansible.module_utils.faiss_fleet import commands
from ansible.module_utils.faiss_fleet.facts import condas
from ansible.module_utils.faiss_fleet.host import Host

from tests import needs


def test_condas_are_read_from_their_records(tmpdir):
    tmpdir.ensure("opt/conda/conda-meta/conda-24.1.2-py311h06a4308_0.json")
    tmpdir.ensure("opt/conda/conda-meta/conda-libmamba-solver-24.1.0-pyhd_0.json")
    tmpdir.ensure("opt/conda/bin/conda").chmod(0o755)
    host = Host(str(tmpdir), environ={"HOME": "/root", "PATH": ""})
    found = condas.describe(host, condas.roots(host), {})
    assert found == [
        {"path": "/opt/conda/bin/conda", "kind": "conda", "root": "/opt/conda", "version": "24.1.2", "error": None}
    ]


def test_micromamba_is_asked(tmpdir):
    tmpdir.ensure("root/.local/bin/micromamba").chmod(0o755)
    host = Host(str(tmpdir), environ={"HOME": "/root", "PATH": ""})
    assert condas.commands(host) == {("conda", "micromamba"): ["/root/.local/bin/micromamba", "--version"]}
    found = condas.describe(host, [], {("conda", "micromamba"): commands.Result(0, "1.5.8\n", "", None)})
    assert (found[0]["kind"], found[0]["version"]) == ("micromamba", "1.5.8")


def test_a_conda_that_another_user_could_replace_is_none_for_root(tmpdir):
    needs.root()
    tmpdir.ensure("opt/conda/conda-meta/conda-24.1.2-py311h06a4308_0.json")
    tmpdir.ensure("opt/conda/bin/conda").chmod(0o755)
    os.chown(str(tmpdir.join("opt/conda/bin")), 54321, 54321)
    errors = []
    for uid in (0, 54321):
        host = Host(str(tmpdir), environ={"HOME": "/root", "PATH": ""}, uid=uid)
        (found,) = condas.describe(host, condas.roots(host), {})
        errors.append(found["error"])
        assert [gap["reason"] for gap in host.gaps] == [found["error"]] * (uid == 0)
    assert "was not started as root, since /opt/conda/bin is owned by user id 54321" in errors[0] and errors[1] is None
