# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Where in the inventory a host is named."""

from __future__ import annotations

from pathlib import Path

from faiss_fleet.reports.inventory_lines import InventoryLines


def test_sarif_leads_to_the_line_of_the_inventory_that_names_a_host(tmp_path: Path) -> None:
    prod = tmp_path / "prod"
    (prod / "group_vars").mkdir(parents=True)
    (prod / "group_vars" / "web.yml").write_text("web01: here it is a variable\n")
    (prod / "hosts.yml").write_text(
        "all:\n  hosts:\n    # db01:\n    web01:\n      ansible_host: db01\n    n[01:03].x.org:\n"
    )
    (prod / "more.ini").write_text("[old-1]\nold-1 ansible_port=22 # web01\n")
    found = InventoryLines(["a,b,", "prod"], ["web01", "n02.x.org", "old-1", "not-there"], tmp_path)
    assert found.of("web01") == ("prod/hosts.yml", 4)
    assert found.of("n02.x.org") == ("prod/hosts.yml", 6)
    assert found.of("old-1") == ("prod/more.ini", 2)
    assert found.of("not-there") == ("prod/hosts.yml", 1)
    assert InventoryLines(["elsewhere"], ["web01"], tmp_path).of("web01") == ("elsewhere", 1)
    assert InventoryLines(["/etc", "../x"], ["web01"], tmp_path).of("web01") == ("inventory", 1)
