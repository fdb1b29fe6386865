# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""assessment.md says what the records say, in words that fit one host as well as ten thousand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.reports.summary import Summary
from faiss_fleet.store.queries import HostLine
from tests.sample_records import RUN
from tests.unit.faiss_fleet import hostile
from tests.unit.faiss_fleet.reports.assessed import FLEET, SECTIONS, assessed, kind, section, text

ROOT = Path(__file__).resolve().parents[4]


def test_a_mixed_fleet_gets_every_section_in_order() -> None:
    rendered = text(*FLEET)
    assert re.findall(r"^## (.*)$", rendered, re.MULTILINE) == SECTIONS
    states = Summary(asdict(RUN), FLEET).states
    assert f"Of 400 hosts, {states['native']} run FAISS natively" in section(rendered, "Summary")
    told = section(rendered, "Summary") + section(rendered, "Recommendation")
    assert not re.search(r"None|\{|  \b|\.\.(?!\.)| \.", told)


@pytest.mark.parametrize(
    "made, says",
    [
        pytest.param(kind("centos7-py313"), "The host edge00001.fra.example.net runs FAISS natively.", id="native"),
        pytest.param(kind("centos7-stock"), "falls back to JavaScript.", id="fallback"),
        pytest.param(kind("gone"), "could not be reached, so nothing is known about it.", id="unreachable"),
        pytest.param(kind("late"), "failed, so there is no verdict for it.", id="failed"),
    ],
)
def test_one_host_is_spoken_of_as_one(made: dict[str, Any], says: str) -> None:
    rendered = text(made)
    assert says in section(rendered, "Summary")
    assert "1 hosts" not in rendered
    assert "on every host" not in rendered


def test_all_native_is_one_sentence_without_obstacles() -> None:
    summary = section(text(kind("debian12"), kind("rocky9")), "Summary")
    assert summary.lstrip().startswith("All 2 hosts run FAISS natively. The way is wheel (FAISS")
    assert "stands in the way" not in summary


def test_a_machine_of_several_names_is_told_and_counts_once() -> None:
    first, other = kind("centos7-py313"), kind("centos7-py313")
    other["host"].update(name="b", same_machine_as=first["host"]["name"])
    said = text(first, other, kind("alpine"))
    assert "Of 2 hosts, 1 runs FAISS natively" in said
    assert f"A machine counts once, whatever names it has in the inventory: b is {first['host']['name']}." in section(
        said, "Summary"
    ).replace("`", "")


def test_a_check_predicts_and_says_so() -> None:
    made = kind("centos7-py313", verification=[], attempts=[])
    made["decision"]["predicted"] = True
    rendered = text(made, check=True)
    assert "would run FAISS natively. This was a check" in rendered
    assert "Feasible by the facts" in rendered
    assert "Proven" not in rendered
    assert "Whether anything predicted here holds" in section(rendered, SECTIONS[-1])


def test_an_unreachable_host_shows_the_age_of_its_last_good_result() -> None:
    made = kind("gone")
    name = made["host"]["name"]
    line = HostLine("r", name, "2026-11-15T10:11:12Z", "native", None, "", "faiss", "wheel", "1.9.0", "2.17", "x86_64",
                    0.4, 0.6, 2400.0, 3.4)  # fmt: skip
    told = section(text(made, good={name: line}), "Hosts without an answer")
    assert f"| {name} | native by wheel, FAISS 1.9.0, 7 days ago |" in told
    assert "no good result so far" in section(text(made), "Hosts without an answer")


def test_every_question_is_answered_for_every_class() -> None:
    rendered = section(text(*FLEET), "Questions that come up")
    assert len(re.findall(r"^\*\*.*\?\*\*$", rendered, re.MULTILINE)) == 6
    one = section(text(kind("centos7-py313")), "Questions that come up")
    assert "**Does devtoolset give this host a newer glibc?**" in one
    assert "Class" not in one


@pytest.mark.parametrize(
    "said",
    [
        hostile.SCRIPT,
        hostile.STEERED,
        hostile.TURNED,
        "```\n# Owned\n```",
        "`| a |`\n\n# Owned\n",
        "@everyone [x](y)",
    ],
)
def test_what_a_host_says_stays_text(said: str) -> None:
    made = [kind("full-disk"), kind("gone"), kind("late"), kind("read-only-etc"), kind("alpine"), kind("old-cpu")]
    for record in made:
        record["host"] = {"name": said, "groups": [said]}
        record["because"] = record["remedy"] = said
        record["errors"] = [{"stage": said, "cause": "unknown", "message": said}]
        for part in ("attempts", "verification"):
            for entry in record[part]:
                entry["message"] = said
        for candidate in record["plan"]:
            candidate["artefact"] = {**candidate["artefact"], "name": said, "version": said}
            candidate["note"] = f"So are: {said}"
            for reason in candidate["reasons"]:
                reason.update(file=said, library=said, need=said, have=said, text=said, symbols=[said])
        if record["facts"]:
            record["facts"]["os"]["name"] = record["facts"]["kernel"] = said
            record["facts"]["gaps"] = [{"fact": said, "reason": said}]
    found = assessed(made)
    rendered = "".join(found.render())
    assert rendered.replace("\n", "").isprintable()
    outside = _without_code(rendered)
    assert "<script" not in outside
    assert "Owned" not in re.findall(r"^#+ .*$", outside, re.MULTILINE)
    assert not re.search(r"^# Owned", outside, re.MULTILINE)
    assert not re.search(r"(?<!&#64;)@everyone", outside)
    assert not any(host for hosts in found.limit_files.values() for host in hosts if not re.fullmatch(r"[\w.-]+", host))


def _without_code(rendered: str) -> str:
    """What a reader of Markdown would not take for code: fences and spans gone, as CommonMark pairs them."""
    kept, fence = [], ""
    for line in rendered.splitlines():
        opening = re.match(r"(`{3,})", line)
        if fence:
            if line == fence:
                fence = ""
        elif opening:
            fence = opening[1]
        else:
            kept.append(re.sub(r"(?<![\\`])(`+)(?!`).*?(?<!`)\1(?!`)", "", line))
    assert not fence, "a block of code is not closed"
    return "\n".join(kept)


def test_the_same_records_give_the_same_text_in_any_process() -> None:
    script = (
        "from tests.unit.faiss_fleet.reports.test_assessment import FLEET, text; import hashlib;"
        "print(hashlib.sha256(text(*FLEET).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(seen) == 1
