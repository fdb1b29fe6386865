# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A controller's cache that was damaged heals: what is not what was locked is fetched again, once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.artefacts import cache, packing
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options, Runtime
from faiss_fleet.strategies.wheel import catalogue, measure
from faiss_fleet.strategies.wheel import lock as wheel_lock
from faiss_fleet.strategies.wheel.pip_resolver import Source, Target
from tests.unit.faiss_fleet.strategies.wheel.hosts import CENTOS7, facts, python
from tests.unit.faiss_fleet.strategies.wheel.wheels import make_wheel

RUNTIME = Runtime(kind="python", argv=["/usr/bin/python3"], env={}, prefix=None)
TARGET = Target((3, 13), "x86_64", "glibc", (2, 17))


class Controller:
    """A cache, an index that always has the wheel, and a pip that refuses what is not what was locked."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.options = Options(cache=directory / "cache")
        self.wheel = measure.measure(make_wheel(directory / "index"))
        self.known = catalogue.Catalogue((self.wheel,), source=Source())
        self.source = directory / "index" / self.wheel.file
        self.downloads = 0
        monkeypatch.setattr(wheel_lock, "_fitting", self.download)
        monkeypatch.setattr(wheel_lock.pip_resolver, "install", self.install)

    def download(self, chosen: wheel_lock.Chosen, place: Path) -> list[Path]:
        self.downloads += 1
        found = place / self.wheel.file
        found.write_bytes(self.source.read_bytes())
        return [found]

    def install(self, pins: Any, target: Any, directories: list[Path], site: Path) -> None:
        for (_name, _version, sha256), directory in zip(pins, directories, strict=True):
            if cache.sha256(directory / self.wheel.file) != sha256:
                raise FleetError("THESE PACKAGES DO NOT MATCH THE HASHES", "hash_mismatch")
        site.mkdir(parents=True)
        (site / "faiss.py").write_text("")

    def asked(self) -> wheel_lock.Chosen:
        host = facts(CENTOS7, python("3.13.0", path="/usr/bin/python3"))
        return wheel_lock.Chosen(self.wheel, self.known, TARGET, host, self.options, None, RUNTIME)

    def artefact(self) -> Any:
        return wheel_lock.artefact(self.asked())

    def stored(self) -> Path:
        (found,) = (self.options.cache / "wheels").glob("*/*.whl")
        return found


@pytest.fixture
def controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Controller:
    return Controller(tmp_path, monkeypatch)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def test_a_wheel_that_was_damaged_in_the_cache_is_fetched_again(controller: Controller) -> None:
    first = controller.artefact()
    flip(controller.stored())
    packing.discard(first.archive)
    again = controller.artefact()
    assert (controller.downloads, again.sha256) == (2, first.sha256)
    assert cache.sha256(controller.stored()) == controller.wheel.sha256


def test_what_is_whole_is_not_fetched_again(controller: Controller) -> None:
    first = controller.artefact()
    packing.discard(first.archive)
    assert controller.artefact().sha256 == first.sha256 and controller.downloads == 1


def test_a_forecast_takes_the_cache_and_makes_nothing(controller: Controller) -> None:
    assert wheel_lock.kept(controller.asked()) is None and controller.downloads == 0
    made = controller.artefact()
    assert wheel_lock.kept(controller.asked()) == made
    controller.options = Options(cache=controller.options.cache.parent / "empty", offline=True)
    with pytest.raises(FleetError, match="faiss_install__offline is set") as found:
        wheel_lock.kept(controller.asked())
    assert found.value.fault == "controller"


def test_scripts_of_the_controller_are_not_shipped(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "f2py").write_text("#!/controller/python\n")
    record = tmp_path / "numpy-2.0.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text("../../bin/f2py,sha256=x,1\nnumpy-2.0.dist-info/RECORD,,\ngone.py,,\n")
    wheel_lock.tidy(tmp_path)
    assert not (tmp_path / "bin").exists()
    assert record.read_text() == "numpy-2.0.dist-info/RECORD,,\n"


def test_an_index_is_asked_once_a_run_whether_it_answers(
    controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(wheel_lock.pip_resolver, "check_index", asked.append)
    monkeypatch.setattr(wheel_lock, "current_run_id", lambda: "run-1")
    for _host in range(3):
        wheel_lock.check_source(controller.asked())
    assert asked == ["faiss-cpu"] and controller.downloads == 0
    monkeypatch.setattr(wheel_lock, "current_run_id", lambda: "run-2")
    wheel_lock.check_source(controller.asked())
    assert len(asked) == 2
    controller.artefact()
    monkeypatch.setattr(wheel_lock, "current_run_id", lambda: "run-3")
    wheel_lock.check_source(controller.asked())
    assert len(asked) == 2, "what is in the cache needs no index"


def test_an_index_that_does_not_answer_is_a_fault_of_the_controller(
    controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)  # this machine may have an index of its own
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(FleetError, match="cannot be reached from this controller") as found:
        wheel_lock.check_source(controller.asked())
    assert (found.value.cause, found.value.fault) == ("network", "controller")


def test_a_directory_without_what_goes_along_is_noticed_before_anything_is_packed(
    controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    controller.known = catalogue.Catalogue((controller.wheel,), source=Source((controller.source.parent,)))
    with pytest.raises(FleetError, match="Put what is missing into") as found:
        wheel_lock.check_source(controller.asked())
    assert found.value.fault == "controller"
