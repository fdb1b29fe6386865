# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet.causes import diagnose as table
from faiss_fleet.causes import evidence

GLIBC = "/lib64/libm.so.6: version `GLIBC_2.27' not found (required by /x/libfaiss.so)"


def judged(module: str = "", kills: Any = None, **result: Any) -> tuple[Any, Any]:
    found = evidence.judged({"failed": True, **result}, module, kills)
    assert "said" not in found
    return found["cause"], found["remedy"]


def test_a_success_has_neither_cause_nor_remedy() -> None:
    assert evidence.judged({"changed": True}) == {"changed": True, "cause": None, "remedy": None}


def test_what_a_tool_said_is_better_than_the_modules_own_cause() -> None:
    assert judged(cause="build_failed", said=GLIBC, remedy="Read the log.") == (
        "glibc_too_old",
        table.remedy("glibc_too_old"),
    )


def test_the_modules_own_cause_and_remedy_stay_where_nothing_is_recognised() -> None:
    assert judged(cause="build_failed", said="nobody has seen this", remedy="Read the log.") == (
        "build_failed",
        "Read the log.",
    )
    assert judged(cause="disk_full", msg=GLIBC) == ("disk_full", table.remedy("disk_full"))


def test_a_module_that_never_ran_is_known_by_what_ansible_got_of_it() -> None:
    assert judged(msg="MODULE FAILURE", module_stderr=GLIBC, rc=1)[0] == "glibc_too_old"
    assert judged(msg="nobody has seen this") == ("unknown", table.remedy("unknown"))


@pytest.mark.parametrize("status", [-9, 137])
@pytest.mark.parametrize(
    "kills, cause",
    [(None, "killed"), ({"cgroup": 0, "host": 3}, "killed"), ({"cgroup": 1, "host": 1}, "out_of_memory")],
)
def test_a_killed_module_ran_out_of_memory_only_where_the_kernel_says_so(status: int, kills: Any, cause: str) -> None:
    assert judged(kills=kills, rc=status, module_stderr="Killed", msg="MODULE FAILURE") == (cause, table.remedy(cause))


@pytest.mark.parametrize("status, cause", [(139, "segfault"), (-4, "cpu_isa"), (143, "interrupted"), (200, "unknown")])
def test_other_signals_are_told_by_their_number(status: int, cause: str) -> None:
    assert judged(rc=status, msg="MODULE FAILURE")[0] == cause


def test_conda_on_a_host_solves_nothing() -> None:
    text = "LibMambaUnsatisfiableError: Encountered problems while solving"
    assert evidence.recognised(text)[0] == "conda_unsat"
    assert judged("faiss_conda_create", cause="unknown", said=text)[0] != "conda_unsat"


def test_every_cause_of_a_signal_is_in_the_closed_list() -> None:
    assert {*evidence.SIGNALS.values(), "killed"} <= set(table.CAUSES)
    assert evidence.remedy("no such cause") is None


@pytest.mark.parametrize(
    "said, cause",
    [
        ('Error: writing blob: storing blob to file "/var/tmp/storage1/1": no space left on device', "disk_full"),
        ("Error response from daemon: toomanyrequests: You have reached your pull rate limit.", "image_rate_limit"),
        ("Error: reading manifest sha256:ef in registry.example/team/faiss: manifest unknown", "image_missing"),
        (
            'Error response from daemon: failed to resolve reference "registry.example/team/faiss@sha256:ef": '
            "registry.example/team/faiss@sha256:ef: not found",
            "image_missing",
        ),
        (
            'Error response from daemon: failed to resolve reference "registry.example/team/faiss@sha256:ef": unexpected '
            "status from HEAD request to https://registry.example/v2/team/faiss/manifests/sha256:ef: 403 Forbidden",
            "image_missing",
        ),
        (
            'Error response from daemon: failed to resolve reference "registry.example/team/faiss@sha256:ef": unexpected '
            "status from HEAD request to https://registry.example/v2/team/faiss/manifests/sha256:ef: 429 Too Many Requests",
            "image_rate_limit",
        ),
        (
            'Error response from daemon: failed to resolve reference "registry.example/x@sha256:ef": failed to do request: '
            'Head "https://registry.example/v2/x/manifests/sha256:ef": dial tcp: lookup registry.example: no such host',
            "network",
        ),
        (
            "Error: writing blob: potentially insufficient UIDs or GIDs available in user namespace (requested 0:42 for "
            "/etc/gshadow): Check /etc/subuid and /etc/subgid if configured locally",
            "podman_userns",
        ),
        ('Get "https://registry.example/v2/": x509: certificate signed by unknown authority', "tls"),
        (
            "Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
            "docker_perm",
        ),
        (
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
            "engine_missing",
        ),
        (
            "Error: cannot clone: Invalid argument\nuser namespaces are not enabled in /proc/sys/user/max_user_namespaces",
            "podman_userns",
        ),
        (
            'ERRO[0000] cannot find UID/GID for user app: no subuid ranges found for user "app" in /etc/subuid',
            "podman_userns",
        ),
    ],
)
def test_what_a_container_engine_says_becomes_a_cause_with_a_remedy(said: str, cause: str) -> None:
    assert judged("faiss_container", cause="unknown", said=said) == (cause, table.remedy(cause))


@pytest.mark.parametrize(
    "module, said, cause",
    [
        ("faiss_conda_create", "OSError: [Errno 28] No space left on device", "disk_full"),
        ("faiss_node_build", "-- Could NOT find BLAS (missing: BLAS_LIBRARIES)", "blas_missing"),
    ],
)
def test_what_other_tools_say(module: str, said: str, cause: str) -> None:
    assert judged(module, cause="unknown", said=said, remedy="Read the log.") == (cause, table.remedy(cause))
