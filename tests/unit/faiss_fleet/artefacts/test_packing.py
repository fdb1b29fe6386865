# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
import os
import tarfile
import time

import pytest

from faiss_fleet.artefacts import packing
from faiss_fleet.errors import FleetError
from tests.prefix_archives import manifest_of

LOCK = {"packages": [{"name": "faiss-cpu", "version": "1.9.0.post1", "sha256": "0" * 64}]}


def _tree(directory, names=("b.py", "a.so", "lib/z", "lib/A")):
    for name in names:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 100)
    (directory / "a.so").chmod(0o751)
    (directory / "lib" / "link").symlink_to("../a.so")
    return directory


def test_two_trees_of_the_same_content_give_the_same_bytes(tmp_path):
    first = packing.pack(_tree(tmp_path / "1"), LOCK, "wheel", tmp_path / "out1")
    time.sleep(0.01)
    second_tree = _tree(tmp_path / "2", names=("lib/A", "lib/z", "a.so", "b.py"))
    (second_tree / "b.py").chmod(0o600)
    os.utime(second_tree / "b.py", (1, 1))
    second = packing.pack(second_tree, LOCK, "wheel", tmp_path / "out2")
    assert first.archive.read_bytes() == second.archive.read_bytes()
    assert first.digest == second.digest


def test_manifest_comes_first_and_counts_what_follows(tmp_path):
    packed = packing.pack(_tree(tmp_path / "t"), LOCK, "wheel", tmp_path / "out")
    with tarfile.open(packed.archive) as tar:
        members = tar.getmembers()
    manifest = manifest_of(packed.archive)
    assert [member.name for member in members[:2]] == ["manifest.json", "manifest-files.json"]
    assert manifest["lock"] == LOCK
    assert manifest["files"] == 5
    assert manifest["unpacked_bytes"] == sum(member.size for member in members[1:])
    assert {(member.uid, member.gid, member.uname, member.mtime) for member in members} == {(0, 0, "", packing.MTIME)}
    assert {oct(member.mode) for member in members if member.isreg()} == {"0o644", "0o755"}


def test_hard_links_become_files(tmp_path):
    tree = _tree(tmp_path / "t")
    os.link(tree / "a.so", tree / "again.so")
    with tarfile.open(packing.pack(tree, LOCK, "conda", tmp_path / "out").archive) as tar:
        assert not any(member.islnk() for member in tar.getmembers())


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "lib/../../x"])
def test_link_out_of_the_tree_is_refused(tmp_path, target):
    tree = _tree(tmp_path / "t")
    (tree / "bad").symlink_to(target)
    with pytest.raises(FleetError, match="outside of the prefix"):
        packing.pack(tree, LOCK, "wheel", tmp_path / "out")
    assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True


def test_pipe_is_refused(tmp_path):
    tree = _tree(tmp_path / "t")
    os.mkfifo(tree / "pipe")
    with pytest.raises(FleetError, match="a device, a pipe"):
        packing.pack(tree, LOCK, "wheel", tmp_path / "out")


def test_digest_is_of_the_lock_alone(tmp_path):
    other = {"packages": [{"name": "faiss-cpu", "version": "1.8.0", "sha256": "0" * 64}]}
    assert packing.digest_of(LOCK) == packing.digest_of(dict(LOCK))
    assert packing.digest_of(LOCK) != packing.digest_of(other)
    assert len(packing.digest_of(LOCK)) == 16


def test_archive_that_was_kept_is_found_again_and_a_changed_one_is_not(tmp_path):
    assert packing.kept(tmp_path / "out", "wheel", LOCK) is None
    packed = packing.pack(_tree(tmp_path / "t"), LOCK, "wheel", tmp_path / "out")
    assert packing.kept(tmp_path / "out", "wheel", LOCK) == packed
    data = bytearray(packed.archive.read_bytes())
    data[50] ^= 1
    packed.archive.write_bytes(bytes(data))
    os.utime(packed.archive, (1, 1))
    assert packing.kept(tmp_path / "out", "wheel", LOCK) is None
