# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import importlib
from typing import Any

import pytest

from faiss_fleet import argument_specs
from faiss_fleet.errors import FleetError
from faiss_fleet.target.search import run as search_test

TEST = "faiss_install__search_test"


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("faiss_install__polcy", "faiss_install__policy"),
        ("faiss_install_strategies", "faiss_install__strategies"),
        ("faiss_install___strategies", "faiss_install__strategies"),
        ("faiss-install__strategies", "faiss_install__strategies"),
        ("FAISS_INSTALL__PREFIX", "faiss_install__prefix"),
        ("faissinstall__strategies", "faiss_install__strategies"),
        ("faiss_instal__wheelhouse", "faiss_install__wheelhouse"),
        ("vector_backend_path", "vector_backend__path"),
        ("vectorbackend__path", "vector_backend__path"),
        ("glibc_fact__timeout", "glibc_facts__timeout"),
        ("fleet_report_fail_on_fallback", "fleet_report__fail_on_fallback"),
    ],
)
def test_a_misspelt_variable_is_named_with_the_one_that_was_meant(misspelt: str, meant: str) -> None:
    fault = argument_specs.name_fault(misspelt)
    assert fault is not None and fault.endswith(f"Did you mean {meant}?")
    assert len(fault) < 150


@pytest.mark.parametrize(
    "name",
    [
        "ansible_host", "ansible_python_interpreter", "prefix", "strategies", "app_version", "groups", "omit",
        "faiss_fleet_owner", "vector_db__path", "backend_path", "_faiss_install__result", "install_strategy",
        "faiss_install__prefix",
    ],
)  # fmt: skip
def test_variables_of_others_and_known_ones_are_left_alone(name: str) -> None:
    assert argument_specs.name_fault(name) is None


def test_a_removed_variable_of_a_role_is_refused_with_the_page_to_read() -> None:
    fault = argument_specs.name_fault("fleet_report__before")
    assert fault is not None and fault.startswith("fleet_report__before is not a variable of the role fleet_report.")
    assert "docs/reference/roles.md" in fault


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        pytest.param(
            TEST,
            {"workload": {"n": "10_000 vectors"}},
            f"{TEST}.workload.n is '10_000 vectors', which is not a whole number. Give 1 to 100000000.",
            id="n as words",
        ),
        pytest.param(
            TEST, {"workload": {"n": "10_000"}}, "not a whole number", id="digits that Python 2.7 cannot read"
        ),
        pytest.param(TEST, {"worklod": {"n": 1}}, f"{TEST} has no option 'worklod'. Did you mean workload?", id="key"),
        pytest.param(
            TEST,
            {"workload": {"thread": 1}},
            f"{TEST}.workload has no option 'thread'. Did you mean threads?",
            id="nested key",
        ),
        pytest.param(
            TEST, {"zzz": 1}, "Its options: workload, min_recall, timeout, memory_limit_mb.", id="no key is near"
        ),
        pytest.param(TEST, {"workload": 10000}, f"{TEST}.workload is 10000, which is not a mapping", id="no mapping"),
        pytest.param(
            TEST,
            {"workload": {"indexes": ["flat", "hnws"]}},
            "indexes[1] is 'hnws'. Did you mean hnsw? Give one of: flat, ivf, hnsw.",
            id="element",
        ),
        pytest.param(TEST, {"workload": {"n": 0}}, "Give 1 to 100000000", id="below the range"),
        pytest.param(TEST, {"workload": {"n": True}}, "not a whole number", id="true is not a number"),
        pytest.param(TEST, {"min_recall": {"ivf": 1.5}}, "Give 0 to 1", id="share"),
        pytest.param(
            "faiss_install__policy", "fastst", "Did you mean fastest? Give one of: first, fastest, fixed.", id="choice"
        ),
        pytest.param("faiss_install__keep", "perhaps", "not true or false", id="bool"),
        pytest.param("faiss_install__attempt_timeout", "inf", "Give at least 0", id="no end"),
        pytest.param("faiss_install__container_pids", 3, "Give 0 or at least 16", id="or nothing"),
        pytest.param("faiss_install__node_build", "controler", "Did you mean controller?", id="node_build"),
        pytest.param(
            "faiss_install__portable_python", {"file": "/x"}, "has file without sha256. Add sha256: 64 hex", id="half"
        ),
        pytest.param(
            "faiss_install__portable_python", {"file": "/x", "sha256": "ab"}, "Give 64 hexadecimal digits", id="sum"
        ),
        pytest.param(
            "faiss_install__faiss_source", {"git": "u", "version": "1"}, "has git without commit", id="no commit"
        ),
        pytest.param(
            "faiss_install__faiss_source", {"file": "/f", "url": "u"}, "has file and url. Give one of", id="two"
        ),
        pytest.param("faiss_install__wheel_version", ["1.9"], "not text", id="list for text"),
        pytest.param("vector_backend__mode", 416, "as quoted text", id="a mode that YAML read as a number"),
        pytest.param("faiss_install__wheelhouse", {"password=hush": 1}, "****", id="a secret"),
        pytest.param("faiss_install__wheelhouse", [f"https://me:{'hush' * 40}@h/"], "****", id="a secret that is cut"),
        pytest.param("vector_backend__margin_percent", 100, "Give 0 to 99", id="a margin above all"),
        pytest.param("vector_backend__corpus_size", 10.5, "not a whole number", id="half a vector"),
        pytest.param("vector_backend__latency_budget_ms", "fast", "not a number", id="a budget in words"),
    ],
)
def test_a_value_is_refused_with_what_it_has_to_be(variable: str, value: Any, told: str) -> None:
    _typed, faults = argument_specs.check(variable, value)
    assert [fault for fault in faults if told in fault], faults
    assert all(fault.startswith(variable) and len(fault) < 300 and "hush" not in fault for fault in faults)
    with pytest.raises(FleetError):
        argument_specs.typed(variable, value)


@pytest.mark.parametrize(
    ("variable", "value", "typed"),
    [
        ("faiss_install__keep", "false", False),
        ("faiss_install__keep", "yes", True),
        ("faiss_install__strategies", "wheel,js", ["wheel", "js"]),
        ("faiss_install__attempt_timeout", "600", 600.0),
        ("faiss_install__container_memory_mb", 0, 0),
        ("faiss_install__wheel_version", 1.9, "1.9"),
        ("faiss_install__wheelhouse", None, None),
        ("faiss_install__portable_python", {}, {}),
        ("vector_backend__mode", "", ""),
        ("vector_backend__mode", "0640", "0640"),
        (TEST, '{"workload": {"n": "500"}, "timeout": 9}', {"workload": {"n": 500}, "timeout": 9}),
    ],
)
def test_a_value_gets_its_type(variable: str, value: Any, typed: Any) -> None:
    assert argument_specs.typed(variable, value) == typed


def test_ranges_are_of_options_that_exist_and_agree_with_the_search_test() -> None:
    for path in argument_specs.ranges():
        variable, *inside = path.split(".")
        spec = argument_specs.specs()[variable]
        for name in inside:
            spec = spec["options"][name]
    for name, (least, most) in search_test.LIMITS.items():
        assert argument_specs.ranges()[f"{TEST}.workload.{name}"] == {"min": least, "max": most}


def test_the_search_tests_options_have_the_modules_types() -> None:
    def shape(options: dict[str, Any]) -> dict[str, Any]:
        return {
            name: (
                option.get("type", "str"),
                option.get("elements"),
                option.get("choices"),
                shape(option.get("options") or {}),
            )
            for name, option in options.items()
        }

    module = shape(importlib.import_module("library_modules.faiss_search_test").ARGUMENT_SPEC)
    ours = shape(argument_specs.specs()[TEST]["options"])
    # What is tested, and whether briefly, is not for the inventory to say.
    own = {"runtimes", "setting", "files"}
    module["workload"][3].pop("figures")
    assert {name: option for name, option in module.items() if name not in own} == ours


class Vaulted:
    """As Ansible's vaulted value: no text by type, decrypted when it is read as text."""

    __ENCRYPTED__ = True

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


def test_a_vaulted_value_is_text_and_is_not_shown() -> None:
    assert argument_specs.check("faiss_install__wheelhouse", Vaulted("/srv/wheels")) == ("/srv/wheels", [])
    assert argument_specs.check("faiss_install__keep", Vaulted("no")) == (False, [])
    # By type, by choice, by range.
    for name, text in (("keep", "a-word"), ("policy", "a-word"), ("attempt_timeout", "-75319")):
        _value, (fault,) = argument_specs.check(f"faiss_install__{name}", Vaulted(text))
        assert text not in fault and "****" in fault
