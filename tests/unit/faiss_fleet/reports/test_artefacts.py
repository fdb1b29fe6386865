# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from faiss_fleet import reports
from faiss_fleet.fleet import preflight
from faiss_fleet.fleet import report_inputs as inputs
from faiss_fleet.reports import artefacts
from faiss_fleet.strategies.base import Options
from tests import sample_records


def test_artefacts_are_judged_when_the_run_ends_and_the_page_is_made_of_what_was_kept(tmp_path: Path) -> None:
    directory = Path(sample_records.write_run(tmp_path, 40))
    made = list(sample_records.records(40))
    warned: list[str] = []
    wanted = ["glibc 2.34", "glibc 2.34", "no such: thing"]
    artefacts.write(directory, wanted, lambda: made, Options(), warned.append)
    assert len(warned) == 1 and "'no such: thing'" in warned[0]

    judged = artefacts.read(directory)
    assert [each.asked for each in judged] == ["glibc 2.34", "no such: thing"]
    for record in made:
        facts = record["facts"]
        verdict, says = judged[0].answer(record["host"]["name"])
        if facts is None:
            assert verdict == "unknown" and says.startswith("Not examined")
        elif facts["libc"]["family"] == "glibc":
            new = float(facts["libc"]["version"]) >= 2.34
            assert verdict == ("yes" if new else "no") and ("2.34" in says) != new
    assert judged[0].answer("a host that came later") == artefacts.UNKNOWN
    assert "neither a path" in judged[1].error

    summary, _changed = reports.render(directory)
    (good, bad) = artefacts.told(judged, summary.rows)
    assert good.totals.total() == 40 and good.totals["no"] > 5 and sum(hosts for _says, hosts in good.reasons) < 40
    assert bad.totals["unknown"] == 40
    page = (directory / "index.html").read_text()
    assert f">{good.totals['no']} cannot</a>" in page and 'href="#hosts?loads:0=no"' in page
    assert "neither a path" in page and 'data-filter="loads:0"' in page


def test_what_is_damaged_or_absent_is_no_artefact(tmp_path: Path) -> None:
    assert artefacts.read(tmp_path) == []
    for text in ("", "[]", '{"artefacts": [{"x": 1}]}', '{"artefacts": [{"asked": "a", "name": "a", "answers": [1]}]}'):
        (tmp_path / artefacts.FILE).write_text(text)
        assert artefacts.read(tmp_path) == []
    (tmp_path / artefacts.FILE).write_text(json.dumps({"artefacts": [asdict(artefacts.Judged("a", "a"))]}))
    assert [each.name for each in artefacts.read(tmp_path)] == ["a"]


def test_an_artefact_that_is_none_is_refused_before_a_host_is_touched(tmp_path: Path) -> None:
    good = ["node 27", "manylinux_2_34", "numpy==2.5", str(tmp_path)]
    assert preflight.faults("web", {inputs.ARTEFACTS: good}) == []
    for text, says in (("/no/such.whl", "does not exist"), ("nod 27", "Did you mean node?")):
        (fault,) = preflight.faults("web", {inputs.ARTEFACTS: [text]})
        assert fault.startswith(inputs.ARTEFACTS) and says in fault
