# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.version import Version

from faiss_fleet.artefacts import cache
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.wheel import catalogue, measure, pip_resolver
from faiss_fleet.strategies.wheel import lock as wheel_lock
from faiss_fleet.strategies.wheel.pip_resolver import Source

NAME = "faiss_cpu-1.99.0-cp310-abi3-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"


def make_wheel(folder, name=NAME, metadata="Name: faiss-cpu\nRequires-Python: >=3.10\nRequires-Dist: numpy>=1.26\n"):
    """A wheel that holds one real ELF file: that of the Python which runs this test."""
    path = folder / name
    folder.mkdir(exist_ok=True)
    stem = "-".join(name.split("-")[:2])
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\n{metadata}")
        archive.write(Path(sys.executable).resolve(), "faiss/_swigfaiss.abi3.so")
        archive.writestr("faiss/_swigfaiss_avx2.abi3.so.txt", "no ELF file")
    return path


def options(tmp_path, **more):
    extra = {name: value for name, value in more.items() if name.startswith("faiss_install__")}
    return Options(cache=tmp_path / "cache", offline=bool(more.get("offline")), extra=extra)


def test_table_covers_every_generation_on_both_architectures():
    wheels = catalogue.table()
    assert len(wheels) > 200
    assert {arch for wheel in wheels for _, _, arch in wheel.libc_tags()} >= {"x86_64", "aarch64"}
    assert {family for wheel in wheels for family, _, _ in wheel.libc_tags()} == {"glibc", "musl"}
    assert all(len(wheel.sha256) == 64 and wheel.size and wheel.unpacked_bytes and wheel.needs for wheel in wheels)


def test_table_says_which_builds_a_wheel_carries():
    builds = {
        str(wheel.version): wheel.builds
        for wheel in catalogue.table()
        if wheel.file.endswith("manylinux2014_x86_64.whl") and "cp39" in wheel.file
    }
    assert builds["1.7.2"] == ("generic",)
    assert builds["1.9.0.post1"] == ("avx2", "avx512", "generic")


def test_table_survives_its_own_spelling():
    wheels = catalogue.table()
    assert sorted(catalogue.from_json(catalogue.to_json(wheels, "2026-01-01")), key=str) == sorted(wheels, key=str)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"schema": 2, "wheels": []}', '{"schema": 1, "wheels": [{}], "needs": {}}']
)
def test_table_that_cannot_be_read_names_the_command_that_makes_it(text):
    with pytest.raises(FleetError, match=r"catalogue update"):
        catalogue.from_json(text)


@pytest.mark.parametrize(
    "version, wanted",
    [("1.8.0.post1", "numpy<2"), ("1.7.2", "numpy<2"), ("1.13.2", "packaging"), ("1.15.1", "numpy>=1.26")],
)
def test_what_a_release_needs_without_asking_is_added(version, wanted):
    wheel = next(wheel for wheel in catalogue.table() if str(wheel.version) == version)
    assert wanted in measure.requirements(wheel)


def test_wheel_is_measured_by_its_own_bytes(tmp_path):
    path = make_wheel(tmp_path)
    found = measure.measure(path)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.version == Version("1.99.0")
    assert found.requires_dist == ("numpy>=1.26",)
    assert found.builds == ("generic",)
    assert found.isa is None
    assert "libc.so.6" in {need["library"] for need in found.needs}


@pytest.mark.parametrize(
    "names, wanted",
    [
        ([NAME], [NAME]),
        (
            [
                "faiss_cpu-1.15.0-cp313-cp313-macosx_13_0_x86_64.whl",
                "faiss_cpu-1.15.0-cp27-cp27mu-manylinux1_x86_64.whl",
            ],
            [],
        ),
        (
            [
                "faiss_cpu-2.0rc1-cp310-abi3-manylinux_2_28_x86_64.whl",
                "faiss_gpu-1.0-cp310-abi3-manylinux_2_28_x86_64.whl",
            ],
            [],
        ),
        (["../../x.whl", "x.whl", ""], []),
    ],
)
def test_only_wheels_for_linux_and_cpython_3_are_wanted(names, wanted):
    assert catalogue.wanted_names(names, ("x86_64",)) == wanted


# A wheelhouse


def test_wheelhouse_takes_the_place_of_table_and_index(tmp_path, monkeypatch):
    monkeypatch.setattr(pip_resolver, "wheel_names", lambda *_: pytest.fail("the index was asked"))
    path = make_wheel(tmp_path / "house")
    (tmp_path / "house" / "numpy-2.0-cp310-cp310-manylinux_2_28_x86_64.whl").write_bytes(b"not looked into here")
    found = catalogue.for_options(options(tmp_path, faiss_install__wheelhouse=str(path.parent)))
    assert [(wheel.file, wheel.origin) for wheel in found.wheels] == [(NAME, "wheelhouse")]
    assert found.source == Source((path.parent,))


def test_wheel_of_a_wheelhouse_is_read_once(tmp_path, monkeypatch):
    path = make_wheel(tmp_path / "house")
    given = options(tmp_path, faiss_install__wheelhouse=str(path.parent))
    first = catalogue.for_options(given)
    monkeypatch.setattr(catalogue, "measure", lambda *_: pytest.fail("read again"))
    assert catalogue.for_options(given) == first


def test_sums_that_are_right_pass(tmp_path):
    path = make_wheel(tmp_path / "house")
    sums = f"{cache.sha256(path)}  {path.name}\n{'0' * 64} *absent.whl\n"
    (path.parent / "SHA256SUMS").write_text(sums)
    assert catalogue.wheelhouse(path.parent, tmp_path / "cache")


@pytest.mark.parametrize("sums", [f"{'0' * 64}  {NAME}\n", f"{'0' * 64}  another.whl\n"], ids=["wrong", "not named"])
def test_wheel_that_is_not_what_the_sums_say_is_refused_by_name(tmp_path, sums):
    path = make_wheel(tmp_path / "house")
    (path.parent / "SHA256SUMS").write_text(sums)
    with pytest.raises(FleetError, match="SHA256SUMS") as failure:
        catalogue.wheelhouse(path.parent, tmp_path / "cache")
    assert failure.value.cause == "hash_mismatch"
    assert NAME in str(failure.value) and failure.value.remedy


@pytest.mark.parametrize("sums", ["", "\n\n"])
def test_sums_that_name_nothing_switch_no_checking_off(tmp_path, sums):
    path = make_wheel(tmp_path / "house")
    (path.parent / "SHA256SUMS").write_text(sums)
    with pytest.raises(FleetError, match="is empty") as failure:
        catalogue.wheelhouse(path.parent, tmp_path / "cache")
    assert failure.value.fault == "inventory" and "sha256sum" in failure.value.remedy


def test_sums_that_are_none_are_refused(tmp_path):
    path = make_wheel(tmp_path / "house")
    (path.parent / "SHA256SUMS").write_text("<html>404</html>\n")
    with pytest.raises(FleetError, match="line 1"):
        catalogue.wheelhouse(path.parent, tmp_path / "cache")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: data[: len(data) // 2], id="cut"),
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: b"<html>" * 100, id="foreign"),
        pytest.param(lambda data: data.replace(b"no ELF file", b"no ELF fill", 1), id="a file that is no ELF"),
        pytest.param(lambda data: data[:5000] + bytes(byte ^ 255 for byte in data[5000:5064]) + data[5064:], id="bits"),
    ],
)
def test_corrupt_wheel_is_refused_with_its_name_and_a_remedy(tmp_path, spoil):
    path = make_wheel(tmp_path / "house")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(FleetError, match=r"faiss_cpu-1\.99\.0") as failure:
        catalogue.wheelhouse(path.parent, tmp_path / "cache")
    assert failure.value.cause == "corrupt_artefact"
    assert failure.value.remedy


def test_wheel_without_metadata_is_refused(tmp_path):
    path = tmp_path / NAME
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("faiss/x.py", "")
    with pytest.raises(FleetError, match="0 METADATA files"):
        measure.measure(path)


def test_missing_wheelhouse_is_told(tmp_path):
    with pytest.raises(FleetError, match="no folder on this controller"):
        catalogue.wheelhouse(tmp_path / "none", tmp_path / "cache")


# Releases that came after the table


def test_newer_release_is_found_read_once_and_kept(tmp_path, monkeypatch):
    asked = []

    def listed(*_):
        asked.append(1)
        return [NAME, *(wheel.file for wheel in catalogue.table())]

    def read(names, _folder):
        names = list(names)
        return [measure.measure(make_wheel(tmp_path / "made", name)) for name in names]

    monkeypatch.setattr(pip_resolver, "wheel_names", listed)
    monkeypatch.setattr(catalogue, "_read_all", read)
    for _ in range(2):
        found = catalogue.for_options(options(tmp_path))
        assert found.releases()[0] == Version("1.99.0")
        assert found.gaps == ()
    assert len(asked) == 1
    catalogue.for_options(options(tmp_path), now=lambda: 1e12)
    assert len(asked) == 2


@pytest.mark.parametrize(
    "text", ["[1, 2]", '"text"', '{"at": 1e99, "table": [1]}', '{"at": 1e99, "table": "{}"}', "[" * 100_000, "{"]
)
def test_a_damaged_note_of_newer_releases_is_looked_up_again(tmp_path, monkeypatch, text):
    path = options(tmp_path).cache / "catalogue" / "newer.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    monkeypatch.setattr(pip_resolver, "wheel_names", lambda *_: [])
    found = catalogue.for_options(options(tmp_path))
    assert (len(found.wheels), found.gaps) == (len(catalogue.table()), ())
    assert isinstance(json.loads(path.read_text())["table"], str)


def test_index_out_of_reach_is_a_gap_that_names_no_secret_and_is_not_asked_by_every_host(tmp_path, monkeypatch):
    asked = []

    def fail(*_):
        asked.append(1)
        raise FleetError("could not fetch https://me:hunter2@index.example/simple", cause="network")

    monkeypatch.setattr(pip_resolver, "wheel_names", fail)
    for _ in range(3):
        found = catalogue.for_options(options(tmp_path))
        assert len(found.wheels) == len(catalogue.table())
        assert "could not be looked up" in found.gaps[0] and "hunter2" not in found.gaps[0]
    assert len(asked) == 1


def test_offline_asks_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(pip_resolver, "wheel_names", lambda *_: pytest.fail("the index was asked"))
    assert catalogue.for_options(options(tmp_path, offline=True)).gaps == ()


# pip


def test_failed_pip_is_diagnosed_and_its_secrets_are_hidden():
    output = (
        "Looking in indexes: https://me:hunter2@index.example/simple\n"
        "ERROR: Could not find a version that satisfies the requirement faiss-cpu==9 (from versions: none)\n"
        "ERROR: No matching distribution found for faiss-cpu==9\n"
    )
    failure = pip_resolver.failure("download", 1, output)
    assert failure.cause == "no_matching_distribution"
    assert failure.remedy
    assert "hunter2" not in str(failure)
    assert "No matching distribution" in str(failure)


def test_pip_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(pip_resolver, "_command", lambda _: ["/bin/sh", "-c", "sleep 60"])
    with pytest.raises(FleetError, match="did not end within") as failure:
        pip_resolver.run(["download"], Source(), time_limit=0.3)
    assert failure.value.cause == "timeout"


def test_wheelhouse_lets_no_other_source_in(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    source = Source((tmp_path,))
    assert source.arguments() == ["--no-index", f"--find-links={tmp_path}"]
    assert "PIP_INDEX_URL" not in source.environment()
    assert source.environment()["PIP_CONFIG_FILE"] == "/dev/null"


def test_scripts_of_the_controller_are_not_shipped(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "f2py").write_text("#!/controller/python\n")
    record = tmp_path / "numpy-2.0.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text("../../bin/f2py,sha256=x,1\nnumpy-2.0.dist-info/RECORD,,\ngone.py,,\n")
    wheel_lock.tidy(tmp_path)
    assert not (tmp_path / "bin").exists()
    assert record.read_text() == "numpy-2.0.dist-info/RECORD,,\n"


def test_notes_are_specifiers_that_can_be_read():
    known = measure.notes()
    assert json.dumps(known)
    assert (
        measure.measured_isa(Version("1.14.2"), frozenset({("cp310", "abi3", "manylinux_2_28_x86_64")}))
        == "x86-64-v3"
    )
    assert measure.measured_isa(Version("1.14.2"), frozenset({("cp310", "abi3", "manylinux_2_28_aarch64")})) is None
