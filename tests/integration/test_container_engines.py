# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The strategy container on this machine, with a real podman and a real docker: from the audit to rollback."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.strategies.container import archive as container_archive
from tests import container_audit, docker_engine, needs
from tests.container_audit import ROOT, Audit
from tests.fake_registry import Registry

# What does not depend on the engine is seen with one.
with_podman = pytest.mark.parametrize("case", ["podman"], indirect=True, scope="module")
# What does not depend on where docker keeps its images.
with_engines = pytest.mark.parametrize(
    "case", ["podman", pytest.param("docker", marks=pytest.mark.slow)], indirect=True, scope="module"
)
OURS = "localhost/faiss-fleet/container"


class Case:
    """One engine, one host on this machine, and the records of its first audit."""

    def __init__(self, name: str, directory: Path, environment: dict[str, str], cache: Path) -> None:
        self.name, self.directory, self.environment, self.cache = name, directory, environment, cache
        host = {"here": container_audit.local(directory / "host")}
        (directory / "host" / "opt").mkdir(parents=True)
        (directory / "host" / "etc").mkdir()
        self.images_before = self.images()
        self.tree_before = container_audit.tree(directory / "host")
        self.audit = Audit(
            directory,
            host,
            environment,
            container_engine=name,
            container_source="build",
            container_base=container_audit.base(directory),
            container_memory_mb=1024,
            container_pids=64,
            cache=str(cache),
        )

    def engine(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            [self.name, *arguments], env=self.environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout.strip()

    def images(self) -> set[str]:
        """Ids and names of all images, those without a name too."""
        said = self.engine("images", "--all", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")
        return set(said.splitlines())

    def programs(self) -> list[str]:
        """What the prefixes of containers are started by."""
        return [path for path in container_audit.tree(self.directory / "host") if path.endswith("bin/faiss-python")]

    def containers(self) -> list[str]:
        return self.engine("ps", "--all", "--filter", "name=faiss-fleet-", "--format", "{{.Names}}").split()

    def wait_until_none(self) -> None:
        deadline = time.monotonic() + 20
        while self.containers():
            assert time.monotonic() < deadline, self.containers()
            time.sleep(0.2)


@pytest.fixture(
    scope="module",
    params=["podman", *(pytest.param(name, marks=pytest.mark.slow) for name in ("docker", "docker-containerd"))],
)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    directory = tmp_path_factory.mktemp(request.param)
    directory.chmod(0o755)
    # The image is built once for all.
    cache = tmp_path_factory.getbasetemp() / "cache"
    name, _, store = request.param.partition("-")
    engine = container_audit.podman() if name == "podman" else docker_engine.daemon(directory, bool(store))
    with engine as environment:
        yield Case(name, directory, environment, cache)


@pytest.fixture(scope="module")
def record(case: Case) -> dict[str, Any]:
    return case.audit.run()["here"]


def runtime_of(record: dict[str, Any]) -> dict[str, Any]:
    assert record["state"] == "native", (record["because"], record["attempts"], record["verification"])
    found: dict[str, Any] = record["setting"]["after"]["runtime"]
    return found


def start(case: Case, record: dict[str, Any], program: str, **options: Any) -> subprocess.Popen[str]:
    runtime = runtime_of(record)
    pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    argv = [*runtime["argv"], "-c", program]
    return subprocess.Popen(argv, env={**case.environment, **runtime["env"]}, text=True, **pipes, **options)


def ask(case: Case, record: dict[str, Any], program: str) -> str:
    process = start(case, record, program)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.strip()


def test_native_faiss_comes_in_a_container(case: Case, record: dict[str, Any]) -> None:
    runtime = runtime_of(record)
    assert record["decision"]["provider"] == "container"
    assert runtime["kind"] == "container" and runtime["argv"] == [f"{runtime['prefix']}/bin/faiss-python"]
    (attempt,) = record["attempts"]
    assert attempt["ok"] and attempt["changed"] and attempt["bytes_shipped"] > 50_000_000
    (verification,) = record["verification"]
    assert verification["ok"] and verification["known_answer"] and verification["save_load"]
    assert verification["python_version"].startswith("3.11.")
    assert verification["faiss_location"] == "/opt/faiss-fleet/site-packages/faiss"
    case.wait_until_none()


@with_engines
def test_what_was_shipped_is_not_kept_on_the_host(case: Case, record: dict[str, Any]) -> None:
    prefix = Path(runtime_of(record)["prefix"])
    assert sum(path.stat().st_size for path in prefix.rglob("*") if path.is_file()) < 20_000


def test_a_second_audit_changes_nothing(case: Case, record: dict[str, Any]) -> None:
    images = case.images()
    said = case.audit.playbook("audit.yml")
    assert "changed=0" in said
    assert case.images() == images


def test_the_container_has_the_host_of_nothing(case: Case, record: dict[str, Any]) -> None:
    program = """
import json, os, socket
status = dict(line.split(':', 1) for line in open('/proc/self/status'))
def writes(path):
    try:
        open(path + '/probe', 'w').close()
        return True
    except OSError:
        return False
mounts = [line.split() for line in open('/proc/self/mountinfo')]
print(json.dumps({
    'uid': os.getuid(), 'gid': os.getgid(), 'capabilities': status['CapBnd'].strip(),
    'seccomp': status['Seccomp'].strip(),
    'privileges': status['NoNewPrivs'].strip(), 'interfaces': sorted(name for _, name in socket.if_nameindex()),
    'writes': [path for path in ('/', '/etc', '/opt', '/usr', '/var/tmp', '/run', '/tmp', '/home') if writes(path)],
    'files': [line[4] for line in mounts if line[4].startswith(('/home', '/root', '/mnt', '/opt', '/srv'))],
}))
"""
    found = json.loads(ask(case, record, program))
    assert found["uid"] == found["gid"] == 65534
    assert int(found["capabilities"], 16) == 0 and found["privileges"] == "1" and found["seccomp"] == "2"
    assert found["interfaces"] == ["lo"]
    assert found["writes"] == ["/tmp"]
    assert found["files"] == []


@with_engines
def test_memory_and_processes_are_bounded(case: Case, record: dict[str, Any], tmp_path: Path) -> None:
    program = "data = bytearray(2 << 30)\nfor at in range(0, len(data), 4096): data[at] = 1\nprint('had it')"
    hog = start(case, record, program, cwd=tmp_path)
    out, _ = hog.communicate(timeout=60)
    assert hog.returncode != 0 and out == ""
    case.wait_until_none()
    assert list(tmp_path.iterdir()) == []  # podman's monitor would leave a file there
    program = """
import subprocess, sys
started = []
try:
    for _ in range(200):
        started.append(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(30)']))
except OSError as exc:
    print('refused after', len(started))
for one in started: one.kill()
"""
    assert ask(case, record, program).startswith("refused after")


@with_engines
def test_input_and_output_are_the_callers_and_are_not_logged(case: Case, record: dict[str, Any]) -> None:
    process = start(
        case, record, "import sys; sys.stdout.write(sys.stdin.read()[::-1]); sys.stdout.flush(); sys.exit(7)"
    )
    out, _ = process.communicate("s3cret vectors", timeout=60)
    assert (process.returncode, out) == (7, "srotcev terc3s")


@with_engines
@pytest.mark.parametrize("how", ["busy", "waits"])
def test_a_killed_caller_leaves_no_container(case: Case, record: dict[str, Any], how: str) -> None:
    """busy: a FAISS that hangs and does not look at its input. The whole group is killed, as a time limit does."""
    case.wait_until_none()
    program = "print('ready', flush=True)\n" + ("while True: pass" if how == "busy" else "import sys; sys.stdin.read()")
    process = start(case, record, program, start_new_session=True)
    assert process.stdout.readline() == "ready\n"
    assert len(case.containers()) == 1
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    case.wait_until_none()


REAL = importlib.util.spec_from_file_location("loaders_for_containers", Path(__file__).with_name("test_loaders.py"))
loaders = importlib.util.module_from_spec(REAL)
REAL.loader.exec_module(loaders)


def given_to_loaders(case: Case, record: dict[str, Any]) -> dict[str, str]:
    return {
        **case.environment,
        "FAISS_FLEET_TEST_RUNTIMES": json.dumps([runtime_of(record)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "FAISS_FLEET_TEST_PYTHON": sys.executable,
    }


@pytest.mark.slow
@with_engines
def test_the_loader_for_node_runs_on_it(case: Case, record: dict[str, Any]) -> None:
    run = ROOT / "loaders" / "node" / "test" / "run.js"
    said = loaders.check([loaders.node("20"), run, "backends: container"], given_to_loaders(case, record))
    assert ", 0 failed" in said and " 0 tests" not in said


@pytest.mark.slow
@with_engines
def test_the_loader_for_python_runs_on_it(case: Case, record: dict[str, Any]) -> None:
    env = {**given_to_loaders(case, record), "PYTHONPATH": str(loaders.real_faiss.site_of("3.13"))}
    tests = ROOT / "loaders" / "python" / "tests"
    loaders.check([needs.interpreter("3.13"), "-m", "unittest", "-q", "test_backends.Backends"], env, cwd=tests)


APPLICATION = """
import json, subprocess, sys
sys.path.insert(0, sys.argv[1])
from faiss_fleet_loader import VectorStorage
events = []
store = VectorStorage('l2', setting=sys.argv[2], fallback=False, in_process=False,
                      on_event=lambda *event: events.append(event[0]))
vectors = [[float(row), float(row % 3), 1.0] for row in range(50)]
store.add(list(range(50)), vectors)
before = store.search(vectors[7], 3)
store.save(sys.argv[3])
ps = [sys.argv[4], 'ps', '--filter', 'name=faiss-fleet-', '--format', '{{.Names}}']
names = subprocess.check_output(ps).decode().split()
for name in names:
    subprocess.check_call([sys.argv[4], 'kill', name], stdout=subprocess.DEVNULL)
after = store.search(vectors[7], 3)
again = VectorStorage('l2', setting=sys.argv[2], fallback=False, in_process=False)
again.load(sys.argv[3])
loaded = again.search(vectors[7], 3)
print(json.dumps({'backend': store.backend, 'events': events, 'killed': len(names), 'same': before == after == loaded,
                  'nearest': before[0][0]}))
store.close()
again.close()
"""


@pytest.mark.slow
def test_an_application_outlives_its_killed_container(case: Case, record: dict[str, Any], tmp_path: Path) -> None:
    runtime_of(record)
    case.wait_until_none()
    setting = record["setting"]["path"]
    arguments = [str(ROOT / "loaders" / "python"), setting, str(tmp_path / "saved.ffv"), case.name]
    done = subprocess.run(
        [sys.executable, "-c", APPLICATION, *arguments],
        env=case.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == {"backend": "worker", "events": ["restart"], "killed": 1, "same": True, "nearest": 7}
    case.wait_until_none()


@pytest.mark.slow
def test_an_image_that_was_removed_by_hand_is_brought_again(case: Case, record: dict[str, Any]) -> None:
    case.wait_until_none()
    digest = Path(runtime_of(record)["prefix"]).name
    case.engine("rmi", f"{OURS}:{digest}")
    again = case.audit.run()["here"]
    assert again["state"] == "native", again["because"]
    (prefix,) = [found for found in again["facts"]["prefixes"] if found["strategy"] == "container"]
    assert not prefix["complete"] and "does not have the image" in prefix["reason"]
    assert again["attempts"][0]["changed"] is True
    assert f"{OURS}:{digest}" in {line.split()[0] for line in case.images()}


def test_rollback_leaves_files_and_images_as_they_were(case: Case, record: dict[str, Any]) -> None:
    case.wait_until_none()
    said = case.audit.playbook("rollback.yml", "-e", "vector_backend__rollback_to=found")
    assert "its image is removed" in said
    assert case.images() == case.images_before
    assert container_audit.tree(case.directory / "host") == case.tree_before
    assert "changed=0" in case.audit.playbook("rollback.yml", "-e", "vector_backend__rollback_to=found")


@pytest.fixture(scope="module")
def archive(case: Case, record: dict[str, Any]) -> Path:
    """The image that the audit built, as its archive."""
    found = sorted(case.cache.glob("archives/image-*.tar.gz"), key=lambda path: path.stat().st_mtime_ns)
    return found[0]


@pytest.mark.slow
def test_an_image_that_was_there_before_stays(case: Case, archive: Path) -> None:
    plain = case.directory / "own.tar"
    subprocess.run(f"gzip -dc {archive} > {plain}", shell=True, check=True)
    case.engine("load", "--input", str(plain))
    given = {"file": str(plain), "sha256": container_audit.cache.sha256(plain)}
    found = case.audit.run(container_source="archive", container_archive=given)["here"]
    image = json.loads(Path(runtime_of(found)["prefix"], "manifest.json").read_text())["lock"]["image"]["id"]
    try:
        assert found["attempts"][0]["ok"]
        case.wait_until_none()
        said = case.audit.playbook("rollback.yml", "-e", "vector_backend__rollback_to=found")
        assert "image is removed" not in said
        assert image in case.engine("images", "--quiet", "--no-trunc")
    finally:
        case.engine("rmi", image)


@pytest.mark.slow
def test_an_image_that_somebody_else_uses_stays(case: Case, archive: Path) -> None:
    found = case.audit.run()["here"]
    digest = Path(runtime_of(found)["prefix"]).name
    case.engine("create", "--name", "ff-container-other", f"{OURS}:{digest}", "python3")
    try:
        case.wait_until_none()
        said = case.audit.playbook("rollback.yml", "-e", "vector_backend__rollback_to=found")
        assert "stays: a container uses it" in " ".join(said.split())
        assert f"{OURS}:{digest}" in {line.split()[0] for line in case.images()}
    finally:
        case.engine("rm", "--force", "ff-container-other")
        case.engine("rmi", f"{OURS}:{digest}")


class Shop:
    """A registry that the engine trusts without TLS, and how to name its image."""

    def __init__(self, case: Case, registry: Registry) -> None:
        self.registry = registry
        conf = case.directory / "registries.conf"
        conf.write_text(f'[[registry]]\nlocation = "{registry.host}"\ninsecure = true\n')
        case.audit.environment["CONTAINERS_REGISTRIES_CONF"] = str(conf)


@pytest.fixture(scope="module")
def shop(case: Case, archive: Path) -> Iterator[Shop]:
    with Registry(archive) as registry:
        yield Shop(case, registry)


@pytest.mark.slow
def test_a_tag_is_resolved_once_and_hosts_pull_its_digest(case: Case, shop: Shop) -> None:
    found = case.audit.run(container_source="registry", container_image=shop.registry.tagged)["here"]
    prefix = Path(runtime_of(found)["prefix"])
    lock = json.loads((prefix / "manifest.json").read_text())["lock"]
    assert lock["image"] == {"reference": shop.registry.pinned}
    assert shop.registry.pinned in (prefix / "bin" / "faiss-python").read_text()
    asked = [path for path in shop.registry.asked if path.endswith("/manifests/1")]
    again = case.audit.run(container_source="registry", container_image=shop.registry.tagged)["here"]
    assert [attempt["changed"] for attempt in again["attempts"]] == [False]
    assert [path for path in shop.registry.asked if path.endswith("/manifests/1")] == asked
    case.wait_until_none()
    case.audit.playbook("rollback.yml", "-e", "vector_backend__rollback_to=found")
    assert case.images() == case.images_before
    assert container_audit.tree(case.directory / "host") == case.tree_before


def refused(case: Case, state: str = "fallback", **options: Any) -> dict[str, Any]:
    """The attempt of an audit that ends in this state and leaves nothing, on a host where no FAISS is configured."""
    configured = Path(container_audit.local(case.directory / "host")["vector_backend__path"])
    if configured.exists() and json.loads(configured.read_text())["backend"] == "faiss":
        case.audit.playbook("rollback.yml", "-e", "vector_backend__rollback_to=found")
    images, programs = case.images(), case.programs()
    found = case.audit.run(status=2 if state == "failed" else 0, **options)["here"]
    assert found["state"] == state, found["because"]
    case.wait_until_none()
    assert case.images() == images
    # What failed is remembered there; nothing of it stays.
    assert case.programs() == programs
    (attempt,) = found["attempts"]
    assert attempt["ok"] is False and attempt["remedy"]
    return attempt


@pytest.mark.slow
def test_a_digest_that_the_registry_does_not_have(case: Case, shop: Shop) -> None:
    name = shop.registry.pinned.partition("@")[0] + "@sha256:" + "ab" * 32
    attempt = refused(case, "failed", container_source="registry", container_image=name)
    assert (attempt["cause"], attempt["fault"]) == ("image_missing", "inventory")
    assert "manifest unknown" in attempt["message"] or "not found" in attempt["message"]


@pytest.mark.slow
def test_a_registry_that_limits(case: Case, shop: Shop) -> None:
    shop.registry.mode = "limited"
    try:
        attempt = refused(case, "failed", container_source="registry", container_image=shop.registry.pinned)
    finally:
        shop.registry.mode = "fine"
    assert attempt["cause"] == "image_rate_limit"


@pytest.mark.slow
@with_podman
def test_a_registry_whose_certificate_nobody_knows(case: Case, archive: Path) -> None:
    certificate = case.directory / "registry.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-keyout",
            certificate,
            "-out",
            f"{certificate}.crt",
            "-addext",
            "subjectAltName=IP:127.0.0.1,DNS:localhost",
        ],
        check=True,
        capture_output=True,
    )
    certificate.write_text(certificate.read_text() + Path(f"{certificate}.crt").read_text())
    with Registry(archive, certificate=certificate) as registry:
        case.audit.environment.pop("CONTAINERS_REGISTRIES_CONF", None)
        pinned = registry.pinned.replace("127.0.0.1", "localhost")
        attempt = refused(case, "failed", container_source="registry", container_image=pinned)
    assert attempt["cause"] == "tls" and "x509" in attempt["message"]


def image_with(case: Case, archive: Path, name: str, files: dict[str, str]) -> dict[str, str]:
    """The built image with other files in its site-packages, as an archive of the inventory."""
    work = case.directory / name
    work.mkdir()
    image = container_archive.read(archive, work)
    assert image is not None
    layer = work / "more.tar"
    with tarfile.open(layer, "w") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(text), 0o644
            tar.addfile(member, io.BytesIO(text.encode()))
    about = image.about
    about["rootfs"]["diff_ids"].append(f"sha256:{container_audit.cache.sha256(layer)}")
    del about["history"]
    made = container_archive.Image(json.dumps(about).encode(), (*image.layers, layer))
    target = case.directory / f"{name}.tar.gz"
    container_archive.write(made, target)
    shutil.rmtree(work)
    return {"file": str(target), "sha256": container_audit.cache.sha256(target)}


SITE = "opt/faiss-fleet/site-packages"


@pytest.mark.slow
@pytest.mark.parametrize(
    "files, cause",
    [
        pytest.param({f"{SITE}/.wh.faiss": ""}, {"not_installed"}, id="without FAISS"),
        pytest.param({f"{SITE}/faiss/__init__.py": "import ctypes\nctypes.string_at(0)\n"}, {"segfault"}, id="crashes"),
        pytest.param({f"{SITE}/faiss/__init__.py": "while True: pass\n"}, {"timeout"}, id="hangs"),
        pytest.param({"usr/bin/.wh.python3": ""}, {"python_missing"}, id="without Python"),
    ],
)
@with_podman
def test_an_image_that_does_not_work_is_told_and_goes(
    case: Case, archive: Path, files: dict[str, str], cause: set[str], request: pytest.FixtureRequest
) -> None:
    given = image_with(case, archive, f"broken-{cause.copy().pop()}", files)
    test = {"workload": container_audit.WORKLOAD, "timeout": 10}
    empty = bool(cause & {"not_installed", "python_missing"})  # on any host: that says nothing of this one
    state = "failed" if empty else "fallback"
    attempt = refused(case, state, container_source="archive", container_archive=given, search_test=test)
    assert attempt["cause"] in cause and attempt["fault"] == ("inventory" if empty else "host"), attempt


@pytest.mark.slow
@with_podman
def test_a_wrong_sha256_reaches_no_host(case: Case, archive: Path) -> None:
    wrong = {"file": str(archive), "sha256": "ab" * 32}
    with pytest.raises(AssertionError, match=r"(?s)Nothing was changed.* has sha256 "):
        case.audit.run(container_source="archive", container_archive=wrong)
