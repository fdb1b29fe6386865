# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the shell probe prints becomes facts of the schema; what a hostile host prints is data, or a clear error."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.fleet import raw_facts
from tests.unit.faiss_fleet.fleet.transcripts import LISTS, OPTIONS, judged, transcript

ROOT = Path(__file__).resolve().parents[4]
FIXTURES = ROOT / "tests" / "fixtures" / "facts"


def test_a_centos_7_without_python() -> None:
    found = judged((FIXTURES / "probe-centos7-nopython.txt").read_text(encoding="utf-8"))
    libc = found["libc"]
    assert (libc["family"], libc["version"], libc["method"], libc["disagreement"]) == ("glibc", "2.17", "loader", None)
    assert {one["method"]: one["version"] for one in libc["answers"]} == {
        "loader": "2.17",
        "confstr": None,
        "getconf": "2.17",
        "ldd": "2.17",
        "version_definitions": "2.17",
    }
    assert found["libstdcxx"]["versions"] == {"GLIBCXX": "3.4.19", "CXXABI": "1.3.7"}
    assert found["os"] == {
        "id": "centos",
        "id_like": "rhel fedora",
        "version": "7",
        "name": "CentOS Linux 7 (Core)",
        "release": "7.9.2009",
    }
    assert found["method"] == "raw"
    assert found["pythons"] == []
    assert found["gaps"][0] == {"fact": "module", "reason": "python: not found"}
    assert {one["purpose"]: one["writable"] for one in found["filesystems"]} == {
        "prefix": True,
        "tmp": True,
        "setting": True,
    }
    assert all(one["free_bytes"] > 0 for one in found["filesystems"])


def test_a_centos_7_with_a_python_that_ansible_was_not_told_of() -> None:
    found = judged((FIXTURES / "probe-centos7-py38.txt").read_text(encoding="utf-8"))
    (python,) = found["pythons"]
    assert (python["path"], python["version"], python["tag"]) == ("/usr/local/bin/python3.8", "3.8.6", "cp38")
    assert (python["soabi"], python["pip"], python["ctypes"]) == ("cpython-38-x86_64-linux-gnu", "20.2.4", False)
    (node,) = found["nodes"]
    assert (node["version"], node["napi"], node["modules"]) == ("16.20.2", 8, "93")


def test_words_before_the_probes_lines_are_passed_over() -> None:
    assert judged("Welcome!\narch\tsparc\n" + transcript("arch\tx86_64"))["arch"] == "x86_64"


def test_lines_of_a_terminal_end_in_carriage_returns() -> None:
    assert judged(transcript("arch\tx86_64").replace("\n", "\r\n"))["arch"] == "x86_64"


@pytest.mark.parametrize("text", ["", "sh: not found", "begin\tsomething else", "begin faiss-fleet-probe"])
def test_no_probe_at_all_is_an_error_that_names_the_next_step(text: str) -> None:
    with pytest.raises(FleetError, match="Check that /bin/sh works"):
        raw_facts.facts(text, "why")


def test_a_probe_that_was_cut_short_says_so() -> None:
    text = (FIXTURES / "probe-centos7-py38.txt").read_text(encoding="utf-8")
    for length in range(len("begin\tfaiss-fleet-probe\n"), len(text), 397):
        found = judged(text[:length])
        assert {"fact": "probe", "reason": "The shell probe ended early; what it did not reach is missing."} in found[
            "gaps"
        ]


def test_an_empty_host_has_whole_facts() -> None:
    found = judged(transcript())
    assert (found["libc"]["family"], found["selinux"]["status"]) == (None, "absent")
    assert {gap["fact"] for gap in found["gaps"]} >= {"cpu", "filesystems", "module"}


def test_musl_is_told_from_glibc_when_both_loaders_are_there() -> None:
    said = "musl libc (x86_64) Version 1.2.3 Dynamic Program Loader Usage: /lib/ld-musl-x86_64.so.1"
    found = judged(
        transcript(
            "loader\t/lib/ld-musl-x86_64.so.1",
            "loader_real\t/lib/ld-musl-x86_64.so.1",
            f"loader_says\t{said}",
            "loader\t/lib64/ld-linux-x86-64.so.2",
            "loader_real\t/lib64/ld-linux-x86-64.so.2",
            "loader_says\tld.so (x) version 2.36.",
            "interpreter\t/bin/sh",
            "interpreter_names\t/lib/ld-musl-x86_64.so.1",
            "ldd\tmusl libc (x86_64)~Version 1.2.3~",
        )
    )["libc"]
    assert (found["family"], found["version"], found["also_present"]) == (
        "musl",
        "1.2.3",
        ["/lib64/ld-linux-x86-64.so.2"],
    )
    assert found["disagreement"] is None


def test_a_loader_that_prints_its_version() -> None:
    said = (
        "ld.so (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36. Copyright (C) 2022 Free Software Foundation"
    )
    found = judged(
        transcript(
            "loader\t/lib64/ld-linux-x86-64.so.2",
            f"loader_says\t{said}",
            "interpreter\t/bin/sh",
            "interpreter_names\t/lib64/ld-linux-x86-64.so.2",
        )
    )["libc"]
    assert (found["version"], found["method"]) == ("2.36", "loader")


def test_faiss_and_numpy_of_the_right_python_alone() -> None:
    says = "\x1f".join(
        [
            "faiss-fleet-python",
            "3.6.8",
            "cpython",
            str(2**63 - 1),
            ".cpython-36m-x86_64-linux-gnu.so",
            "1114111",
            "1",
            "m",
            "3.6",
            "/usr",
            "/usr/lib64/python3.6",
        ]
    )
    found = judged(
        transcript(
            "python\t/usr/bin/python3.6",
            "python_real\t/usr/bin/python3.6",
            "python_named\tno",
            f"python_says\t{says}",
            "python_package\t/usr/lib64/python3.6/site-packages/numpy-1.14.3-py3.6.egg-info",
            "python_package\t/usr/local/lib/python3.6/site-packages/faiss_cpu-1.7.2.dist-info",
            "python_package\t/usr/local/lib/python3.6/site-packages/faiss",
            "python_package\t/usr/lib/python3.9/site-packages/faiss_cpu-1.9.0.dist-info",
        )
    )
    assert found["pythons"][0]["numpy"] == "1.14.3"
    assert found["faiss"] == [
        {
            "python": "/usr/bin/python3.6",
            "version": "1.7.2",
            "package": "faiss-cpu",
            "numpy": "1.14.3",
            "location": "/usr/local/lib/python3.6/site-packages",
        }
    ]


def test_a_python_that_does_not_start_is_listed_with_its_words() -> None:
    found = judged(transcript("python\t/usr/bin/python2.6", "python_says\tSyntaxError: invalid syntax"))
    assert found["pythons"][0]["version"] is None
    assert "SyntaxError" in found["pythons"][0]["error"]


def test_root_cannot_write_to_a_read_only_mount() -> None:
    found = judged(
        transcript(
            "uid\t0",
            "mount\t/dev/sda1 /opt ext4 ro,noexec 0 0",
            "directory\tprefix",
            "directory_path\t/opt/faiss-fleet",
            "directory_existing\t/opt",
            "directory_real\t/opt",
            "directory_writable\tyes",
            "directory_df\t/dev/sda1 100 50 50 50% /opt",
        )
    )
    (directory,) = found["filesystems"]
    assert (directory["writable"], directory["noexec"], directory["read_only"], directory["free_bytes"]) == (
        False,
        True,
        True,
        51200,
    )


@pytest.mark.parametrize(
    "lines, complete",
    [
        (["prefix\t/opt/faiss-fleet/wheel/0123abcd", 'prefix_digest\t  "digest": "0123abcd",'], True),
        (["prefix\t/opt/faiss-fleet/wheel/0123abcd", 'prefix_digest\t"digest": "other"'], False),
        (["prefix\t/opt/faiss-fleet/wheel/0123abcd"], False),
        (["prefix\t/opt/faiss-fleet/wheel/0123abcd.partial-1", 'prefix_digest\t"digest": "0123abcd"'], False),
    ],
)
def test_prefixes(lines: list[str], complete: bool) -> None:
    (prefix,) = judged(transcript(*lines))["prefixes"]
    assert (prefix["strategy"], prefix["digest"], prefix["complete"]) == ("wheel", "0123abcd", complete)


def test_engines() -> None:
    found = judged(
        transcript(
            "uid\t1000",
            "engine\t/usr/bin/podman",
            "engine_says\tpodman version 4.3.1",
            "engine\t/usr/bin/docker",
            "engine_says\tDocker version 20.10.24, build x",
            "helper\trunc",
            "helper\tconmon",
            "docker_server\t20.10.24",
        )
    )["engines"]
    assert [(one["name"], one["version"], one["answers"]) for one in found] == [
        ("podman", "4.3.1", False),
        ("docker", "20.10.24", True),
    ]
    assert "newuidmap" in found[0]["error"]


@pytest.mark.parametrize(
    "line",
    [
        "os_release\tID=$(reboot)",
        "engine\t/x/../podman",
        "node\t{{ lookup('pipe', 'id') }}",
        "python\t",
        "directory\tother",
        "prefix\t/",
        "devtoolset\t/opt/rh/x/root/usr/bin/gcc",
        "cpu_count\t" + "9" * 30,
        "meminfo\tMemTotal: x kB",
        "mount\t\\999 \\777 x y",
        'prefix_digest\t"digest": "\\u0000"',
        "conda\t/",
        "libc_version\tGLIBC_" + "9" * 40,
        "\t\t\t",
        "python_says\torphan",
    ],
)
def test_hostile_lines_are_data(line: str) -> None:
    judged(transcript(line))


def test_an_engine_of_another_name_is_left_out() -> None:
    assert judged(transcript("engine\t/usr/bin/lxc"))["engines"] == []


def test_arguments_are_carried_whole() -> None:
    options = {**OPTIONS, **LISTS, "prefix": "/opt/it's; reboot", "interpreters": ["/srv/a b/python", "/srv/$(x)"]}
    words = shlex.split(raw_facts.command(options))
    assert words[:2] == ["/bin/sh", "-c"]
    assert words[3:7] == ["faiss-fleet-probe", "/opt/it's; reboot", "/etc/faiss-fleet", "5"]
    assert words[8] == "/srv/a b/python\n/srv/$(x)"


def test_the_command_stays_below_the_kernels_limit_for_one_argument() -> None:
    assert len(raw_facts.command({**OPTIONS, **LISTS})) < 60000


def test_no_prefix_of_another_user_is_trusted() -> None:
    lines = ("prefix\t/opt/faiss-fleet/wheel/0123abcd", "prefix_untrusted\t/opt belongs to uid 1000",
             'prefix_digest\t"digest": "0123abcd"')  # fmt: skip
    (found,) = judged(transcript(*lines))["prefixes"]
    assert (found["complete"], found["reason"]) == (
        False, "/opt belongs to uid 1000, who could replace what is in it.")  # fmt: skip


def test_a_prefix_that_nothing_can_compare_is_a_gap() -> None:
    found = judged(transcript("prefix\t/opt/x/wheel/0123abcd", "prefix_unchecked\t/opt/x was not compared"))
    assert {"fact": "prefixes", "reason": "/opt/x was not compared"} in found["gaps"]


@pytest.mark.parametrize("key", ["ldd", "getconf", "loader_says", "python_says", "node_says", "meminfo", "os_release"])
def test_text_of_any_length_costs_linear_time(key: str) -> None:
    started = time.process_time()
    judged(transcript("loader\t/lib64/ld-linux-x86-64.so.2", f"{key}\tldd (GNU libc) " + "9" * 20_000_000))
    assert time.process_time() - started < 5


def test_a_superscript_is_no_number_and_no_error() -> None:
    says = "\x1f".join(["faiss-fleet-python", "3.9.1", "cpython", "²", "", "²", "1", "", "3.9", "/usr"])
    found = judged(transcript("python\t/usr/bin/python3.9", f"python_says\t{says}"))
    assert found["pythons"][0]["version"] is None


def test_each_node_has_its_own_npm() -> None:
    lines = ["node\t/usr/bin/node", "node_says\tv18.19.0", 'node_npm\t  "version": "9.2.0",']
    nodes = judged(transcript(*lines, "node\t/opt/node/bin/node", "node_says\tv20.1.0"))["nodes"]
    assert [node["npm"] for node in nodes] == ["9.2.0", None]
