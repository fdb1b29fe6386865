# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Connections of a batch say what Ansible's own would say, and unusual ones are left to it."""

from __future__ import annotations

import shlex
import zlib
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins import loader as plugin_loader
from ansible.template import Templar

from faiss_fleet.fleet import payload
from faiss_fleet.fleet.answered_host import HandOver
from faiss_fleet.fleet.connections import Lines

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19, every text of the inventory is a template
    trust_as_template = str
HOST = {"inventory_hostname": "web1", "ansible_python_interpreter": "/usr/bin/python3", "ansible_pipelining": True}


@pytest.fixture(scope="module")
def lines() -> Lines:
    loader = DataLoader()
    action = SimpleNamespace(
        _task=Task(),
        _play_context=PlayContext(),
        _loader=loader,
        _templar=Templar(loader=loader),
        _shared_loader_obj=plugin_loader,
    )
    return Lines(action)


def command(line: Any) -> str:
    """What runs on the host, with a word in the place of the program."""
    return str(line.command).replace(payload.BOOT, "BOOT")


def test_a_host_is_reached_as_its_variables_say(lines: Lines) -> None:
    given = {"ansible_host": "192.0.2.7", "ansible_port": 2222, "ansible_user": "deploy"}
    jump = trust_as_template("-o ProxyJump={{ jump }}")
    line = lines.to({**HOST, **given, "ansible_ssh_common_args": jump, "jump": "gate"})
    options = {name: line.connection.get_option(name) for name in ("host", "port", "remote_user", "ssh_common_args")}
    expected = {"host": "192.0.2.7", "port": 2222, "remote_user": "deploy", "ssh_common_args": "-o ProxyJump=gate"}
    assert options == expected
    assert line.connection.get_option("reconnection_retries") == 0
    assert shlex.split(command(line)) == ["/bin/sh", "-c", "/usr/bin/python3 -c 'BOOT'"]


def test_hosts_that_say_the_same_share_their_options_but_for_the_address(lines: Lines) -> None:
    known = len(lines._options)
    first, second, third = (
        lines.to({**HOST, "inventory_hostname": name, **more, "ansible_user": "shared"})
        for name, more in (("a", {}), ("b", {"ansible_host": "192.0.2.9"}), ("c", {}))
    )
    assert [line.connection.get_option("host") for line in (first, second, third)] == ["a", "192.0.2.9", "c"]
    assert len(lines._options) == known + 1
    first.connection.set_option("port", 1)
    assert second.connection.get_option("port") != 1


def test_become_wraps_the_command(lines: Lines) -> None:
    line = lines.to({**HOST, "ansible_become": "yes", "ansible_become_user": "app", "ansible_user": "me"})
    shell, option, inner = shlex.split(command(line))
    assert (shell, option) == ("/bin/sh", "-c")
    assert inner.startswith("sudo ") and "-u app" in inner and "/usr/bin/python3 -" in inner
    assert line.connection.become.get_option("become_user") == "app"


@pytest.mark.parametrize(
    "variables, reason",
    [
        ({"ansible_connection": "community.docker.docker"}, "connection community.docker.docker"),
        ({"ansible_connection": "winrm"}, "connection winrm"),
        ({"ansible_become": True, "ansible_become_method": "su"}, "become method su"),
        ({"ansible_shell_type": "powershell"}, "shell"),
        ({"ansible_pipelining": False}, "pipelining is off"),
        ({"ansible_python_interpreter": "auto_legacy"}, "Python auto_legacy"),
        ({"ansible_host": trust_as_template("{{ nowhere }}")}, "could not be prepared"),
    ],
)
def test_what_is_unusual_is_left_to_the_roles(lines: Lines, variables: dict[str, Any], reason: str) -> None:
    with pytest.raises(HandOver, match=reason):
        lines.to({**HOST, **variables})


def test_a_python_of_this_machine_reads_what_it_is_sent(lines: Lines) -> None:
    line = lines.to({**HOST, "ansible_connection": "local"})
    sent = zlib.compress(b"def run(rest):\n    print(6 * int(rest))\n") + b"7"
    assert line.ask(sent)[:2] == (0, "42\n")


def test_modules_run_as_a_task_of_the_host_would_run_them(lines: Lines) -> None:
    become, shell = {"ansible_become": True, "ansible_become_user": "app"}, {"ansible_shell_executable": "/bin/bash"}
    action = lines.action({**HOST, **become, "ansible_remote_tmp": "/srv/tmp", "ansible_ssh_retries": 2, **shell})
    assert action._connection._shell.get_option("remote_tmp") == "/srv/tmp"
    assert action._connection.become.get_option("become_user") == "app"
    # Unlike in a single call, a lost line is tried again as often as Ansible is told to.
    assert action._connection.get_option("reconnection_retries") > 0
    assert action._play_context.executable == "/bin/bash"
    assert action._templar.available_variables["inventory_hostname"] == "web1"
