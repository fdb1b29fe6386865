# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0


import json

import pytest
from packaging.version import Version

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.wheel import catalogue, measure, pip_resolver
from faiss_fleet.strategies.wheel.pip_resolver import Source
from tests.unit.faiss_fleet.strategies.wheel.wheels import NAME, make_wheel


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


def test_a_wheelhouse_without_a_wheel_of_faiss_is_a_fault_of_the_inventory(tmp_path):
    (tmp_path / "numpy-2.0-cp310-cp310-manylinux_2_28_x86_64.whl").write_bytes(b"")
    with pytest.raises(FleetError, match="holds no faiss-cpu wheel for Linux") as failure:
        catalogue.wheelhouse(tmp_path, tmp_path / "cache")
    assert failure.value.fault == "inventory"


def test_missing_wheelhouse_is_told(tmp_path):
    with pytest.raises(FleetError, match="not a directory here"):
        catalogue.wheelhouse(tmp_path / "none", tmp_path / "cache")


# Releases that came after the table


def test_newer_release_is_found_read_once_and_kept(tmp_path, monkeypatch):
    asked = []

    def listed(*_):
        asked.append(1)
        return [NAME, *(wheel.file for wheel in catalogue.table())]

    def read(names, _directory):
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
