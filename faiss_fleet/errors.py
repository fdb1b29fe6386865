# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The one exception that the controller raises for what a person can fix."""

from __future__ import annotations

from typing import Literal

Fault = Literal["host", "controller", "inventory"]

# What a resolver finds out about a class of hosts: nothing that could be made would run there. Every other failure to
# make something is one of the controller, and says nothing about the host.
OF_THE_HOST = frozenset(
    [
        "musl", "arch_mismatch", "glibc_too_old", "glibcxx_too_old", "cxxabi_too_old", "libgomp_version",
        "libgcc_too_old", "missing_shared_lib", "cpu_isa", "kernel_too_old", "python_version", "python_missing",
        "wheel_tag", "no_matching_distribution", "conda_glibc", "conda_unsat", "node_too_old", "too_large",
        "engine_missing", "docker_perm", "podman_userns", "cgroup_v2", "seccomp_clone3",
    ]
)  # fmt: skip
# The inventory asks for what is not there or is not understood.
OF_THE_INVENTORY = frozenset([None, "conda_not_found", "image_missing", "prebuild_missing"])

# What keeps a host from what it fetches by itself: a registry or a channel, or the way there. Then it is not known
# whether it could run that.
NOT_FETCHED = frozenset(
    [
        "clock_or_cert", "conda_network", "conda_not_found", "conda_terms", "corrupt_artefact", "git_tls_old",
        "hash_mismatch", "image_missing", "image_rate_limit", "network", "proxy", "tls",
    ]
)  # fmt: skip


def fault_of(cause: str | None) -> Fault:
    """Whose fault it is when the controller could not make something, by the cause alone."""
    if cause in OF_THE_HOST:
        return "host"
    return "inventory" if cause in OF_THE_INVENTORY else "controller"


def fault_on_host(cause: str | None, fetches: bool) -> Fault:
    """Whose fault it is when a host could not put something in place. fetches: whether it gets that by itself.

    The inventory says from where, so what is not to be got from there is no finding about the host.
    """
    return "inventory" if fetches and cause in NOT_FETCHED else "host"


class FleetError(Exception):
    """Names the thing, the cause and the next step in its text.

    cause: a name of the closed list in ``causes/table.py``, or None when the inventory or the command line is wrong.
    remedy: the next step alone, for a report's own column.
    log: all that a program said, where the message has its last words only; secrets are hidden in it already.
    fault: whose fault it is, where that does not follow from the cause.
    """

    def __init__(
        self,
        message: str,
        cause: str | None = None,
        remedy: str | None = None,
        log: str | None = None,
        fault: Fault | None = None,
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.remedy = remedy
        self.log = log
        self.fault: Fault = fault or fault_of(cause)
