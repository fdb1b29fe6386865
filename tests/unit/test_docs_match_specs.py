# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The names that people read are the names that the code takes: modules, action plugins and roles."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from faiss_fleet.fleet import stages

ROOT = Path(__file__).resolve().parents[2]
EVERY = sorted((ROOT / "library").glob("*.py"))
# A file without arguments stands for an action plugin that does the work on the controller.
MODULES = [path for path in EVERY if "ARGUMENT_SPEC" in path.read_text(encoding="utf-8")]
DOCUMENTED_ACTIONS = [path for path in EVERY if path not in MODULES]
ROLES = sorted(path.parent.parent for path in (ROOT / "roles").glob("*/meta/argument_specs.yml"))


def documented(path: Path) -> Any:
    """DOCUMENTATION, EXAMPLES and RETURN of a module of library/, from the file beside it."""
    return yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))


def spec_of(module: str) -> Any:
    """The arguments of a module of library/."""
    return importlib.import_module(f"library_modules.{module}").ARGUMENT_SPEC


def action_spec(name: str) -> Any:
    """ARGUMENT_SPEC of an action plugin, a literal, without importing Ansible's plugins."""
    tree = ast.parse((ROOT / "plugins" / "action" / f"{name}.py").read_text(encoding="utf-8"))
    (value,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ARGUMENT_SPEC"
    ]
    return ast.literal_eval(value)


def shape(options: dict[str, Any]) -> dict[str, Any]:
    """Names of options with what both sides must say alike."""
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "default": option.get("default"),
            "required": option.get("required", False),
            "choices": option.get("choices"),
            "options": shape(option.get("suboptions", option.get("options")) or {}),
        }
        for name, option in options.items()
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_modules_documentation_names_its_arguments(path: Path) -> None:
    documentation = documented(path)["DOCUMENTATION"]
    assert documentation["module"] == path.stem
    assert documentation["short_description"]
    assert shape(documentation.get("options") or {}) == shape(spec_of(path.stem))


def test_every_action_has_documentation() -> None:
    actions = {path.stem for path in (ROOT / "plugins" / "action").glob("*.py")}
    assert actions <= {path.stem for path in EVERY}
    assert {path.stem for path in DOCUMENTED_ACTIONS} <= actions


@pytest.mark.parametrize("path", DOCUMENTED_ACTIONS, ids=lambda path: path.stem)
def test_an_actions_documentation_names_its_arguments(path: Path) -> None:
    documentation = documented(path)["DOCUMENTATION"]
    assert documentation["module"] == path.stem
    options = documentation["options"]
    source = (ROOT / "plugins" / "action" / f"{path.stem}.py").read_text(encoding="utf-8")
    if "stages.Wanted.of(arguments)" in source:
        source += inspect.getsource(stages.Wanted.of)  # which the batch calls too
    if "\nARGUMENT_SPEC = {" in source:
        assert shape(options) == shape(action_spec(path.stem))
    else:
        named = set(re.findall(r"""(?:arguments|args)(?:\.get\(|\[)"(\w+)""", source))
        named |= set(re.findall(r"""validate_argument_spec\(\{"(\w+)""", source))
        assert set(options) == named


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_a_modules_examples_and_results_can_be_read(path: Path) -> None:
    found = documented(path)
    examples = yaml.safe_load(found["EXAMPLES"])
    assert all("name" in task for task in examples)
    for task in examples:
        assert set(task.get(path.stem) or {}) <= set(found["DOCUMENTATION"]["options"]), task["name"]
    assert all({"description", "returned", "type"} <= set(result) for result in found["RETURN"].values())


def test_the_action_plugin_of_glibc_facts_takes_what_the_module_takes() -> None:
    def without_paths(spec: dict[str, Any]) -> Any:
        return ast.literal_eval(repr(spec).replace("'path'", "'str'"))

    assert action_spec("glibc_facts") == without_paths(spec_of("glibc_facts"))


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_roles_defaults_are_its_arguments(role: Path) -> None:
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    named: dict[str, Any] = {}
    for entry in specs.values():
        named.update(entry.get("options") or {})
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text(encoding="utf-8")) or {}
    required = {name for name, option in named.items() if option.get("required")}
    assert set(defaults) == set(named) - required
    assert all(name.startswith(role.name + "__") for name in named)
    assert not any("default" in option for option in named.values()), (
        "Ansible would not apply a default of argument_specs"
    )


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_role_explains_itself(role: Path) -> None:
    assert (role / "README.md").is_file()
    comments = (role / "defaults" / "main.yml").read_text(encoding="utf-8")
    assert comments.count("#") >= 1


def test_every_role_has_argument_specs() -> None:
    roles = {path.name for path in (ROOT / "roles").iterdir() if path.is_dir()}
    assert roles == {role.name for role in ROLES}
