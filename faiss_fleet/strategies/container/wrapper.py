# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Writes bin/faiss-python: the program of a prefix that behaves like a Python with FAISS, and runs in a container.

Pure: from an engine, an image and limits to a POSIX shell script.
"""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import Any

from ..base import version_numbers

PROGRAM = "bin/faiss-python"
# From these on, `run` has an option not to fetch. What is older fetches the very image if it has gone, or refuses.
PULL_NEVER = {"podman": (3, 0), "docker": (20, 10)}
# The Linux that docker documents and podman's user namespaces need; RHEL's 3.10 has the rest ported back.
KERNEL_OF_ENGINES = (3, 10)
# The first docker whose seccomp filter answers clone3 with ENOSYS. Older ones answer EPERM, which a glibc from 2.34 on
# takes for an answer: no thread starts.
DOCKER_OF_CLONE3 = (20, 10, 10)
ENVIRONMENT = ("LC_ALL=C", "HOME=/tmp", "PYTHONNOUSERSITE=1", "PYTHONDONTWRITEBYTECODE=1")
# Where podman looks for its init, besides the directory of docker's.
CATATONIT = (
    "/usr/libexec/podman/catatonit",
    "/usr/lib/podman/catatonit",
    "/usr/local/libexec/podman/catatonit",
    "/usr/local/lib/podman/catatonit",
)

TEXT = """\
#!/bin/sh
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
# A Python that has FAISS: {title}, in a container that lives as long as this process. Made by faiss-fleet.
# Nothing of the host is mounted. No network, no capabilities, a read-only root, bounded memory and processes.
engine={engine}
image={image}
read -r word < /proc/sys/kernel/random/uuid
name=faiss-fleet-$$-$word
{user}
init=
{init}
# Killing this process would leave the container to itself: whoever stays behind ends it then. An engine that was killed
# early may have the container start seconds later, so one that is not there is looked for again.
if command -v setsid >/dev/null 2>&1; then apart=setsid; else apart=; fi
$apart sh -c 'trap "" HUP INT TERM
while kill -0 "$3"; do sleep 1; done
for pause in 2 10 0; do
    if "$1" kill "$2"; then break; fi
    sleep $pause
done
"$1" rm --force "$2"' faiss-fleet-end "$engine" "$name" "$$" </dev/null >/dev/null 2>&1 &
# Where memory runs out, the monitor of podman leaves a file `oom` in its working directory; none can be made here.
cd /proc
exec "$engine" run --name="$name" --user="$user" $init \\
{options} \\
    "$image" "$@"
"""


@dataclass(frozen=True)
class Engine:
    """As facts have it: podman or docker, where it is, and what of its environment makes it that engine.

    store: "containerd" where it knows an image by its manifest instead of its configuration.
    """

    name: str
    path: str
    version: tuple[int, ...]
    environment: dict[str, str]
    store: str | None = None


def engine_of(found: dict[str, Any]) -> Engine:
    version = version_numbers(found.get("version"))
    return Engine(found["name"], found["path"], version, dict(found.get("environment") or {}), found.get("store"))


def refuses_clone3(name: str, version: tuple[int, ...]) -> bool:
    """Whether this engine is known to keep a new glibc from starting threads."""
    return name == "docker" and bool(version) and version < DOCKER_OF_CLONE3


def options(engine: Engine, python: str, memory_mb: int, pids: int) -> list[str]:
    """Options of `run` that do not depend on who calls."""
    size = f",size={memory_mb}m" if memory_mb else ""
    found = [
        "--rm",
        "--interactive",
        "--network=none",
        "--read-only",
        f"--tmpfs=/tmp:rw,nosuid,nodev,noexec,mode=1777{size}",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--workdir=/",
        "--no-healthcheck",
        # What goes through stdout is vectors: they belong into no log. Not even into one at /dev/null: where
        # containers.conf limits the size of logs, the engine would put a file in the place of the device.
        "--log-driver=none",
    ]
    if memory_mb:
        found.append(f"--memory={memory_mb}m")
    if pids:
        found.append(f"--pids-limit={pids}")
    if engine.version >= PULL_NEVER[engine.name]:
        found.append("--pull=never")
    if engine.name == "podman":
        # Proxies of the host may hold passwords.
        found += ["--http-proxy=false", "--read-only-tmpfs=false", "--image-volume=ignore"]
    found += [f"--env={entry}" for entry in ENVIRONMENT]
    return [*found, f"--entrypoint={python}"]


def text(engine: Engine, image: str, title: str, python: str, memory_mb: int, pids: int) -> str:
    """The script. Who is not root keeps its id; root becomes nobody; without root, root within is the user itself."""
    own = "0:0" if engine.name == "podman" else "$(id -u):$(id -g)"
    user = f'if [ "$(id -u)" = 0 ]; then user=65534:65534; else user={own}; fi'
    if engine.name == "podman":
        init = f'for path in {" ".join(CATATONIT)}; do\n    if [ -x "$path" ]; then init=--init; fi\ndone'
    else:
        init = "if command -v docker-init >/dev/null 2>&1; then init=--init; fi"
    lines = " \\\n".join(f"    {quote(option)}" for option in options(engine, python, memory_mb, pids))
    return TEXT.format(title=title, engine=quote(engine.path), image=quote(image), user=user, init=init, options=lines)
