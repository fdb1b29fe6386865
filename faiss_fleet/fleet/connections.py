# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Connections of hosts, made as Ansible makes them for a task: plugin, options out of the host's variables, become.

Everything here runs in the main thread of its process; only ``Line.ask`` may be called from another one. Most of what a
connection costs is working out its options, so hosts whose variables say the same share them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import action_loader, become_loader, connection_loader

from . import interpreter, payload
from .answered_host import HandOver
from .host_options import is_plain

CONNECTIONS = ("ssh", "local")
BECOME = ("sudo",)
# Of a host alone: what else its variables say is worked out once for all hosts that say the same.
OWN = ("inventory_hostname", "ansible_host", "ansible_ssh_host")
SHELLS = (None, "sh", "bash")
_PREFIXES = ("ansible.builtin.", "ansible.legacy.")


@dataclass(frozen=True)
class Line:
    """A host's connection and the command that runs Python at its end."""

    connection: Any
    command: str

    def ask(self, text: bytes) -> tuple[int, str, str]:
        """Exit status, standard output and standard error of Python that is fed this text."""
        status, out, err = self.connection.exec_command(self.command, in_data=text, sudoable=True)
        return int(status or 0), out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


class Lines:
    """Makes connections for hosts of the play of an action."""

    def __init__(self, action: Any) -> None:
        self._task, self._context, self._templar = action._task, action._play_context, action._templar
        self._loader, self._plugins = action._loader, action._shared_loader_obj
        self._options: dict[str, dict[str, Any]] = {}
        self._commands: dict[str, str | None] = {}
        # A loader that is used for the first time in a thread fails there.
        for name in CONNECTIONS:
            connection_loader.get(name, self._play_context({}), None)
        for name in BECOME:
            become_loader.get(name)
        # By kind and name of a plugin: the variables that set its options. Ansible knows those of a loaded one only.
        self._variables_of: dict[tuple[str, str], list[str]] = {}

    def value(self, value: Any, variables: Mapping[str, Any]) -> Any:
        """A variable's value, worked out with the host's others."""
        if is_plain(value):
            return value
        found = self._templar.copy_with_new_env(available_variables=dict(variables)).template(value)
        # Of the vault: it is decrypted when it is read as text.
        return str(found) if hasattr(found, "__ENCRYPTED__") else found

    def to(self, variables: Mapping[str, Any]) -> Line:
        """The connection to a host. Raises HandOver where Ansible itself had better make it."""
        try:
            return self._to(variables)
        except AnsibleError as exc:
            raise HandOver(f"its connection could not be prepared: {exc}") from exc

    def _to(self, variables: Mapping[str, Any]) -> Line:
        connection = self._prepared(variables)
        if connection.has_option("reconnection_retries"):
            connection.set_option("reconnection_retries", 0)  # the roles try again
        command = self._python(variables)
        become = connection.become
        if become is not None and self._other_user(connection, become):
            command = become.build_become_command(command, connection._shell)
        return Line(connection, f"{connection._play_context.executable} -c {quote(command)}")

    def action(self, variables: Mapping[str, Any]) -> Any:
        """An action plugin that runs modules on a host, as a task of the play would. For a process with one host."""
        connection = self._prepared(variables)
        shell = connection._shell
        self._set_options(shell, "shell", shell._load_name, variables)
        return action_loader.get(
            "ansible.legacy.normal",
            task=self._task,
            connection=connection,
            play_context=connection._play_context,
            loader=self._loader,
            templar=self._templar.copy_with_new_env(available_variables=dict(variables)),
            shared_loader_obj=self._plugins,
        )

    def _prepared(self, variables: Mapping[str, Any]) -> Any:
        name = str(self._one(variables, "ansible_connection", self._task.connection) or "ssh")
        for prefix in _PREFIXES:
            name = name.removeprefix(prefix)
        name = "ssh" if name == "smart" else name
        if name not in CONNECTIONS:
            raise HandOver(f"the batch does not know the connection {name}")
        if self._one(variables, "ansible_shell_type", None) not in SHELLS or constants.DEFAULT_KEEP_REMOTE_FILES:
            raise HandOver("its shell is none of the usual ones, or files are to be kept on it")
        connection = connection_loader.get(name, self._play_context(variables), None)
        self._set_options(connection, "connection", name, variables)
        if connection.has_option("pipelining") and not connection.get_option("pipelining"):
            raise HandOver("pipelining is off")
        if name == "local":
            connection.cwd = self._loader.get_basedir().encode()
        connection.set_become_plugin(self._become(variables))
        return connection

    def _one(self, variables: Mapping[str, Any], name: str, otherwise: Any) -> Any:
        value = variables.get(name)
        return otherwise if value is None else self.value(value, variables)

    def _play_context(self, variables: Mapping[str, Any]) -> Any:
        context = PlayContext(connection_lockfd=self._context.connection_lockfd)
        context.password, context.become_pass = self._context.password, self._context.become_pass
        context.timeout, context.no_log = self._context.timeout, self._task.no_log
        context.executable = self._one(variables, "ansible_shell_executable", constants.DEFAULT_EXECUTABLE)
        context.remote_addr = self._one(variables, "ansible_host", variables.get("inventory_hostname"))
        return context

    def _set_options(self, plugin: Any, kind: str, name: str, variables: Mapping[str, Any]) -> None:
        """As TaskExecutor does it, from the keywords of the task and the host's variables."""
        if (kind, name) not in self._variables_of:
            self._variables_of[kind, name] = constants.config.get_plugin_vars(kind, name)
        given = {each: variables[each] for each in self._variables_of[kind, name] if each in variables}
        values = {each: self.value(value, variables) for each, value in given.items()}
        key = repr((kind, name, sorted((each, value) for each, value in values.items() if each not in OWN)))
        if key not in self._options:
            keywords = self._task.dump_attrs()
            keywords.pop("retries", None)
            keywords["timeout"] = self._context.timeout
            for word, secret in (("password", self._context.password), ("become_pass", self._context.become_pass)):
                if secret:
                    keywords[word] = secret
            plugin.set_options(task_keys=keywords, var_options={**values, "_extras": {}})
            self._options[key] = dict(plugin._options)
        plugin._options = dict(self._options[key])
        if kind == "connection" and plugin.has_option("host"):
            options = {each: value for each, value in values.items() if each in OWN}
            host = constants.config.get_config_value("host", plugin_type=kind, plugin_name=name, variables=options)
            plugin.set_option("host", host)

    def _become(self, variables: Mapping[str, Any]) -> Any:
        if not boolean(self._one(variables, "ansible_become", self._task.become) or False):
            return None
        usual = self._task.become_method or constants.DEFAULT_BECOME_METHOD
        method = str(self._one(variables, "ansible_become_method", usual))
        for prefix in _PREFIXES:
            method = method.removeprefix(prefix)
        if method not in BECOME:
            raise HandOver(f"the batch does not know the become method {method}")
        plugin = become_loader.get(method)
        self._set_options(plugin, "become", method, variables)
        return plugin

    def _other_user(self, connection: Any, become: Any) -> bool:
        own = connection.get_option("remote_user") if connection.has_option("remote_user") else connection.default_user
        other = become.get_option("become_user")
        return bool(constants.BECOME_ALLOW_SAME_USER or own != other or not (own or other))

    def _python(self, variables: Mapping[str, Any]) -> str:
        given = variables.get("ansible_python_interpreter")
        usual = constants.config.get_config_value
        named = str(usual("INTERPRETER_PYTHON") if given is None else self.value(given, variables))
        if named not in self._commands:
            try:
                places = usual("_INTERPRETER_PYTHON_DISTRO_MAP")
            except AnsibleError:
                places = {}  # newer releases of ansible-core take the first that is found
            names = usual("INTERPRETER_PYTHON_FALLBACK")
            self._commands[named] = interpreter.command(payload.BOOT, named, names, places or {}, families())
        command = self._commands[named]
        if command is None:
            raise HandOver(f"the batch does not know how to start the Python {named}")
        return command


def families() -> dict[str, str]:
    """The family of each distribution, as Ansible's discovery has it."""
    from ansible.executor import interpreter_discovery

    return dict(getattr(interpreter_discovery, "OS_FAMILY_LOWER", {}))
