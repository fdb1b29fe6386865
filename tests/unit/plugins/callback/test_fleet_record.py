# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which playbooks are recorded, which hosts are due, and what ends a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sample_records import records
from tests.unit.plugins.action_calls import plugin as loaded
from tests.unit.plugins.callback.events import Inventory, callback, play, playbook, result, task

SAMPLE = next(records(1))
STAGES = [task("glibc_facts", "probe"), task("faiss_install", "install"), task("faiss.fleet.vector_backend", "backend")]
GATE = "fleet_report__fail_on_fallback"


@pytest.fixture(autouse=True)
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAISS_FLEET_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setenv("FAISS_FLEET_FORMATS", "csv")
    monkeypatch.setenv("FAISS_FLEET_RUN_ID", "")
    return tmp_path / "reports"


def begun(inventory: Inventory, *tasks: Any, **tags: Any) -> tuple[Any, list[str]]:
    plugin, shown = callback("fleet_record")
    audit = play(inventory, *(tasks or STAGES), **tags)
    plugin.v2_playbook_on_start(playbook(audit))
    plugin.v2_playbook_on_play_start(audit)
    return plugin, shown


def kept(reports: Path) -> dict[str, dict[str, Any]]:
    """Records by host of the one run."""
    (path,) = reports.glob("2*/records.jsonl")
    return {record["host"]["name"]: record for record in map(json.loads, path.read_text().splitlines())}


def test_every_host_that_was_due_has_its_record_and_the_reports_are_made(reports: Path) -> None:
    plugin, shown = begun(Inventory({}, "web1", "web2", "web3"))
    plugin.v2_runner_on_ok(result("web1", "glibc_facts", ansible_facts={"glibc_facts": SAMPLE["facts"]}))
    installed = {name: SAMPLE[name] for name in ("plan", "attempts", "verification", "strategies")}
    plugin.v2_runner_on_ok(result("web1", "faiss_install", **installed))
    plugin.v2_runner_on_ok(result("web1", "vector_backend", decision=SAMPLE["decision"], setting=SAMPLE["setting"]))
    plugin.v2_runner_on_unreachable(result("web2", "glibc_facts", msg="timed out"))
    plugin.v2_playbook_on_stats(None)
    found = kept(reports)
    assert {name: record["state"] for name, record in found.items()} == {
        "web1": "native", "web2": "unreachable", "web3": "failed"}  # fmt: skip
    assert found["web3"]["cause"] == "interrupted" and found["web1"]["host"]["groups"] == ["web"]
    text = "\n".join(shown)
    assert "web2" in text and "summary.csv" in text and (reports / "latest" / "summary.csv").is_file()
    assert (reports / "history.sqlite").is_file()


def test_a_run_without_reports_is_a_part_of_another_and_has_records_alone(
    reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAISS_FLEET_FORMATS", "")
    plugin, _shown = begun(Inventory({}, "web1"))
    plugin.v2_runner_on_unreachable(result("web1", "glibc_facts", msg="timed out"))
    plugin.v2_playbook_on_stats(None)
    assert list(kept(reports)) == ["web1"]
    assert not list(reports.rglob("*.csv")) and not (reports / "history.sqlite").exists()


def test_a_failure_ends_a_host_unless_it_is_ignored(reports: Path) -> None:
    plugin, _shown = begun(Inventory({}, "web1", "web2"))
    plugin.v2_runner_on_failed(result("web1", "faiss_install", msg="no room", cause="disk_full"))
    plugin.v2_runner_on_failed(result("web2", "faiss_install", msg="no room", cause="disk_full"), ignore_errors=True)
    assert {name: record["cause"] for name, record in kept(reports).items()} == {"web1": "disk_full"}
    decided = {"decision": SAMPLE["decision"], "setting": SAMPLE["setting"]}
    plugin.v2_runner_on_ok(result("web2", "vector_backend", **decided))
    plugin.v2_playbook_on_stats(None)
    assert {name: record["state"] for name, record in kept(reports).items()} == {"web1": "failed", "web2": "native"}


@pytest.mark.parametrize(
    "tasks, tags",
    [
        pytest.param([task("glibc_facts")], {}, id="a probe"),
        pytest.param([task("debug")], {}, id="another playbook"),
        pytest.param(STAGES, {"only": ("probe",)}, id="an audit with --tags probe"),
        pytest.param(STAGES, {"skip": ("backend",)}, id="an audit that sets nothing"),
    ],
)
def test_what_is_no_audit_is_not_recorded(reports: Path, tasks: list[Any], tags: dict[str, Any]) -> None:
    plugin, shown = begun(Inventory({}, "web1"), *tasks, **tags)
    plugin.v2_runner_on_ok(result("web1", "glibc_facts", ansible_facts={"glibc_facts": SAMPLE["facts"]}))
    plugin.v2_playbook_on_stats(None)
    assert shown == [] and not reports.exists()


def test_words_of_secret_variables_are_in_no_record(reports: Path) -> None:
    variables = {"app_password": "s3cr3t-word", "url": "https://me:0ther-word@h/", "plain": "kept-word", "pin": "12"}
    plugin, _shown = begun(Inventory(variables, "web1"))
    text = "s3cr3t-word 0ther-word kept-word 12"
    plugin.v2_runner_on_failed(result("web1", "faiss_install", msg=text, cause="unknown"))
    plugin.v2_playbook_on_stats(None)
    said = json.dumps(kept(reports)["web1"])
    assert "kept-word" in said and "s3cr3t-word" not in said and "0ther-word" not in said


def test_secrets_within_lists_and_mappings_are_in_no_record(reports: Path) -> None:
    variables = {
        "channels": ["https://me:l1st-word@h/t", {"url": "https://me:en%40coded@h/"}],
        "registry": {"user": "kept-word", "password": "n3sted-word"},
    }
    plugin, _shown = begun(Inventory(variables, "web1"))
    text = "kept-word; refused: l1st-word n3sted-word en@coded"
    plugin.v2_runner_on_failed(result("web1", "faiss_install", msg=text, cause="unknown"))
    plugin.v2_playbook_on_stats(None)
    said = json.dumps(kept(reports)["web1"])
    assert "kept-word" in said
    assert [word for word in ("l1st-word", "n3sted-word", "en@coded") if word in said] == []


def test_an_expression_that_fails_costs_no_host_its_record(reports: Path) -> None:
    plugin, _shown = begun(Inventory({"app_password": "{{ 1 / 0 }}"}, "web1"))
    plugin.v2_runner_on_failed(result("web1", "faiss_install", msg="no room", cause="disk_full"))
    plugin.v2_playbook_on_stats(None)
    assert kept(reports)["web1"]["cause"] == "disk_full"


def test_a_directory_of_runs_that_cannot_be_written_ends_the_run_before_any_host(reports: Path) -> None:
    reports.write_text("a file")
    with pytest.raises(SystemExit) as ended:
        begun(Inventory({}, "web1"))
    assert ended.value.code == 1


@pytest.mark.parametrize("value, closes", [(False, False), ("no", False), (True, True), ("{{ undefined_word }}", True)])
def test_an_inventory_without_hosts_closes_a_gate_and_is_a_warning_otherwise(value: Any, closes: bool) -> None:
    plugin, shown = begun(Inventory({GATE: value}))
    if closes:
        with pytest.raises(SystemExit):
            plugin.v2_playbook_on_stats(None)
    else:
        plugin.v2_playbook_on_stats(None)
        assert "names no host" in "\n".join(shown)


def test_an_inventory_is_named_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = loaded("callback", "fleet_record")._inventory_name
    assert name(str(tmp_path / "inventory" / "prod")) == "inventory/prod"
    assert (name("/srv/hosts"), name("a,b,")) == ("/srv/hosts", "a,b,")
