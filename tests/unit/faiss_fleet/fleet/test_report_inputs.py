# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet import argument_specs
from faiss_fleet.fleet import preflight
from faiss_fleet.fleet import report_inputs as inputs

INVENTORY = inputs.Inventory(frozenset({"web01", "web02"}), frozenset({"all", "centos7"}))
GOOD = {"host": "web01", "cause": "glibc_too_old", "reason": "replaced", "owner": "storage", "until": "2026-12-31"}


class AnsibleVaultEncryptedUnicode(str):
    """As Ansible names the type of a vaulted value."""


class Placed(str):
    """A text that knows the file it was read from, as Ansible's are."""

    ansible_pos = ("", 1, 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"cause": "glibc_to_old"}, "Did you mean glibc_too_old?", id="cause"),
        pytest.param({"cause": "bad weather"}, "docs/reference/causes.md", id="no such cause at all"),
        pytest.param({"host": "web1"}, "Did you mean web01?", id="host"),
        pytest.param({"host": None, "group": "centos"}, "Did you mean centos7?", id="group"),
        pytest.param({"host": None}, "neither a host nor a group", id="nobody"),
        pytest.param({"group": "centos7"}, "both a host and a group", id="host and group"),
        pytest.param({"until": "31.12.2026"}, "not a date", id="another order"),
        pytest.param({"until": "2026-02-30"}, "not a date", id="no such day"),
        pytest.param({"until": "20261231"}, "not a date", id="without hyphens"),
        pytest.param({"owner": " "}, "has no owner", id="no owner"),
        pytest.param({"reason": None}, "has no reason", id="no reason"),
        pytest.param({"untill": "2026-12-31"}, "Did you mean until?", id="misspelt key"),
    ],
)
def test_a_bad_waiver_is_refused_with_what_was_meant(change: dict[str, Any], told: str) -> None:
    values = {inputs.WAIVERS: [GOOD, {**GOOD, **change}]}
    (fault,) = preflight.faults("web01", values, inventory=INVENTORY)
    assert fault.startswith(f"{inputs.WAIVERS}[1]") and told in fault


def test_good_waivers_pass_and_a_date_of_yaml_is_one() -> None:
    dated = {**GOOD, "until": datetime.date(2026, 12, 31)}
    assert preflight.faults("web01", {inputs.WAIVERS: [GOOD, dated]}, inventory=INVENTORY) == []
    assert argument_specs.typed(inputs.WAIVERS, [dated])[0]["until"] == "2026-12-31"
    with pytest.raises(Exception, match="not text"):
        argument_specs.typed(inputs.WAIVERS, [{**GOOD, "until": datetime.datetime(2026, 12, 31)}])


def test_waivers_are_for_the_host_that_they_name_or_for_its_groups() -> None:
    of_group, of_all = {**GOOD, "host": None, "group": "centos7"}, {**GOOD, "host": "", "group": "all"}
    waivers = [GOOD, of_group, of_all]
    assert [each.get("group") for each in inputs.waivers_for("web01", ["centos7"], waivers)] == [None, "centos7", "all"]
    assert [each.get("group") for each in inputs.waivers_for("web02", [], waivers)] == ["all"]


@pytest.mark.parametrize("name", ["db_password", "api_token", "app_secret", "s3_api_key", "ansible_become_pass"])
def test_a_column_named_like_a_secret_is_refused_and_never_shown(name: str) -> None:
    raw = {name: "plain"}
    (fault,) = inputs.column_faults([name], raw, INVENTORY)
    assert name in fault and "leave it out" in fault
    assert inputs.columns_of([name], raw, [], lambda value: value) == {}


def test_a_vaulted_column_is_refused_alone_inside_or_from_a_vaulted_file(tmp_path: Path) -> None:
    vault, plain = tmp_path / "vault.yml", tmp_path / "plain.yml"
    vault.write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    plain.write_text("site: ams\n")
    from_vault, from_plain = Placed("x"), Placed("ams")
    from_vault.ansible_pos, from_plain.ansible_pos = (str(vault), 1, 1), (str(plain), 1, 1)
    hidden = AnsibleVaultEncryptedUnicode("x")
    pin, row = Placed("pin"), Placed("row")
    pin.ansible_pos, row.ansible_pos = (str(vault), 2, 1), (str(plain), 2, 1)
    raw = {"alone": hidden, "inside": {"list": [hidden]}, "file": from_vault, pin: 1234, "site": from_plain, row: 3}
    faults = inputs.column_faults(raw, raw, INVENTORY)
    assert [fault.split()[2] for fault in faults] == ["alone,", "inside,", "file,", "pin,"]
    assert inputs.columns_of(raw, raw, [], lambda value: value) == {"site": "ams", "row": "3"}


def test_columns_are_variables_and_groups_and_their_values_are_masked() -> None:
    raw = {"site": "{{ 'ams' }}", "url": "https://me:s3cret@h/x", "rack": {"row": 3, "password": "hunter22"}}
    cells = inputs.columns_of(
        [*raw, "group:edge", "group:core", "absent"], raw, ["edge"],
        lambda value: "ams" if value == raw["site"] else value,
    )  # fmt: skip
    rack = '{"row": 3, "password": "****"}'
    assert cells == {"site": "ams", "url": "https://****@h/x", "rack": rack, "group:edge": "yes"}


def test_unknown_columns_are_refused_with_what_was_meant() -> None:
    assert inputs.unknown_columns(["site", "group:edge", "db_password"], {"site"}) == []
    (fault,) = inputs.unknown_columns(["stie"], {"site", "rack"})
    assert "Did you mean site?" in fault and "group:NAME" in fault
    (fault,) = inputs.column_faults(["group:centos"], {}, INVENTORY)
    assert "Did you mean centos7?" in fault


def test_options_are_those_that_differ_from_the_defaults_without_secrets() -> None:
    raw = {
        "faiss_install__policy": "fastest",
        "faiss_install__offline": False,
        "faiss_install__keep": "{{ 1 == 2 }}",
        "faiss_install__conda_channels": ["https://conda.example/t/tk-1/main"],
        "fleet_report__columns": ["site"],
        "other": 1,
    }
    found = inputs.differing(raw, lambda value: "no" if value == "{{ 1 == 2 }}" else value)
    assert found["faiss_install__policy"] == "fastest" and "tk-1" not in found["faiss_install__conda_channels"]
    assert set(found) <= {"faiss_install__policy", "faiss_install__keep", "faiss_install__conda_channels"}
