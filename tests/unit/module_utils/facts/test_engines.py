# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""docker is asked over its socket, podman is judged by what it needs."""

from __future__ import absolute_import, division, print_function

import os
import socket
import threading
import time

import pytest
from ansible.module_utils.faiss_fleet import commands
from ansible.module_utils.faiss_fleet.facts import engines
from ansible.module_utils.faiss_fleet.host import Host

from tests import needs

VERSION = {("engine", "podman"): commands.Result(0, "podman version 4.3.1\n", "", None)}


def daemon(path, *answers, **how):
    """A Unix socket that gives these answers, one a connection; a byte at a time when a delay is asked for."""
    delay, asked = how.get("delay", 0.0), how.get("asked", [])
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen(1)

    def serve():
        for answer in answers:
            connection, _ = server.accept()
            asked.append(connection.recv(1000).split()[1])
            try:
                for piece in [answer[i : i + 1] for i in range(len(answer))] if delay else [answer]:
                    connection.sendall(piece)
                    time.sleep(delay)
            except OSError:
                pass
            connection.close()
        server.close()

    thread = threading.Thread(target=serve)
    thread.daemon = True
    thread.start()
    return thread


def docker(tmpdir, timeout=5):
    tmpdir.ensure("usr/bin/docker").chmod(0o755)
    host = Host(str(tmpdir), environ={"PATH": "/usr/bin"}, timeout=timeout)
    return engines.describe(host, {}, 0, "root")[0]


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"Version": "20.10.24", "ApiVersion": "1.41"}\n',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1c\r\n{"Version": "20.10.24"}\n\r\n0\r\n\r\n',
    ],
)
def test_a_daemon_that_answers(tmpdir, answer):
    tmpdir.ensure("run", dir=True)
    daemon(tmpdir.join("run/docker.sock"), answer)
    found = docker(tmpdir)
    assert (found["answers"], found["version"], found["error"]) == (True, "20.10.24", None)


# Of GET /info, as Debian's docker 26.1 and 20.10 say it.
CONTAINERD = b'{"Driver": "overlayfs", "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}'
GRAPH = b'{"Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]]}'


@pytest.mark.parametrize(
    "info, store",
    [
        pytest.param(CONTAINERD, "containerd", id="images in containerd"),
        pytest.param(GRAPH, None, id="images in docker"),
        pytest.param(b'{"Driver": "vfs", "DriverStatus": null}', None, id="vfs"),
        pytest.param(b'{"DriverStatus": [["driver-type"], "odd", ["driver-type", 7]]}', None, id="no sense"),
    ],
)
def test_docker_tells_where_its_images_live(tmpdir, info, store):
    tmpdir.ensure("run", dir=True)
    head, asked = b"HTTP/1.0 200 OK\r\n\r\n", []
    daemon(tmpdir.join("run/docker.sock"), head + b'{"Version": "26.1.5"}', head + info, asked=asked)
    found = docker(tmpdir)
    assert (found["answers"], found["store"], asked) == (True, store, [b"/version", b"/info"])


def test_a_docker_that_does_not_tell_answers_all_the_same(tmpdir):
    tmpdir.ensure("run", dir=True)
    head = b"HTTP/1.0 200 OK\r\n\r\n"
    daemon(tmpdir.join("run/docker.sock"), head + b'{"Version": "26.1.5"}', b"HTTP/1.0 500 no\r\n\r\n{}")
    found = docker(tmpdir)
    assert (found["answers"], found["store"]) == (True, None)


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.0 500 no\r\n\r\n{}", b"HTTP/1.0 200 OK\r\n\r\n[1]"]
)
def test_something_else_at_the_socket(tmpdir, answer):
    tmpdir.ensure("run", dir=True)
    daemon(tmpdir.join("run/docker.sock"), answer)
    found = docker(tmpdir)
    assert not found["answers"]
    assert "does not answer" in found["error"]


def test_a_daemon_that_dribbles_is_given_up(tmpdir):
    tmpdir.ensure("run", dir=True)
    daemon(tmpdir.join("run/docker.sock"), b"x" * 1000, delay=0.05)
    started = time.time()
    assert not docker(tmpdir, 1)["answers"]
    assert time.time() - started < 15


def test_a_socket_that_nobody_listens_on(tmpdir):
    tmpdir.ensure("run", dir=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(tmpdir.join("run/docker.sock")))
    server.close()
    assert "does not answer" in docker(tmpdir)["error"]


def test_no_socket_names_the_next_step(tmpdir):
    found = docker(tmpdir)
    assert not found["answers"]
    assert "systemctl start docker" in found["error"]


def test_podmans_stand_in_for_docker_is_no_second_engine(tmpdir):
    tmpdir.ensure("usr/bin/docker").write("#!/bin/sh\nexec podman")
    tmpdir.join("usr/bin/docker").chmod(0o755)
    assert engines.describe(Host(str(tmpdir), environ={"PATH": "/usr/bin"}), {}, 0, "root") == []


def podman_host(tmpdir, *programs):
    for name in ("podman",) + programs:
        tmpdir.ensure("usr/bin", name).chmod(0o755)
    return Host(str(tmpdir), environ={"PATH": "/usr/bin"})


def test_podman_of_root(tmpdir):
    found = engines.describe(podman_host(tmpdir, "runc", "conmon"), VERSION, 0, "root")[0]
    assert (found["answers"], found["version"], found["rootless"], found["answers_by"]) == (
        True,
        "4.3.1",
        False,
        "requirements",
    )


def test_podman_without_a_runtime(tmpdir):
    found = engines.describe(podman_host(tmpdir, "conmon"), VERSION, 0, "root")[0]
    assert not found["answers"]
    assert "no OCI runtime" in found["error"]


def test_podman_without_root_needs_more(tmpdir):
    host = podman_host(tmpdir, "runc", "conmon", "newuidmap", "newgidmap")
    tmpdir.ensure("etc/subuid").write("app:100000:65536\n")
    assert engines.podman_wants(host, 1000, "app") == ["/etc/subgid has no entry for app"]
    tmpdir.ensure("etc/subgid").write("1000:100000:65536\n")
    assert engines.podman_wants(host, 1000, "app") == []
    tmpdir.ensure("proc/sys/user/max_user_namespaces").write("0\n")
    assert engines.podman_wants(host, 1000, "app") == ["/proc/sys/user/max_user_namespaces is 0"]


def test_podman_that_does_not_start(tmpdir):
    broken = {
        ("engine", "podman"): commands.Result(127, "", "error while loading shared libraries: libgpgme.so.11", None)
    }
    found = engines.describe(podman_host(tmpdir, "runc", "conmon"), broken, 0, "root")[0]
    assert not found["answers"]
    assert "libgpgme.so.11" in found["error"]


def test_a_docker_that_another_user_could_replace_starts_no_container_of_root(tmpdir):
    needs.root()
    tmpdir.ensure("run", dir=True)
    tmpdir.ensure("usr/bin/docker")
    os.chown(str(tmpdir.join("usr/bin/docker")), 54321, 54321)
    daemon(tmpdir.join("run/docker.sock"), b'HTTP/1.0 200 OK\r\n\r\n{"Version": "26.1.5"}')
    found = docker(tmpdir)
    assert not found["answers"] and "/usr/bin/docker is owned by user id 54321" in found["error"]
