# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The whole way of a wheel, for real: plan, resolve by pip, pack, deploy, import and search. Needs a package index."""

import dataclasses
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.wheel import catalogue, pip_resolver
from faiss_fleet.strategies.wheel import strategy as wheel
from faiss_fleet.strategies.wheel.catalogue import Catalogue
from faiss_fleet.target.prefix import contents, unpack
from tests import needs
from tests.prefix_archives import manifest_of
from tests.unit.faiss_fleet.strategies.wheel.hosts import CENTOS7, DEBIAN12, facts, python

SEARCH = """
import json, sys, faiss, numpy
vectors = numpy.random.RandomState(0).rand(200, 16).astype('float32')
index = faiss.IndexFlatL2(16)
index.add(vectors)
found = index.search(vectors[:20], 1)[1][:, 0].tolist()
print(json.dumps([faiss.__version__, numpy.__version__, '%d.%d' % sys.version_info[:2], found == list(range(20))]))
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """One cache for all tests of this file, so that each class is downloaded once."""
    return tmp_path_factory.mktemp("cache")


def options(kept, **extra):
    return Options(cache=kept, extra={"_catalogue": Catalogue(tuple(catalogue.table())), **extra})


def first_possible(found, given):
    return next(each for each in wheel.STRATEGY.plan(found, given) if each["verdict"] == "possible")


def here(version):
    """What this machine provides, with one of its real Pythons."""
    path = needs.interpreter(version)
    full = subprocess.check_output([path, "-c", "import platform; print(platform.python_version())"], text=True).strip()
    found = facts(CENTOS7, python(full, path=path, realpath=os.path.realpath(path)))
    assert platform.machine() == "x86_64"
    return found


def deploy_and_search(artefact, directory):
    prefix = str(directory / artefact.digest)
    directory.mkdir(exist_ok=True)
    with open(artefact.archive, "rb") as handle:
        unpack.check_sha256(handle, artefact.sha256, "archive")
        unpack.unpack(handle, prefix, artefact.digest, "archive")
    assert contents.damage(prefix) is None
    argv = [part.replace("{prefix}", prefix) for part in artefact.runtime["argv"]]
    environment = {name: value.replace("{prefix}", prefix) for name, value in artefact.runtime["env"].items()}
    output = subprocess.check_output(
        [*argv, "-c", SEARCH], env={"LC_ALL": "C", "PATH": "/usr/bin:/bin", **environment}, text=True
    )
    return json.loads(output.strip().splitlines()[-1])


@pytest.mark.parametrize(
    "version, release, numpy",
    [
        *(
            pytest.param(*row, marks=pytest.mark.slow)
            for row in (("3.6", "1.7.2", "1.19.5"), ("3.8", "1.8.0", "1.24.4"))
        ),
        ("3.13", "1.9.0", "2.2.6"),
    ],
)
def test_wheel_for_glibc_2_17_is_resolved_packed_deployed_and_searches(kept, tmp_path, version, release, numpy):
    found, given = here(version), options(kept)
    artefact = wheel.STRATEGY.resolve(first_possible(found, given), found, given)
    names = {package["name"]: package["version"] for package in artefact.lock["packages"]}
    assert names["numpy"] == numpy
    # faiss says 1.8.0 of itself in 1.8.0.post1
    assert deploy_and_search(artefact, tmp_path / "fleet") == [release, numpy, version, True]


@pytest.mark.slow
def test_newest_release_for_this_generation_of_hosts_searches(kept, tmp_path):
    path = needs.interpreter("3.11")
    found, given = facts(DEBIAN12, python("3.11.2", path=path, realpath=path)), options(kept)
    artefact = wheel.STRATEGY.resolve(first_possible(found, given), found, given)
    release, _, _, right = deploy_and_search(artefact, tmp_path / "fleet")
    assert (release, right) == (str(catalogue.for_options(given).releases()[0]), True)


@pytest.mark.slow
def test_second_resolve_asks_nobody_and_gives_the_same(kept, monkeypatch):
    found, given = here("3.6"), options(kept)
    candidate = first_possible(found, given)
    first = wheel.STRATEGY.resolve(candidate, found, given)
    monkeypatch.setattr(pip_resolver, "_execute", lambda *_: pytest.fail("pip was run"))
    assert wheel.STRATEGY.resolve(candidate, found, given) == first
    offline = Options(cache=kept, offline=True, extra=given.extra)
    assert wheel.STRATEGY.resolve(candidate, found, offline) == first


@pytest.mark.slow
def test_packed_anew_it_has_the_same_bytes(kept):
    found, given = here("3.6"), options(kept)
    candidate = first_possible(found, given)
    first = wheel.STRATEGY.resolve(candidate, found, given)
    shutil.rmtree(kept / "archives")
    again = wheel.STRATEGY.resolve(candidate, found, given)
    assert again == first
    manifest = manifest_of(again.archive)
    assert manifest["lock"] == again.lock
    assert (
        again.digest
        == hashlib.sha256(json.dumps(again.lock, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]
    )


def test_offline_with_nothing_kept_says_what_to_do(tmp_path):
    found, given = here("3.6"), options(tmp_path)
    with pytest.raises(FleetError, match="faiss_install__offline") as failure:
        wheel.STRATEGY.resolve(
            first_possible(found, given), found, Options(cache=tmp_path, offline=True, extra=given.extra)
        )
    assert failure.value.cause == "unreachable"


@pytest.mark.slow
def test_numpy_for_newer_cpus_is_replaced_by_an_older_one(kept):
    found, given = facts(DEBIAN12, "3.11.2", isa="x86-64-v1"), options(kept)
    artefact = wheel.STRATEGY.resolve(first_possible(found, given), found, given)
    names = {package["name"]: package["version"] for package in artefact.lock["packages"]}
    assert (names["faiss-cpu"], names["numpy"].rsplit(".", 1)[0]) == ("1.13.2", "2.3")


@pytest.mark.slow
def test_wheelhouse_alone_is_enough_and_a_changed_wheel_is_refused(kept, tmp_path):
    found = here("3.6")
    given = options(kept)
    lock = wheel.STRATEGY.resolve(first_possible(found, given), found, given).lock
    house = tmp_path / "house"
    house.mkdir()
    for package in lock["packages"]:
        shutil.copy(kept / "wheels" / package["sha256"] / package["file"], house)
    sums = "".join(f"{package['sha256']}  {package['file']}\n" for package in lock["packages"])
    (house / "SHA256SUMS").write_text(sums)
    given = Options(cache=tmp_path / "cache", offline=True, extra={"faiss_install__wheelhouse": str(house)})
    assert wheel.STRATEGY.resolve(first_possible(found, given), found, given).lock == lock
    numpy = next(house.glob("numpy*"))
    numpy.write_bytes(numpy.read_bytes()[:-1000])
    with pytest.raises(FleetError) as failure:
        wheel.STRATEGY.resolve(first_possible(found, given), found, given)
    assert failure.value.cause == "hash_mismatch"
    assert numpy.name in str(failure.value)


def test_index_that_serves_another_file_than_was_measured_is_refused(kept, tmp_path):
    found, given = here("3.6"), options(kept)
    known = given.extra["_catalogue"]
    changed = Catalogue(
        tuple(
            dataclasses.replace(each, sha256="0" * 64) if str(each.version) == "1.7.2" else each
            for each in known.wheels
        )
    )
    given = Options(cache=tmp_path, extra={"_catalogue": changed})
    with pytest.raises(FleetError, match="another file than was measured") as failure:
        wheel.STRATEGY.resolve(first_possible(found, given), found, given)
    assert failure.value.cause == "hash_mismatch"


@pytest.fixture(scope="module")
def portable(tmp_path_factory):
    """A relocatable CPython 3.13 built for old C libraries, out of a package of the index."""
    directory = tmp_path_factory.mktemp("portable")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "-d",
        str(directory),
        "backend-ai-krunner-static-gnu==4.4.0",
    ]
    subprocess.run(command, check=True, env={**os.environ, "PIP_FIND_LINKS": ""})
    shutil.unpack_archive(next(directory.glob("*.whl")), directory, "zip")
    archive = next(directory.rglob("krunner-env.*.tar.xz"))
    return {"file": str(archive), "sha256": hashlib.sha256(archive.read_bytes()).hexdigest()}


@pytest.mark.slow
def test_host_with_python_2_alone_gets_a_portable_one_that_searches(kept, tmp_path, portable):
    found = facts(CENTOS7, "2.7.5")
    given = options(kept, faiss_install__portable_python=portable)
    candidate = first_possible(found, given)
    assert candidate["id"] == "wheel:faiss-cpu-1.9.0.post1:cp313:portable"
    artefact = wheel.STRATEGY.resolve(candidate, found, given)
    assert deploy_and_search(artefact, tmp_path / "fleet") == ["1.9.0", "2.2.6", "3.13", True]


@pytest.mark.parametrize(
    "change, words",
    [
        ({"sha256": "0" * 64}, "has sha256"),
        ({"file": "/nowhere/python.tar.gz"}, "not a file on this controller"),
        ({"sha256": None}, "Add sha256"),
    ],
)
def test_portable_python_that_cannot_be_used_is_told(tmp_path, portable, change, words):
    given = options(tmp_path, faiss_install__portable_python={**portable, **change})
    with pytest.raises(FleetError, match=words):
        wheel.STRATEGY.plan(facts(CENTOS7, "2.7.5"), given)


def test_archive_without_a_python_is_refused(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "readme").write_text("x")
    archive = Path(shutil.make_archive(str(tmp_path / "python"), "gztar", tmp_path / "x"))
    portable = {"file": str(archive), "sha256": hashlib.sha256(archive.read_bytes()).hexdigest()}
    given = options(tmp_path, faiss_install__portable_python=portable)
    with pytest.raises(FleetError, match="bin/python3") as failure:
        wheel.STRATEGY.plan(facts(CENTOS7, "2.7.5"), given)
    assert failure.value.cause == "corrupt_artefact"


def test_index_is_listed_whole():
    names = pip_resolver.wheel_names("faiss-cpu", pip_resolver.Source())
    assert {wheel.file for wheel in catalogue.table()} <= set(names)


def test_table_is_as_measured_today():
    """One wheel of each of two generations, read again."""
    table = {each.file: each for each in catalogue.table()}
    names = [name for name in table if "1.7.2-cp36" in name or "1.15.1-cp310-abi3-manylinux" in name]
    names = [name for name in names if "x86_64" in name]
    with tempfile.TemporaryDirectory() as directory:
        for each in catalogue._read_all(names, Path(directory)):
            expected = table[each.file]
            assert (each.sha256, each.needs, each.builds, each.bundled) == (
                expected.sha256,
                expected.needs,
                expected.builds,
                expected.bundled,
            )
