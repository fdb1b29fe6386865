# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time

import pytest

from faiss_fleet.artefacts import cache
from faiss_fleet.errors import FleetError


def _make(path, log):
    with cache.once(path):
        if not path.exists():
            time.sleep(0.2)
            with open(log, "a") as handle:
                handle.write("made\n")
            cache.write(path, b"done")


def test_of_four_processes_one_makes_it(tmp_path):
    log = tmp_path / "log"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_make, args=(tmp_path / "lock.json", log)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert log.read_text() == "made\n"


def test_lock_that_is_never_freed_names_its_holder(tmp_path):
    with (
        cache.once(tmp_path / "x"),
        pytest.raises(FleetError, match=f"held by process {os.getpid()}") as failure,
        cache.once(tmp_path / "x", timeout=0.2),
    ):
        pass
    assert failure.value.cause == "timeout"


def _die_holding(path):
    with cache.once(path):
        os._exit(9)


def test_lock_of_a_killed_process_is_free(tmp_path):
    worker = multiprocessing.get_context("fork").Process(target=_die_holding, args=(tmp_path / "x",))
    worker.start()
    worker.join(30)
    with cache.once(tmp_path / "x", timeout=1):
        pass


def test_failed_write_keeps_the_old_file_and_leaves_nothing_beside(tmp_path, monkeypatch):
    cache.write(tmp_path / "a", b"old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(FleetError, match="faiss_install__cache") as failure:
        cache.write(tmp_path / "a", b"new")
    assert failure.value.cause == "disk_full"
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_digest_does_not_depend_on_the_order_of_keys():
    assert cache.digest({"a": 1, "b": [2]}) == cache.digest({"b": [2], "a": 1})
    assert cache.digest({"a": [1, 2]}) != cache.digest({"a": [2, 1]})


def test_file_that_is_no_json_counts_as_absent(tmp_path):
    for text in ("{", "", "\xff", "[" * 100_000):
        (tmp_path / "x.json").write_text(text, encoding="latin-1")
        assert cache.read_json(tmp_path / "x.json") is None
    assert cache.read_json(tmp_path / "none.json") is None


def test_scratch_goes_with_the_block_and_what_a_killed_run_left_goes_first(tmp_path):
    later = time.time() + 2 * cache.SETTLED
    for kind in cache.SCRATCH:
        (tmp_path / f"{kind}-left" / "tree").mkdir(parents=True)
    (tmp_path / "archives").mkdir()
    with cache.scratch(tmp_path, "stage") as place:
        (place / "file").write_text("x")
        assert (tmp_path / "addon-left").is_dir(), "one that is quite new may not be locked yet"
        swept = cache.sweep(tmp_path, later)
        assert {path.name for path in swept} == {f"{kind}-left" for kind in cache.SCRATCH}
        assert (place / "file").exists(), "one in use stays, however old"
    assert [path.name for path in tmp_path.iterdir()] == ["archives"]


def test_scratch_in_the_place_for_temporary_files_sweeps_its_own_kind_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("faiss-fleet-pip-left", "faiss-fleet-conda-left", "stage-left", "image-of-somebody"):
        (tmp_path / name / "tree").mkdir(parents=True)
        os.utime(tmp_path / name, (0, 0))
    with cache.temporary("pip") as place:
        names = {path.name for path in tmp_path.iterdir()}
        assert place.name.startswith("faiss-fleet-pip-")
        assert names == {place.name, "faiss-fleet-conda-left", "stage-left", "image-of-somebody"}
    assert not place.exists()


def test_a_place_for_temporary_files_that_is_full_is_named_with_its_own_remedy(tmp_path, monkeypatch):
    def full(**_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with pytest.raises(FleetError, match="set TMPDIR") as found, cache.temporary("pip"):
        pass
    assert (found.value.cause, found.value.fault) == ("disk_full", "controller")
    assert "faiss_install__cache" not in str(found.value)


def test_scratch_of_another_process_is_left_alone_until_it_dies(tmp_path):
    code = (
        "import sys, pathlib; from faiss_fleet.artefacts import cache\n"
        "with cache.scratch(pathlib.Path(sys.argv[1]), 'resolve'): print('in', flush=True); input()"
    )
    argv = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "in\n"
        later = time.time() + 2 * cache.SETTLED
        assert cache.sweep(tmp_path, later) == []
        other.kill()
        other.wait()
    assert len(cache.sweep(tmp_path, later)) == 1 and list(tmp_path.iterdir()) == []
