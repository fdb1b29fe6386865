# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""`check` and `explain`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.sample_records import write_run
from tests.unit.faiss_fleet.cli.typed import call


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAISS_FLEET_REPORTS", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("FAISS_FLEET_STORE", raising=False)
    return tmp_path


def test_check_ends_with_0_where_all_hosts_can(fleet: Path) -> None:
    directory = write_run(fleet, 1)
    assert json.loads(call("check", "manylinux_2_17", "--json"))["totals"] == {"yes": 1, "no": 0, "unknown": 0}
    assert "1 can load it, 0 cannot" in " ".join(call("check", "manylinux_2_17", "-i", "inventory/prod").split())
    text = " ".join(call("check", "manylinux_2_34", status=1).split())
    assert "manylinux_2_34 needs GLIBC_2.34 of libc.so.6, this host has glibc 2.17" in text
    assert "In the way: glibc on 1." in text and directory.name in text


def test_check_as_csv_has_a_row_a_host_with_need_and_have(fleet: Path) -> None:
    write_run(fleet, 20)
    rows = list(csv.DictReader(io.StringIO(call("check", "node", "24", "--csv", status=1))))
    assert len(rows) == 20 and {row["verdict"] for row in rows} == {"yes", "no", "unknown"}
    old = next(row for row in rows if row["libc"] == "glibc 2.17")
    assert (old["need"], old["have"], old["library"], old["blocker"]) == ("GLIBC_2.28", "2.17", "libc.so.6", "glibc")


def test_explain_names_causes_of_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    log = tmp_path / "log"
    log.write_text("Error: /lib64/libm.so.6: version `GLIBC_2.27' not found (required by faiss-node)\n")
    text = call("explain", str(log))
    assert "glibc_too_old" in text
    long = [line for line in text.splitlines() if len(line) > 80 and not line.startswith("  line 1: ")]
    assert long == [], "a terminal of 80 columns"
    assert json.loads(call("explain", "--json", str(log)))[0]["cause"] == "glibc_too_old"
    library = tmp_path / "library.log"
    library.write_text("ImportError: libgomp.so.1: cannot open shared object file\n")
    said = call("explain", "--family", "apk", "--arch", "aarch64", str(library))
    assert "`apk add libgomp`" in said and "yum" not in said
    log.write_text("all is well\n")
    call("explain", str(log), status=1)
