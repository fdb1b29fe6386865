# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is said of a class of hosts."""

from __future__ import annotations

import re

from faiss_fleet.plan import host_class
from tests.unit.faiss_fleet.reports.assessed import FLEET, SECTIONS, commands, kind, section, text


def test_a_failure_is_quoted_verbatim_with_its_cause_and_a_way_on() -> None:
    rendered = text(kind("full-disk"))
    assert "(wheel) could not be installed, cause `disk_full`." in rendered
    assert "```text\n[Errno 28] No space left on device: '/opt/faiss-fleet/wheel/.partial/" in rendered
    assert "-e faiss_install__prefix=/srv/faiss-fleet" in rendered


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


def test_each_class_shows_every_answer_to_which_c_library_it_has() -> None:
    made = kind("centos7-py313")
    made["facts"]["libc"]["answers"] = [
        {"method": "loader", "family": "glibc", "version": "2.17", "source": "/lib64/ld-2.17.so", "error": None},
        {"method": "ldd", "family": None, "version": None, "source": None, "error": "ldd is not there"},
    ]
    rendered = section(text(made), "Classes of hosts")
    assert "| `loader` | glibc 2.17 |  | `/lib64/ld-2.17.so` |" in rendered
    assert "| `ldd` | nothing: ldd is not there |  |  |" in rendered
    assert "| `getconf` | was not asked |  |  |" in rendered


def test_each_class_names_the_releases_that_fit_and_why_others_do_not() -> None:
    rendered = section(text(kind("centos7-py313")), "Classes of hosts")
    fits = rendered.partition("**FAISS releases.**")[2].partition("\n")[0]
    assert "Fit by their tag and by what their files need: faiss-cpu 1.9.0.post1" in fits
    assert "Do not: faiss-cpu 1.15.1 (" in fits and "needs GLIBC_2.27 of libm.so.6" in fits
