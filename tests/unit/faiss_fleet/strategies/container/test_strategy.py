# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the strategy container decides and writes without an engine; the integration tests run real ones."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.artefacts.packing import inspect
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.container import (
    archive as container_archive,
)
from faiss_fleet.strategies.container import (
    base_image as container_base,
)
from faiss_fleet.strategies.container import (
    build as container_build,
)
from faiss_fleet.strategies.container import (
    lock as container_lock,
)
from faiss_fleet.strategies.container import (
    options as container_options,
)
from faiss_fleet.strategies.container import (
    registry as container_registry,
)
from faiss_fleet.strategies.container import strategy as container
from faiss_fleet.strategies.container import (
    wrapper as container_wrapper,
)
from faiss_fleet.strategies.container.archive import Image

DIGEST = "sha256:" + "ab" * 32
PINNED = f"registry.example/team/faiss@{DIGEST}"
PODMAN = {
    "name": "podman",
    "path": "/usr/bin/podman",
    "version": "4.3.1",
    "answers": True,
    "rootless": False,
    "error": None,
}
DOCKER = {
    "name": "docker",
    "path": "/usr/bin/docker",
    "version": "20.10.24",
    "answers": True,
    "rootless": None,
    "error": None,
}


def facts(*engines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "method": "module",
        "arch": "x86_64",
        "kernel": "3.10.0-1160.119.1.el7.x86_64",
        "libc": {"family": "glibc", "version": "2.17"},
        "cpu": {"isa_level": "x86-64-v3"},
        "engines": list(engines),
        "filesystems": [
            {"purpose": "prefix", "path": "/opt", "free_bytes": 10**10, "noexec": False, "read_only": False}
        ],
        "prefixes": [],
        "user": "root",
        **more,
    }


def options(tmp_path: Path = Path("/nonexistent"), **given: Any) -> Options:
    given = given or {"image": PINNED}
    extra = {f"faiss_install__container_{name}": value for name, value in given.items()}
    return Options(cache=tmp_path / "cache", extra=extra)


def planned(found: dict[str, Any], chosen: Options | None = None) -> Any:
    (candidate,) = container.STRATEGY.plan(found, chosen or options())
    return candidate


def causes_of(candidate: Any) -> list[str]:
    return [reason["cause"] for reason in candidate["reasons"]]


# --- the plan


@pytest.mark.parametrize(
    "engines, wanted, name",
    [
        pytest.param([DOCKER, PODMAN], "", "podman", id="podman first"),
        pytest.param(
            [{**PODMAN, "answers": False, "error": "conmon is not installed"}, DOCKER],
            "",
            "docker",
            id="the one that answers",
        ),
        pytest.param([PODMAN, DOCKER], "docker", "docker", id="the one that is named"),
    ],
)
def test_the_engine_that_answers_is_chosen(engines, wanted, name):
    candidate = planned(facts(*engines), options(image=PINNED, engine=wanted))
    assert candidate["verdict"] == "possible"
    assert candidate["id"] == f"container:registry:{PINNED}:{name}"
    assert candidate["runtime"] == {
        "kind": "container",
        "argv": ["{prefix}/bin/faiss-python"],
        "env": {},
        "prefix": None,
    }


def test_what_makes_the_engine_this_one_goes_to_the_application():
    engine = {**PODMAN, "environment": {"CONTAINERS_CONF": "/srv/containers.conf"}}
    assert planned(facts(engine))["runtime"]["env"] == {"CONTAINERS_CONF": "/srv/containers.conf"}


@pytest.mark.parametrize(
    "engine, cause",
    [
        pytest.param(None, "engine_missing", id="none"),
        pytest.param(
            {**PODMAN, "error": "no OCI runtime (crun, runc) is installed"}, "engine_missing", id="no runtime"
        ),
        pytest.param(
            {**PODMAN, "error": "/proc/sys/user/max_user_namespaces is 0"}, "podman_userns", id="namespaces off"
        ),
        pytest.param({**PODMAN, "error": "/etc/subuid has no entry for app"}, "podman_userns", id="no subuid"),
        pytest.param(
            {**DOCKER, "error": "The daemon at /var/run/docker.sock does not answer: [Errno 13] Permission denied"},
            "docker_perm",
            id="socket",
        ),
        pytest.param(
            {**DOCKER, "error": "None of /var/run/docker.sock is there. Start the daemon: systemctl start docker"},
            "engine_missing",
            id="no daemon",
        ),
    ],
)
def test_no_engine_is_blocked_with_what_is_the_matter(engine, cause):
    candidate = planned(facts(*([{**engine, "answers": False}] if engine else [])))
    assert candidate["verdict"] == "blocked" and causes_of(candidate) == [cause]
    assert candidate["remedy"] and candidate["runtime"] is None
    assert candidate["reasons"][0]["text"].endswith((engine or {}).get("error", "no podman or docker"))


@pytest.mark.parametrize(
    "more, cause",
    [
        ({"kernel": "2.6.32-754.el6.x86_64"}, "kernel_too_old"),
        ({"method": "raw"}, "python_missing"),
        (
            {
                "filesystems": [
                    {"purpose": "prefix", "path": "/opt", "free_bytes": 0, "noexec": True, "read_only": False}
                ]
            },
            "noexec_mount",
        ),
    ],
)
def test_hosts_that_can_run_no_container_are_blocked(more, cause):
    assert causes_of(planned(facts(PODMAN, **more))) == [cause]


def test_without_an_image_the_remedy_names_the_variables():
    candidate = planned(facts(PODMAN), options(source="build"))
    assert causes_of(candidate) == ["image_missing"]
    assert "faiss_install__container_base" in candidate["remedy"]


def test_resolving_what_was_blocked_is_refused():
    with pytest.raises(FleetError) as refused:
        container.STRATEGY.resolve(planned(facts()), facts(), options())
    assert refused.value.cause == "engine_missing"


@pytest.mark.parametrize(
    "engine, version, glibc, causes",
    [
        ("docker", "20.10.7", "2.36", ["seccomp_clone3"]),
        ("docker", "20.10.10", "2.36", []),
        ("docker", "20.10.7", "2.31", []),
        ("docker", None, "2.36", []),
        ("podman", "3.0.1", "2.36", []),
    ],
)
def test_an_engine_known_to_refuse_clone3_is_blocked_for_a_newer_glibc(engine, version, glibc, causes):
    found = container_wrapper.engine_of({**DOCKER, "name": engine, "version": version})
    assert [one["cause"] for one in container.clone3(found, {"libc": {"version": glibc}})] == causes
    assert container.clone3(found, None) == []


# --- options


@pytest.mark.parametrize(
    "given, words",
    [
        ({"source": "dockerhub"}, "registry, archive, build"),
        ({"engine": "lxc"}, "podman, docker"),
        ({"image": "faiss:latest"}, "registry's name"),
        ({"image": "registry.example/faiss"}, "registry/path@sha256"),
        ({"image": f"registry.example/Faiss@{DIGEST}"}, "registry/path@sha256"),
        ({"source": "build", "base": {"image": "registry.example/debian:12"}}, "by its tag"),
        ({"source": "build", "base": {"file": "/nowhere.tar", "sha256": "ab" * 32}}, "not a file on this controller"),
        ({"source": "archive", "archive": {"file": "/nowhere.tar"}}, "without sha256"),
        ({"source": "archive", "archive": {"file": "/bin/sh", "sha256": "abc"}}, "64 hexadecimal"),
        ({"memory_mb": 8}, "at least 256"),
        ({"pids": "many"}, "0 or at least 16"),
        ({"python": "python3; rm -rf /"}, "a program, such as python3"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(given, words):
    with pytest.raises(FleetError, match=words):
        container_options.from_options(options(**given))


@pytest.mark.parametrize(
    "image", ["me:s3cret@registry.example/faiss:1", f"https://me:s3cret@registry.example/faiss@{DIGEST}"]
)
def test_a_password_in_an_image_is_refused_and_not_repeated(image):
    with pytest.raises(FleetError, match="without a password") as refused:
        container_options.from_options(options(image=image))
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "text, pinned",
    [
        (PINNED, PINNED),
        (f"localhost/faiss:1@{DIGEST}", f"localhost/faiss@{DIGEST}"),
        (f"registry:5000/a/b-c_d@{DIGEST}", f"registry:5000/a/b-c_d@{DIGEST}"),
    ],
)
def test_hosts_name_an_image_by_its_digest(text, pinned):
    assert container_options.reference(text, "x").pinned == pinned


# --- the program of a prefix


def wrapper(engine: dict[str, Any], **more: Any) -> str:
    given = {"image": "ab" * 32, "title": "test", "python": "python3", "memory_mb": 512, "pids": 64, **more}
    return container_wrapper.text(container_wrapper.engine_of(engine), **given)


def run(
    folder: Path, text: str, *arguments: str, status: int = 0
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """What the script gave to an engine that notes its arguments."""
    engine = folder / "engine"
    engine.write_text(
        f'#!/bin/sh\n[ "$1" = run ] && printf "%s\\n" "$@" > {folder}/argv && cat && exit {status}\nexit 0\n'
    )
    engine.chmod(0o755)
    program = folder / "faiss-python"
    program.write_text(text.replace("/usr/bin/podman", str(engine)).replace("/usr/bin/docker", str(engine)))
    program.chmod(0o755)
    done = subprocess.run(
        [program, *arguments], input="frames", capture_output=True, text=True, timeout=30, check=False
    )
    return done, (folder / "argv").read_text().splitlines()


@pytest.mark.parametrize("engine", [PODMAN, DOCKER], ids=["podman", "docker"])
def test_the_container_is_shut_off_and_bounded(tmp_path, engine):
    done, argv = run(tmp_path, wrapper(engine), "-c", "print('a b')", status=7)
    assert (done.returncode, done.stdout, done.stderr) == (7, "frames", "")
    assert argv[-3:] == ["ab" * 32, "-c", "print('a b')"]
    for option in (
        "--rm",
        "--interactive",
        "--network=none",
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--memory=512m",
        "--pids-limit=64",
        "--pull=never",
        "--workdir=/",
        "--entrypoint=python3",
        "--env=HOME=/tmp",
        "--tmpfs=/tmp:rw,nosuid,nodev,noexec,mode=1777,size=512m",
    ):
        assert option in argv
    assert not [option for option in argv if option.startswith(("--volume", "-v", "--mount", "--privileged"))]
    user = "65534:65534" if os.geteuid() == 0 else "0:0" if engine is PODMAN else f"{os.getuid()}:{os.getgid()}"
    assert f"--user={user}" in argv
    assert "--log-driver=none" in argv and not [option for option in argv if "/dev/null" in option]


def test_each_container_has_a_name_of_its_own(tmp_path):
    names = {next(part for part in run(tmp_path, wrapper(PODMAN))[1] if part.startswith("--name=")) for _ in range(2)}
    assert len(names) == 2


def test_no_limit_is_no_option(tmp_path):
    _, argv = run(tmp_path, wrapper(PODMAN, memory_mb=0, pids=0))
    assert not [part for part in argv if part.startswith(("--memory", "--pids-limit"))]
    assert "--tmpfs=/tmp:rw,nosuid,nodev,noexec,mode=1777" in argv


@pytest.mark.parametrize("engine, version", [(PODMAN, "1.6.4"), (DOCKER, "19.03.15")])
def test_older_engines_get_no_option_that_they_do_not_know(tmp_path, engine, version):
    assert "--pull=never" not in run(tmp_path, wrapper({**engine, "version": version}))[1]


def test_the_script_says_nothing_for_odd_paths(tmp_path):
    text = wrapper({**PODMAN, "path": "/opt/my engines/podman$(touch x)"})
    assert "'/opt/my engines/podman$(touch x)'" in text
    assert subprocess.run(["sh", "-n"], input=text, text=True, check=False).returncode == 0


# --- archives


def layer(folder: Path, name: str, files: dict[str, Any]) -> Path:
    """A tar; a value that is a tuple is a link."""
    path = folder / name
    with tarfile.open(path, "w") as tar:
        for file, data in files.items():
            member = tarfile.TarInfo(file)
            if isinstance(data, tuple):
                member.type, member.linkname = tarfile.SYMTYPE, data[0]
                tar.addfile(member)
            else:
                member.size, member.mode = len(data), 0o755
                tar.addfile(member, io.BytesIO(data))
    return path


def image(folder: Path, *layers: Path, arch: str | None = "amd64") -> Image:
    diff_ids = ["sha256:" + hashlib.sha256(path.read_bytes()).hexdigest() for path in layers]
    about = {"architecture": arch, "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}, "config": {}}
    return Image(json.dumps(about).encode(), layers)


@pytest.fixture
def made(tmp_path):
    return image(tmp_path, layer(tmp_path, "one.tar", {"a": b"1"}), layer(tmp_path, "two.tar", {"b": b"2"}))


def test_an_archive_reads_back_and_is_the_same_each_time(made, tmp_path):
    container_archive.write(made, tmp_path / "x.tar.gz")
    container_archive.write(made, tmp_path / "y.tar.gz")
    assert (tmp_path / "x.tar.gz").read_bytes() == (tmp_path / "y.tar.gz").read_bytes()
    (tmp_path / "out").mkdir()
    found = container_archive.read(tmp_path / "x.tar.gz", tmp_path / "out")
    assert (found.id, found.arch) == (made.id, "x86_64")
    assert [path.read_bytes() for path in found.layers] == [path.read_bytes() for path in made.layers]
    with tarfile.open(tmp_path / "x.tar.gz") as tar:
        assert json.load(tar.extractfile("manifest.json"))[0]["RepoTags"] is None


def test_an_archive_names_every_byte_for_docker_with_containerd_too(made, tmp_path):
    """The same files by an OCI index: its manifest's digest is the id there."""
    container_archive.write(made, tmp_path / "x.tar.gz")
    with tarfile.open(tmp_path / "x.tar.gz") as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar}
    blobs = {name.rpartition("/")[2]: data for name, data in files.items() if name.startswith("blobs/sha256/")}
    assert all(hashlib.sha256(data).hexdigest() == name for name, data in blobs.items())
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["digest"] == f"sha256:{made.manifest_id}" and entry["size"] == len(made.manifest)
    manifest = json.loads(blobs[made.manifest_id])
    named = [manifest["config"], *manifest["layers"]]
    assert [len(blobs[one["digest"].partition(":")[2]]) for one in named] == [one["size"] for one in named]
    assert manifest["config"]["digest"] == f"sha256:{made.id}"
    assert {one["digest"].partition(":")[2] for one in named} | {made.manifest_id} == set(blobs)


@pytest.mark.parametrize(
    "engine, kind",
    [
        pytest.param(PODMAN, "id", id="podman"),
        pytest.param({**DOCKER, "store": None}, "id", id="docker"),
        pytest.param({**DOCKER, "store": "containerd"}, "manifest_id", id="docker with containerd"),
    ],
)
def test_an_image_is_named_as_the_engine_names_it(made, tmp_path, engine, kind):
    container_archive.write(made, tmp_path / "own.tar.gz")
    sha256 = hashlib.sha256((tmp_path / "own.tar.gz").read_bytes()).hexdigest()
    given = options(tmp_path, source="archive", archive={"file": str(tmp_path / "own.tar.gz"), "sha256": sha256})
    found = facts(engine)
    artefact = container.STRATEGY.resolve(planned(found, given), found, given)
    expected = getattr(made, kind)
    assert artefact.lock["image"] == {"id": expected} and artefact.step.arguments["id"] == expected
    assert f"image={expected}" in artefact.lock["program"]


def oci(folder: Path, source: Image, compress: Any = gzip.compress) -> Path:
    """The same image as an OCI archive with compressed layers."""
    path = folder / "oci.tar"
    files: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}

    def blob(data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        files[f"blobs/sha256/{digest}"] = data
        return f"sha256:{digest}"

    layers = [{"digest": blob(compress(part.read_bytes()))} for part in source.layers]
    manifest = {"config": {"digest": blob(source.config)}, "layers": layers}
    files["index.json"] = json.dumps({"manifests": [{"digest": blob(json.dumps(manifest).encode())}]}).encode()
    return layer(folder, path.name, files)


def test_an_oci_archive_is_the_same_image(made, tmp_path):
    (tmp_path / "out").mkdir()
    found = container_archive.read(oci(tmp_path, made), tmp_path / "out")
    assert found.id == made.id
    assert [path.read_bytes() for path in found.layers] == [path.read_bytes() for path in made.layers]


def test_a_layer_that_is_not_what_the_configuration_says_is_refused(made, tmp_path):
    container_archive.write(made, tmp_path / "x.tar.gz")
    changed = Image(made.config, (made.layers[0], made.layers[0]))
    container_archive.write(changed, tmp_path / "y.tar.gz")
    (tmp_path / "out").mkdir()
    with pytest.raises(FleetError, match="its configuration says") as refused:
        container_archive.read(tmp_path / "y.tar.gz", tmp_path / "out")
    assert refused.value.cause == "corrupt_artefact"


@pytest.mark.parametrize(
    "files, words",
    [
        ({"manifest.json": b"[{}, {}]"}, "2 images"),
        ({"manifest.json": b"{"}, "JSONDecodeError"),
        ({"manifest.json": b'[{"Config": "nowhere.json", "Layers": []}]'}, "nowhere.json"),
        ({"oci-layout": b"{}", "index.json": b'{"manifests": [{"digest": "sha256:../../etc/passwd"}]}'}, "KeyError"),
    ],
)
def test_what_is_no_image_is_told(tmp_path, files, words):
    with pytest.raises(FleetError, match=words) as refused:
        container_archive.read(layer(tmp_path, "x.tar", files), tmp_path)
    assert "podman save" in refused.value.remedy


def test_a_layer_in_zstd_is_told(made, tmp_path):
    with pytest.raises(FleetError, match="zstd"):
        container_archive.read(oci(tmp_path, made, lambda data: container_archive.ZSTD + data), tmp_path)


def test_a_file_that_is_no_tar_is_told(tmp_path):
    path = tmp_path / "x.tar"
    path.write_bytes(b"not a tar" * 100)
    with pytest.raises(FleetError, match="cannot be used as an image"):
        container_archive.read(path, tmp_path)
    with pytest.raises(FleetError, match="it is no tar"):
        container_archive.root_layer(path, tmp_path / "layer")


# --- a look into the layers


def test_later_layers_hide_and_replace_earlier_ones(tmp_path):
    first = layer(
        tmp_path,
        "1.tar",
        {
            "lib": ("usr/lib",),
            "usr/bin/python3": ("python3.9",),
            "usr/bin/python3.9": b"old",
            "usr/bin/python3.8": b"older",
            "usr/lib/libc.so.6": b"c",
            "usr/share/big": b"x" * 1000,
        },
    )
    second = layer(
        tmp_path,
        "2.tar",
        {
            "usr/bin/.wh.python3.8": b"",
            "usr/bin/python3.11": b"new",
            "usr/bin/python3": ("python3.11",),
        },
    )
    root = tmp_path / "root"
    root.mkdir()
    container_base.lay([first, second], root)
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()) == [
        "usr/bin/python3",
        "usr/bin/python3.11",
        "usr/bin/python3.9",
        "usr/lib/libc.so.6",
    ]
    assert (root / "usr/bin/python3").read_bytes() == b"new"
    assert (root / "lib").is_symlink()


def test_no_layer_writes_outside_of_the_folder(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    first = layer(tmp_path, "1.tar", {"usr": (str(outside),), "../bin/python3": b"x"})
    second = layer(tmp_path, "2.tar", {"usr/bin/python3": b"x"})
    (tmp_path / "look").mkdir()
    with pytest.raises(FleetError, match="behind a link"):
        (tmp_path / "look").rmdir()
        container_base.inspect([first, second], tmp_path, "python3", "base")
    assert list(outside.iterdir()) == [] and not (tmp_path / "bin").exists()


def test_a_base_without_python_is_told(tmp_path):
    with pytest.raises(FleetError, match="has no python3") as refused:
        container_base.inspect([layer(tmp_path, "1.tar", {"etc/os-release": b""})], tmp_path, "python3", "base")
    assert refused.value.cause == "python_missing"


def test_this_very_system_is_read_like_an_image(tmp_path):
    """Its C library and a Python of it, in a layer: what the strategy would find in a base of the same files."""
    libc = next(Path("/lib").glob("*-linux-gnu/libc.so.6"))
    shell = Path("/bin/sh").resolve()
    files = {str(libc).lstrip("/"): libc.read_bytes(), "usr/bin/python3.11": shell.read_bytes()}
    path = layer(tmp_path, "1.tar", {**files, "usr/bin/python3": ("python3.11",)})
    found = container_base.inspect([path], tmp_path, "python3", "base")
    assert found["libc"] == {"family": "glibc", "version": os.confstr("CS_GNU_LIBC_VERSION").split()[1]}
    assert found["pythons"][0]["version"] == "3.11" and found["pythons"][0]["path"] == "/usr/bin/python3"
    assert all(found[name]["path"] is None for name, _ in container_base.target_facts.LIBRARIES)
    assert found["libgomp"] == {"path": None, "versions": {}, "error": None}


def test_a_built_image_has_the_packages_and_nothing_of_the_bases_python_settings(tmp_path, made):
    about = made.about
    about["config"] = {
        "Env": ["PATH=/x", "PYTHONHOME=/y"],
        "Entrypoint": ["/init"],
        "User": "1000",
        "Volumes": {"/data": {}},
    }
    base = Image(json.dumps(about).encode(), made.layers)
    with tarfile.open(tmp_path / "prefix.tar.gz", "w:gz") as tar:
        for name in ("manifest.json", "site-packages/faiss/__init__.py"):
            member = tarfile.TarInfo(name)
            member.size = 1
            tar.addfile(member, io.BytesIO(b"1"))
    wheels = container_lock.Artefact(
        tmp_path / "prefix.tar.gz", "", "", 0, container_lock.runtime(container_wrapper.engine_of(PODMAN)), {}
    )
    ids = set()
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        built = container_build.build(base, {"arch": "x86_64"}, wheels, folder)
        ids.add(built.id)
    assert len(ids) == 1
    assert built.about["config"] == {"Env": ["PATH=/x", "PYTHONPATH=/opt/faiss-fleet/site-packages"], "Labels": {}}
    with tarfile.open(built.layers[-1]) as tar:
        assert tar.getnames() == ["opt", "opt/faiss-fleet", "opt/faiss-fleet/site-packages/faiss/__init__.py"]
    assert (
        built.about["rootfs"]["diff_ids"][-1] == "sha256:" + hashlib.sha256(built.layers[-1].read_bytes()).hexdigest()
    )


# --- the registry, and what is locked


def tool(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_tag_is_asked_for_once(tmp_path, monkeypatch):
    tool(tmp_path, "skopeo", f'echo "$@" >> {tmp_path}/asked; echo {DIGEST}')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    tagged = container_options.reference("registry.example/team/faiss:1", "x")
    for _ in range(2):
        assert container_lock.pinned(tagged, options(tmp_path)).pinned == PINNED
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == ["inspect --format {{.Digest}} docker://registry.example/team/faiss:1"]
    late = Options(cache=tmp_path / "cache", extra={"faiss_install__lock_max_age_hours": 1})
    container_lock.pinned(tagged, late, lambda: 10.0**10)
    assert len((tmp_path / "asked").read_text().splitlines()) == 2


def test_a_controller_without_tools_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FleetError, match="neither skopeo nor podman") as refused:
        container_registry.digest_of(container_options.reference("registry.example/team/faiss:1", "x"))
    assert refused.value.cause == "command_missing" and "source archive" in refused.value.remedy


def test_offline_asks_no_registry(tmp_path):
    tagged = container_options.reference("registry.example/team/faiss:1", "x")
    with pytest.raises(FleetError, match="offline") as refused:
        container_lock.pinned(tagged, Options(cache=tmp_path, offline=True))
    assert refused.value.cause == "unreachable"


@pytest.mark.parametrize(
    "said, cause",
    [
        ("toomanyrequests: You have reached your pull rate limit", "image_rate_limit"),
        ("reading manifest 1 in registry.example/team/faiss: manifest unknown", "image_missing"),
        ("x509: certificate signed by unknown authority https://me:s3cret@proxy/", "tls"),
    ],
)
def test_what_a_registry_says_becomes_a_cause_without_secrets(tmp_path, monkeypatch, said, cause):
    tool(tmp_path, "skopeo", f"echo 'FATA[0000] {said}' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(FleetError) as refused:
        container_registry.digest_of(container_options.reference("registry.example/team/faiss:1", "x"))
    assert refused.value.cause == cause and refused.value.remedy
    assert "s3cret" not in str(refused.value)


def archived(tmp_path: Path, found: Image) -> dict[str, str]:
    container_archive.write(found, tmp_path / "given.tar.gz")
    data = (tmp_path / "given.tar.gz").read_bytes()
    return {"file": str(tmp_path / "given.tar.gz"), "sha256": hashlib.sha256(data).hexdigest()}


def test_an_archive_is_shipped_under_its_id_with_a_prefix_that_starts_it(tmp_path, made):
    chosen = options(tmp_path, source="archive", archive=archived(tmp_path, made))
    found = container.STRATEGY.resolve(planned(facts(PODMAN), chosen), facts(PODMAN), chosen)
    assert found.step.module == "faiss_container"
    assert found.step.arguments["id"] == made.id and found.step.arguments["engine"] == "/usr/bin/podman"
    assert found.step.arguments["sha256"] == hashlib.sha256(found.step.file.read_bytes()).hexdigest()
    assert found.bytes_to_ship == found.archive.stat().st_size + found.step.file.stat().st_size
    manifest = inspect(found.archive)
    assert manifest["strategy"] == "container" and manifest["lock"]["image"] == {"id": made.id}
    with tarfile.open(found.archive) as tar:
        assert tar.getmember("bin/faiss-python").mode == 0o755
    assert container.STRATEGY.resolve(planned(facts(PODMAN), chosen), facts(PODMAN), chosen) == found


def test_engines_and_limits_have_prefixes_of_their_own_and_share_the_image(tmp_path, made):
    given = archived(tmp_path, made)
    found = []
    for engine, pids in ((PODMAN, 64), (DOCKER, 64), (PODMAN, 128)):
        chosen = options(tmp_path, source="archive", archive=given, pids=pids)
        found.append(container.STRATEGY.resolve(planned(facts(engine), chosen), facts(engine), chosen))
    assert len({one.digest for one in found}) == 3
    assert len({one.step.file for one in found}) == 1


def test_an_image_of_another_architecture_is_refused(tmp_path):
    other = image(tmp_path, layer(tmp_path, "one.tar", {"a": b"1"}), arch="arm64")
    chosen = options(tmp_path, source="archive", archive=archived(tmp_path, other))
    with pytest.raises(FleetError, match="for aarch64") as refused:
        container.STRATEGY.resolve(planned(facts(PODMAN), chosen), facts(PODMAN), chosen)
    assert refused.value.cause == "arch_mismatch"


def test_a_file_that_changed_is_refused(tmp_path, made):
    given = archived(tmp_path, made)
    chosen = options(tmp_path, source="archive", archive={**given, "sha256": "00" * 32})
    with pytest.raises(FleetError, match="faiss_install__container_archive says") as refused:
        container.STRATEGY.resolve(planned(facts(PODMAN), chosen), facts(PODMAN), chosen)
    assert refused.value.cause == "hash_mismatch"


def test_a_base_that_cannot_be_used_blocks_with_the_reason(tmp_path):
    base = layer(tmp_path, "1.tar", {"etc/os-release": b""})
    given = {"file": str(base), "sha256": hashlib.sha256(base.read_bytes()).hexdigest()}
    candidate = planned(facts(PODMAN), options(tmp_path, source="build", base=given))
    assert causes_of(candidate) == ["python_missing"]
    assert "has no python3" in candidate["reasons"][0]["text"]


def test_a_base_in_a_registry_is_not_fetched_for_a_plan(tmp_path):
    given = {"image": f"registry.example/debian@{DIGEST}"}
    candidate = planned(facts(PODMAN), options(tmp_path, source="build", base=given))
    assert candidate["verdict"] == "possible" and "when it is tried" in candidate["note"]
