# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Metrics of a run as a collector reads them."""

from __future__ import annotations

import re
import subprocess

import pytest

from faiss_fleet.reports import prometheus
from tests import promtool
from tests.unit.faiss_fleet.reports.exported import fleet, text_of, waived


@pytest.mark.parametrize("hostile", [False, True])
def test_prometheus_lines_are_well_formed(hostile: bool) -> None:
    text = text_of(prometheus.render, fleet(hostile))
    label = r'[a-z_]+="(?:[^"\\\n]|\\["\\n])*"'
    sample = re.compile(rf"[a-z_0-9]+(?:\{{{label}(?:,{label})*\}})? -?[0-9.e+-]+")
    names = []
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            names.append(line.split()[2])
        elif not line.startswith("#"):
            assert sample.fullmatch(line), line
            assert re.split(r"[{ ]", line)[0] == names[-1]
    assert len(set(names)) == len(names)
    native = [line for line in text.splitlines() if line.startswith("faiss_fleet_host_native{")]
    assert len(native) == 60
    if not hostile:
        assert all(re.fullmatch(r'faiss_fleet_host_native\{host="[^"]+"\} [01]', line) for line in native)
        info = [line for line in text.splitlines() if line.startswith("faiss_fleet_host_info{")]
        assert len(info) == 60 and any('libc="glibc 2.17"' in line for line in info)


@pytest.mark.parametrize("hostile", [False, True])
def test_promtool_finds_nothing_to_say(hostile: bool) -> None:
    done = subprocess.run(
        [promtool.path(), "check", "metrics"],
        input=text_of(prometheus.render, fleet(hostile)).encode(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    broken = subprocess.run([promtool.path(), "check", "metrics"], input=b"bad{ 1\n", capture_output=True, check=False)
    assert broken.returncode


def test_waived_hosts_are_counted_with_the_labels_of_what_they_are_part_of() -> None:
    hosts = fleet()
    old = [host for host in hosts if host["cause"] == "musl"]
    for until, holds in (("2026-11-22", True), ("2026-11-21", False)):
        for host in old:
            host["host"]["waivers"] = [waived("musl", until)]
        lines = text_of(prometheus.render, hosts).splitlines()
        count = len(old) * holds
        assert f'faiss_fleet_hosts_waived{{state="fallback",mode="verified"}} {count}' in lines
        assert 'faiss_fleet_hosts_waived{state="failed",mode="verified"} 0' in lines
        assert f'faiss_fleet_hosts_by_cause_waived{{cause="musl",mode="verified"}} {count}' in lines
        assert 'faiss_fleet_hosts_by_cause_waived{cause="disk_full",mode="verified"} 0' in lines
        assert f'faiss_fleet_waivers{{status="in_force"}} {int(holds)}' in lines
        assert f'faiss_fleet_waivers{{status="expired"}} {int(not holds)}' in lines
        waived_info = [line for line in lines if line.startswith("faiss_fleet_host_info{") and 'waived="true"' in line]
        assert len(waived_info) == count
