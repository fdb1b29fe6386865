# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Facts of hosts and packages of channels for the tests of this strategy."""

FINE = {"purpose": "prefix", "path": "/opt", "free_bytes": 10**10, "noexec": False, "read_only": False}


SHA = "ab" * 32


def facts(
    glibc="2.17", arch="x86_64", isa="x86-64-v3", family="glibc", kernel="3.10.0-1160.119.1.el7.x86_64", disk=FINE
):
    return {
        "libc": {"family": family, "version": glibc},
        "arch": arch,
        "cpu": {"isa_level": isa},
        "kernel": kernel,
        "filesystems": [disk],
        "prefixes": [],
        "user": "root",
    }


def package(name, version="1", **more):
    file = f"{name}-{version}-0.conda"
    url = f"https://h/ch/linux-64/{file}"
    found = {"name": name, "version": version, "build": "0", "subdir": "linux-64", "file": file, "url": url}
    return {**found, "sha256": SHA, **more}
