# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Follows the pages literally: their commands, in their order, in a checkout of its own, against hosts by real SSH."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import checkout, docs_walk, needs, postgresql
from tests.ssh_farm import Farm

ROOT = Path(__file__).resolve().parents[2]
READS_REPORTS = True
TWO = {"vector-01.example.org": "debian12", "vector-02.example.org": "centos7-py313"}
INVENTORY = {"all": {"children": {"canary": {"hosts": {"vector-01.example.org": {}}},
                                  "centos7": {"hosts": {"vector-02.example.org": {}}}}}}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """What a page takes for granted."""

    # Hosts by name, with their stand-ins. They are in inventory/prod, in the groups canary and centos7.
    hosts: Mapping[str, str] = field(default_factory=dict)
    # What a reader has done before; run in the checkout.
    before: str = ""
    # What ends what the page started.
    after: str = ""
    # Texts of its commands, and what they are here; ~ is the reader's home.
    replace: Mapping[str, str] = field(default_factory=dict)
    # Whether the page itself makes the environment and fills the cache.
    from_nothing: bool = False


AUDITED = "ansible-playbook audit.yml -i prod"
HERE = "make audit"
STORE = "postgresql://fleet:password@db.example.net/faiss_fleet"
DIED = "ImportError: /lib64/libm.so.6: version GLIBC_2.27 not found (required by libfaiss.so)"
WALKS = {
    "README.md": Page(TWO),
    "docs/tutorial.md": Page(TWO),
    "docs/how-to/air-gapped.md": Page(TWO, from_nothing=True),
    "docs/how-to/awx.md": Page(TWO, before=AUDITED),
    "docs/how-to/centos7-stock.md": Page({"vector-02.example.org": "centos7-stock"}),
    "docs/how-to/gate-in-ci.md": Page(TWO, before=f"{AUDITED}; {AUDITED} --check"),
    "docs/how-to/history.md": Page(TWO, before=f"{AUDITED}; {AUDITED}", replace={"20261122": "previous"}),
    "docs/how-to/use-from-node.md": Page(before=HERE),
    "docs/how-to/use-from-python.md": Page(
        before=f"{HERE} ARGS='-e faiss_install__strategies=wheel'; python3 -m venv ~/app",
        replace={"venv/bin/python": "python3", "/etc/faiss-fleet/": "~/.config/faiss-fleet/"},
    ),
    "docs/explanation/how-a-verdict-is-reached.md": Page(before=f"echo '{DIED}' > install.log"),
}


def reach(farm: Farm, project: Path) -> None:
    """Lets the names of a page's inventory lead into the farm's network, from outside of it.

    So the controller keeps its own network, as a reader's does.
    """
    relay = f"{' '.join(farm.prefix)} {needs.command('busybox')} nc %h %p"
    known = json.loads(farm.inventory.read_text(encoding="utf-8"))["all"]
    common = f"{known['vars']['ansible_ssh_common_args']} -o ProxyCommand='{relay}'"
    directory = project / "inventory" / "prod"
    shared = {**known["vars"], "ansible_ssh_common_args": common}
    (directory / "group_vars" / "all" / "reach.yml").write_text(json.dumps(shared))
    (directory / "host_vars").mkdir(exist_ok=True)
    for name, variables in known["hosts"].items():
        (directory / "host_vars" / f"{name}.yml").write_text(json.dumps(variables))
    (directory / "hosts.yml").write_text(json.dumps(INVENTORY))


# One page for `make test`: a host with Python 2.7 alone, by SSH. The others are for `make test-all`.
FAST = ("docs/how-to/centos7-stock.md", "docs/explanation/how-a-verdict-is-reached.md")


@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in WALKS]
)
def test_what_a_page_says_works(name: str, tmp_path: Path) -> None:
    needs.root()
    page, project = WALKS[name], checkout.copy(tmp_path / "faiss-fleet")
    home = tmp_path / "home"
    home.mkdir()
    if not page.from_nothing:
        (project / ".venv").symlink_to(ROOT / ".venv")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "FAISS_FLEET_", "XDG_"))},
        "HOME": str(home),
        # Downloads are the machine's own, so that the pages cost minutes and not hours.
        "XDG_CACHE_HOME": str(home / "cache" if page.from_nothing else cache),
        "FAISS_FLEET_STANDINS": os.environ.get("FAISS_FLEET_STANDINS", str(cache / "faiss-fleet-standins")),
        "PATH": f"{home / 'app' / 'bin'}:{project / '.venv' / 'bin'}:{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
        "FAISS_FLEET_SETTING": str(home / ".config" / "faiss-fleet" / "backend.json"),
        # `activate` of an environment that is a link leads to where it was made.
        **({} if page.from_nothing else {"FAISS_FLEET_REPORTS": str(project / "reports")}),
    }  # fmt: skip
    directories = dict.fromkeys(("/var/lib/app", "/var/lib/node_exporter/textfile", "/srv"), str(home))
    with Farm(page.hosts or {"unused": "centos7-nopython"}) as farm, postgresql.server() as store:
        own = {name: here.replace("~", str(home)) for name, here in page.replace.items()}
        replace = {"/path/to/faiss-fleet": str(project), STORE: store, **directories, **own}
        reach(farm, project)
        walk = docs_walk.Walk(project, environment, replace, farm.prefix)
        try:
            if page.before:
                subprocess.run(["bash", "-euc", page.before], cwd=project, env=environment, check=True)
            for block in docs_walk.blocks(name):
                fault = None if block.elsewhere else walk.run(block)
                assert fault is None, fault
        finally:
            if page.after:
                subprocess.run(["bash", "-euc", page.after], cwd=project, env=environment, check=True)
