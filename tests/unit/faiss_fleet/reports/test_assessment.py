# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""assessment.md says what the records say, in words that fit one host as well as ten thousand."""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.plan import host_class
from faiss_fleet.reports import assessment_loading, prose
from faiss_fleet.reports.assessment import Assessment
from faiss_fleet.reports.findings import Findings
from faiss_fleet.reports.summary import Summary
from faiss_fleet.store.queries import HostLine
from tests import needs
from tests.sample_records import KINDS, RUN, records
from tests.unit.faiss_fleet import hostile

ROOT = Path(__file__).resolve().parents[4]
SECTIONS = [
    "Summary",
    "Recommendation",
    "The glibc dependency chain",
    "Classes of hosts",
    "Hosts that told nothing",
    "Questions that come up",
    "Loading FAISS only where it works",
    "Risks",
    "What this assessment does not know",
]
FLEET = list(records(400))
OF_KIND = dict(zip((kind[0] for kind in KINDS), FLEET, strict=False))  # the first hosts are one of each kind


def assessed(made: Iterable[dict[str, Any]], check: bool = False, **more: Any) -> Assessment:
    made = list(made)
    run = {**asdict(RUN), "inventory": list(RUN.inventory), "check_mode": check}
    return Assessment(Summary(run, made), Findings(made), **more)


def text(*made: dict[str, Any], **more: Any) -> str:
    return "".join(assessed(made, **more).render())


def section(rendered: str, title: str) -> str:
    return re.split(r"^## ", rendered.partition(f"\n## {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def kind(name: str, **changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(OF_KIND[name]), **changes}


def commands(rendered: str) -> list[list[str]]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", rendered, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if not line.startswith("#")]
    return [shlex.split(line) for line in lines]


def test_how_much_faster_is_told_of_what_the_application_gets() -> None:
    made = kind("centos7-py313")
    native, js = made["verification"]
    native["loader"] = {"mode": "worker", "language": "python", "qps": 900.0, "p50_ms": 1.0, "p95_ms": 1.5}
    rendered = text(made)
    times = f"{js['indexes'][0]['p50_ms']:.1f} times as fast by p50 through the loader"
    assert times in section(rendered, "Recommendation")
    assert "| the same through the loader, as the application searches |" in rendered


def test_versions_are_numbers() -> None:
    facts = copy.deepcopy(OF_KIND["alpine"]["facts"])
    tags = ("cp310", "cp39", None, "cp36", "cp313")
    facts["pythons"] = [{"tag": tag, "version": "2.7.5"} for tag in tags]
    assert host_class.of(facts).pythons == ("2.7.5", "cp36", "cp39", "cp310", "cp313")


def test_what_all_have_and_has_no_room_is_counted() -> None:
    counter = Counter(dict.fromkeys("abcdef", 1))
    assert prose.shares(counter, of=1) == "a, b, c, d and 2 others"


def test_a_mixed_fleet_gets_every_section_in_order() -> None:
    rendered = text(*FLEET)
    assert re.findall(r"^## (.*)$", rendered, re.MULTILINE) == SECTIONS
    states = Summary(asdict(RUN), FLEET).states
    assert f"Of 400 hosts, {states['native']} run FAISS natively" in section(rendered, "Summary")
    told = section(rendered, "Summary") + section(rendered, "Recommendation")
    assert not re.search(r"None|\{|  \b|\.\.(?!\.)| \.", told)


def test_the_chain_leads_from_file_to_library_to_version_to_what_is_there() -> None:
    chain = section(text(kind("centos7-py313")), "The glibc dependency chain")
    row = "| faiss-cpu 1.15.1 | `faiss_cpu.libs/libgfortran-040039e1.so.5.0.0` → `libm.so.6` | `GLIBC_2.27` | 2.17 |"
    assert row in chain
    assert "uses `powf`, `expf` and `logf` of `libm.so.6` in the version `GLIBC_2.27`." in chain
    assert "The host's glibc is 2.17" in chain
    assert "also needs `GLIBCXX_3.4.22` of `libstdc++.so.6`" in chain


def test_nothing_in_the_way_is_said_to_be_so() -> None:
    chain = section(text(kind("debian12")), "The glibc dependency chain")
    assert chain.lstrip().startswith("No candidate was held up by a C or C++ library")


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


def test_native_despite_the_newest_release_is_told() -> None:
    assert (
        "On 1 host of them the newest release considered does not load (faiss-cpu 1.15.1 needs `GLIBC_2.27`; there it "
        "is glibc 2.17), and an older one does"
    ) in text(kind("centos7-py313"))


def test_a_failure_is_quoted_verbatim_with_its_cause_and_a_way_on() -> None:
    rendered = text(kind("full-disk"))
    assert "(wheel) could not be installed, cause `disk_full`." in rendered
    assert "```text\n[Errno 28] No space left on device: '/opt/faiss-fleet/wheel/.partial/" in rendered
    assert "-e faiss_install__prefix=/srv/faiss-fleet" in rendered


def test_figures_are_those_measured() -> None:
    made = kind("centos7-py313")
    native, js = (test["indexes"][0] for test in made["verification"])
    recommendation = section(text(made), "Recommendation")
    for found in (native, js):
        for key in ("p50_ms", "p95_ms"):
            assert f"{found[key]:.3g}" in recommendation
    assert f"{js['p50_ms'] / native['p50_ms']:.1f} times as fast" in recommendation


def test_without_figures_none_are_named() -> None:
    made = kind("centos7-py313", verification=[])
    rendered = text(made)
    assert "Nothing was measured there." in rendered
    assert "times as fast" not in rendered
    assert "How fast native FAISS is on 1 host" in section(rendered, SECTIONS[-1])


@pytest.mark.parametrize(
    "name, says",
    [
        ("alpine", "nothing that was planned loads there. Next comes what brings libraries of its own"),
        ("old-cpu", "once `cpu_isa` is mended"),
        ("centos7-stock", "because of `python_missing`"),
        ("read-only-etc", "no verdict, as the audit failed there with `read_only`"),
    ],
)
def test_what_is_recommended_follows_the_cause(name: str, says: str) -> None:
    assert says in section(text(kind(name)), "Recommendation")


@pytest.mark.parametrize(
    "system, command",
    [
        ({"id": "centos", "version": "7"}, "yum install -y podman"),
        ({"id": "rocky", "version": "9.4"}, "dnf install -y podman"),
        ({"id": "pop", "id_like": "ubuntu debian", "version": "22.04"}, "apt-get install -y podman"),
        ({"id": "alpine", "version": "3.20"}, "apk add podman"),
        ({"id": "sles", "version": "15.6"}, "zypper --non-interactive install podman"),
        ({"id": None, "version": None}, None),
    ],
)
def test_an_engine_is_installed_by_the_package_manager_of_the_host(system: dict[str, Any], command: str | None) -> None:
    record = kind("alpine", cause="engine_missing", remedy="Install one.")
    record["facts"]["os"] = {"name": None, **system}
    rendered = text(record)
    if command is None:
        assert "Install an engine, podman or docker, with the package manager of these hosts." in rendered
        return
    assert f"ansible.builtin.command -a '{command}' --become" in rendered
    others = {"yum", "dnf", "apt-get", "apk", "zypper"} - {command.split(" ")[0]}
    assert others.isdisjoint(re.findall(r"[a-z-]+", section(rendered, "Classes of hosts")))


ALL_WAYS = ["existing", "wheel", "conda", "container", "node"]


def test_what_was_not_asked_for_is_told_from_what_had_nothing_to_offer() -> None:
    some = text(kind("alpine", strategies=["wheel", "conda", "js"]))
    assert "Asked for, and every candidate blocked by the facts: wheel." in some
    assert "Asked for, and without any candidate there: conda." in some
    assert "Not asked for: existing, container and node" in some
    assert "was not asked for: container or node." in section(some, "Recommendation")
    unknown = section(some, SECTIONS[-1])
    assert "Whether conda could work with other inputs: it was asked for" in unknown
    assert "Whether container or node would work, or work better: they were not asked for" in unknown

    everything = text(kind("alpine", strategies=ALL_WAYS))
    assert "ot asked for" not in everything
    assert "of conda, container and node there is no candidate" in section(everything, "Recommendation")
    assert "faiss_install__strategies" in " ".join(map(" ".join, commands(some)))
    assert "Every way was asked for." in everything
    steps = everything.partition("**Steps**")[2]
    assert steps and "faiss_install__strategies" not in " ".join(map(" ".join, commands(steps)))


def test_a_plan_without_any_candidate_is_told_by_what_was_asked_for() -> None:
    bare = kind("alpine", strategies=["existing", "conda"], plan=[], cause=None, remedy=None)
    rendered = text(bare)
    assert "nothing that was asked for could be planned there" in section(rendered, "Recommendation")
    assert "Not feasible by what was asked for: existing and conda had no candidate there" in rendered
    assert "no native way was asked for" in text({**bare, "strategies": ["js"]})


def test_records_that_do_not_say_what_was_asked_for_are_owned_up_to() -> None:
    old = kind("alpine")
    del old["strategies"]
    rendered = text(old)
    assert "ot asked for" not in rendered
    assert "its records do not say whether that was asked for" in section(rendered, SECTIONS[-1])


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
    told = section(text(made, good={name: line}), "Hosts that told nothing")
    assert f"| {name} | native by wheel, FAISS 1.9.0, 7 days ago |" in told
    assert "no good result so far" in section(text(made), "Hosts that told nothing")


def test_gaps_and_disagreements_are_owned_up_to() -> None:
    made = kind("debian12")
    made["facts"]["libc"]["disagreement"] = "ldd says 2.31"
    made["facts"]["cpu"]["isa_level"] = None
    made["verification"][0]["warnings"] = ["the host was busy: the test had 28 % of a core at its worst"]
    rendered = text(made)
    assert "The fact `selinux` in full on 1 host. /sys/fs/selinux is not mounted." in rendered
    assert "the methods disagreed" in rendered
    assert "The CPU level of 1 host" in rendered
    assert "ran while the host was busy" in rendered


def test_commands_name_the_inventory_and_hosts_that_exist() -> None:
    found = assessed(FLEET)
    rendered = "".join(found.render())
    names = {name for record in FLEET for name in (record["host"]["name"], *record["host"]["groups"])}
    limits = 0
    for words in commands(rendered):
        assert words[0] in ("ansible", "ansible-playbook", "images/portable-python", "faiss-fleet", "skopeo"), words
        if "--limit" in words:
            limit = words[words.index("--limit") + 1]
            assert words[words.index("-i") + 1] == "inventory/prod"
            if limit.startswith("@"):
                hosts = found.limit_files[limit.rpartition("/")[2]]
                assert hosts
                assert set(hosts) <= names
                limits += 1
            else:
                assert limit == "NEW_HOSTS" or set(limit.split(",")) <= names
    assert limits > 3


def test_a_group_that_is_just_the_class_stands_for_it() -> None:
    made = [kind("debian12") for _each in range(6)]
    for number, record in enumerate(made):
        record["host"] = {"name": f"web{number}", "groups": ["prod", "web"]}
    other = kind("alpine")
    other["host"] = {"name": "db", "groups": ["prod"]}
    assert "ansible all -i inventory/prod --limit web -m faiss_search_test " in text(*made, other)


def test_every_question_is_answered_for_every_class() -> None:
    rendered = section(text(*FLEET), "Questions that come up")
    assert len(re.findall(r"^\*\*.*\?\*\*$", rendered, re.MULTILINE)) == 6
    one = section(text(kind("centos7-py313")), "Questions that come up")
    assert "**Does devtoolset give this host a newer glibc?**" in one
    assert "Class" not in one


def test_each_class_shows_every_answer_to_which_c_library_it_has() -> None:
    made = kind("centos7-py313")
    made["facts"]["libc"]["answers"] = [
        {"method": "loader", "family": "glibc", "version": "2.17", "source": "/lib64/ld-2.17.so", "error": None},
        {"method": "ldd", "family": None, "version": None, "source": None, "error": "ldd is not there"},
    ]
    rendered = section(text(made), "Classes of hosts")
    assert "| `loader` | glibc 2.17 | `/lib64/ld-2.17.so` |" in rendered
    assert "| `ldd` | nothing: ldd is not there |  |" in rendered
    assert "| `getconf` | was not asked |  |" in rendered


def test_each_class_names_the_releases_that_fit_and_why_others_do_not() -> None:
    rendered = section(text(kind("centos7-py313")), "Classes of hosts")
    fits = rendered.partition("**FAISS releases.**")[2].partition("\n")[0]
    assert "Fit by their tag and by what their files need: faiss-cpu 1.9.0.post1" in fits
    assert "Do not: faiss-cpu 1.15.1 (" in fits and "needs GLIBC_2.27 of libm.so.6" in fits


def test_javascript_is_judged_by_the_corpus_that_meets_usual_budgets() -> None:
    made = kind("centos7-py313")
    for test in made["verification"]:
        if test["backend"] == "js":
            test["indexes"][0]["p95_ms"] = 4.0
    said = section(text(made), "Classes of hosts").partition("**Native or JavaScript.**")[2].partition("\n")[0]
    assert "4.00 ms for 10,000 vectors of 384 dimensions" in said
    assert "10 ms up to 25,000 vectors, 50 ms up to 120,000 vectors and 100 ms up to 250,000 vectors" in said


@pytest.mark.parametrize(
    "engines, base",
    [
        ([], "python:3.12-slim-bookworm"),
        ([{"name": "docker", "version": "20.10.5+dfsg1", "answers": True}], "python:3.11-slim-bullseye"),
        ([{"name": "docker", "version": "26.1.5", "answers": True}], "python:3.12-slim-bookworm"),
    ],
)
def test_other_ways_say_what_each_takes_on_these_hosts(engines: list[dict[str, Any]], base: str) -> None:
    made = kind("centos7-py313")
    made["facts"]["engines"] = [{"path": "/usr/bin/x", "rootless": False, "error": None, **one} for one in engines]
    rendered = section(text(made), "Classes of hosts")
    ways = rendered.partition("**Other ways, and what each would take here.**")[2].partition("**Steps**")[0]
    assert "`yum install devtoolset-11-gcc-c++`" in ways, "the compiler that a build takes on CentOS 7"
    assert "asks for GLIBC_2.17 at most" in ways
    assert "CMake: need 3.17, have none (missing)" in ways
    assert ("`yum install podman`" in ways) == (not engines)
    audits = [words for words in commands(ways) if words[0] == "ansible-playbook"]
    asked = [json.loads(words[words.index("-e") + 1]) for words in audits]
    assert [one["faiss_install__strategies"] for one in asked] == [["node"], ["node"], ["container"]]
    assert [one.get("faiss_install__node_build") for one in asked] == ["controller", "host", None]
    assert asked[2]["faiss_install__container_base"] == {"image": f"REGISTRY/library/{base}@sha256:DIGEST"}


def test_what_the_ways_take_is_said_once_for_classes_that_are_alike() -> None:
    one, other = kind("centos7-py313"), kind("centos7-py313")
    other["host"] = {"name": "other", "groups": []}
    other["facts"]["cpu"]["isa_level"] = "x86-64-v2"
    rendered = section(text(one, other), "Classes of hosts")
    assert rendered.count("**Other ways, and what each would take here.**") == 1
    assert "**Other ways** take the same as for class 1, with `--limit" in rendered


def test_the_chain_of_the_node_binding_and_commands_that_show_it_again_are_given() -> None:
    made = kind("centos7-py313")
    blocked = next(one for one in made["plan"] if one["verdict"] == "blocked" and one["strategy"] == "wheel")
    blocked["artefact"]["file"] = "faiss_cpu-1.15.1-cp310-abi3-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"
    said = section(text(made), "The glibc dependency chain")
    assert "**The Node binding.**" in said and "`GLIBC_2.17` at most" in said and "was not read here" in said
    assert [words[:2] for words in commands(said)][:2] == [["faiss-fleet", "needs"]] * 2
    assert commands(said)[0][2] == blocked["artefact"]["file"]
    blocked["artefact"]["file"] = "x.whl; reboot"
    assert "reboot" not in section(text(made), "The glibc dependency chain")


@pytest.mark.parametrize("faiss", ["import os; os.abort()", "raise ImportError('GLIBC_2.27 not found')"])
def test_the_python_that_is_shown_survives_a_faiss_that_does_not_work(faiss: str, tmp_path: Path) -> None:
    compile(assessment_loading.PYTHON, "shown", "exec")
    (tmp_path / "faiss.py").write_text(faiss)
    (tmp_path / "shown.py").write_text(assessment_loading.PYTHON_ALONE + "\n\nprint(native())\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run([sys.executable, str(tmp_path / "shown.py")], env=environment, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "None\n"), ran.stderr


@pytest.mark.parametrize("code", [assessment_loading.NODE, assessment_loading.NODE_ALONE])
def test_the_javascript_that_is_shown_is_valid(code: str, tmp_path: Path) -> None:
    file = tmp_path / "shown.js"
    file.write_text(code)
    subprocess.run([needs.command("node"), "--check", str(file)], check=True)


def test_ten_thousand_hosts_in_many_classes_stay_readable() -> None:
    many = []
    for place, record in enumerate(FLEET * 25):
        twin = {**record, "host": {"name": f"h{place}", "groups": ["all_of_them"]}}
        if record["facts"]:
            cpu = {**record["facts"]["cpu"], "isa_level": ("x86-64-v2", "x86-64-v3", None)[place % 3]}
            twin["facts"] = {**record["facts"], "cpu": cpu}
        many.append(twin)
    rendered = text(*many)
    assert len(many) == 10_000
    classes = len({host_class.of(record["facts"]) for record in many if record["facts"]})
    assert classes > 12
    assert len(re.findall(r"^### Class ", rendered, re.MULTILINE)) == 12
    assert f"**{classes - 12} smaller class" in rendered
    assert len(rendered) < 90_000
    found = re.findall(r"^- \*\*Class \d+\*\*, ([\d,]+) host", rendered, re.MULTILINE)
    sizes = [int(size.replace(",", "")) for size in found]
    assert sizes == sorted(sizes, reverse=True)


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
