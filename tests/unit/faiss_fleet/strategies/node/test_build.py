# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The build of faiss-node without a compiler: inputs, patches, unpacking, the runner, and what is kept between runs."""

from __future__ import annotations

import io
import tarfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.artefacts import cache, packing
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.node import build, inputs, recipe, unpacking
from faiss_fleet.strategies.node.runner import Runner

V3, V2 = recipe.VARIANTS


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path / "logs" / "build.log", 20)


def options(tmp_path: Path, **extra: Any) -> Options:
    return Options(cache=tmp_path / "cache", extra={f"faiss_install__{name}": value for name, value in extra.items()})


def test_every_input_is_locked_and_none_names_a_host() -> None:
    for key, row in inputs.unpinned_table().items():
        assert inputs.SHA256.match(row["sha256"]), key
        assert row["version"] and row["file"] and row["holds"]
        assert "://" not in str(row)


def test_the_lock_names_everything_that_the_result_depends_on() -> None:
    found = inputs.load(Options())
    one = recipe.lock(V3, found)
    assert {package["name"] for package in one["packages"]} == {item.name for item in found.values()}
    assert any("leaked" in patch["why"] for patch in one["patches"])
    assert packing.digest_of(one) == packing.digest_of(recipe.lock(V3, inputs.load(Options())))
    others = [
        recipe.lock(V2, found),
        recipe.lock(V3, {**found, "zig": replace(found["zig"], sha256="0" * 64)}),
        recipe.lock(V3, {**found, "faiss": replace(found["faiss"], version="1.8.0")}),
    ]
    assert len({packing.digest_of(lock) for lock in [one, *others]}) == 4


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("https://x/faiss.tar.gz", id="not a table"),
        pytest.param({"version": "1.7.3"}, id="nothing named"),
        pytest.param({"file": "/a", "url": "https://b", "sha256": "0" * 64, "version": "1.7.3"}, id="two named"),
        pytest.param({"file": "/a", "version": "1.7.3"}, id="no sum"),
        pytest.param({"file": "/a", "sha256": "abc", "version": "1.7.3"}, id="short sum"),
        pytest.param({"file": "/a", "sha256": "0" * 64}, id="no version"),
        pytest.param({"git": "https://x", "commit": "v1.7.4", "version": "1.7.4"}, id="a tag"),
        pytest.param({"git": "--upload-pack=x", "commit": "a" * 40, "version": "1.7.4"}, id="an option"),
        pytest.param({"url": "file:///etc/passwd", "sha256": "0" * 64, "version": "1.7.4"}, id="no web address"),
    ],
)
def test_a_source_that_is_not_pinned_is_refused(source: Any) -> None:
    with pytest.raises(FleetError) as found:
        inputs.source_of(source)
    assert found.value.cause == "faiss_source_missing" and found.value.remedy


def mirror(tmp_path: Path, table: dict[str, inputs.Input]) -> tuple[Path, dict[str, inputs.Input]]:
    """A folder with a file for each input, and the table that locks those."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    locked = {}
    for key, item in table.items():
        (folder / item.file).write_bytes(key.encode())
        locked[key] = replace(item, sha256=cache.sha256(folder / item.file))
    return folder, locked


def test_a_mirror_folder_is_all_that_is_asked(tmp_path: Path, runner: Runner) -> None:
    folder, locked = mirror(tmp_path, inputs.load(Options()))
    found = inputs.fetch_all(locked, options(tmp_path, addon_inputs=str(folder)), runner)
    assert {key: path.read_text() for key, path in found.items()} == {key: key for key in locked}
    assert not (tmp_path / "cache").exists()


def test_a_mirror_names_all_that_it_lacks_and_refuses_what_differs(tmp_path: Path, runner: Runner) -> None:
    folder, locked = mirror(tmp_path, inputs.load(Options()))
    given = options(tmp_path, addon_inputs=str(folder))
    (folder / locked["zig"].file).write_bytes(b"another")
    with pytest.raises(FleetError, match=r"ziglang 0\.17\.1 is locked as") as differs:
        inputs.fetch_all(locked, given, runner)
    assert differs.value.cause == "hash_mismatch"
    (folder / locked["zig"].file).unlink()
    (folder / locked["openblas"].file).unlink()
    with pytest.raises(FleetError, match="lacks 2 of 8 files") as absent:
        inputs.fetch_all(locked, given, runner)
    assert locked["zig"].sha256 in str(absent.value) and locked["openblas"].file in str(absent.value)


def test_offline_needs_the_cache(tmp_path: Path, runner: Runner) -> None:
    folder, locked = mirror(tmp_path, {"zig": inputs.load(Options())["zig"]})
    item, given = locked["zig"], replace(options(tmp_path), offline=True)
    with pytest.raises(FleetError, match="faiss_install__offline is set") as found:
        inputs.fetch_all(locked, given, runner)
    assert found.value.cause == "unreachable"
    kept = given.cache / "addon" / "inputs" / item.sha256[:16] / item.file
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes((folder / item.file).read_bytes())
    assert inputs.fetch_all(locked, given, runner) == {"zig": kept}


def test_what_a_client_brings_is_checked_before_it_is_kept(tmp_path: Path, runner: Runner, monkeypatch: Any) -> None:
    item = inputs.load(Options())["bindings"]
    monkeypatch.setattr(
        inputs.clients, "npm", lambda name, version, place, work, apt, run: (work / item.file).write_bytes(b"evil")
    )
    with pytest.raises(FleetError, match="is locked as") as found:
        inputs.fetch_all({"bindings": item}, options(tmp_path), runner)
    assert found.value.cause == "hash_mismatch"
    assert not list((tmp_path / "cache").rglob(item.file))


def test_a_git_source_is_the_commit_that_was_named(tmp_path: Path, runner: Runner) -> None:
    origin = tmp_path / "origin"
    (origin / "faiss").mkdir(parents=True)
    (origin / "faiss" / "CMakeLists.txt").write_text("set(FAISS_SRC\n  a.cpp\n)")
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "one"]):
        runner.run(["git", *arguments], cwd=origin)
    commit = runner.run(["git", "rev-parse", "HEAD"], cwd=origin).strip()
    item = inputs.source_of({"git": f"file://{origin}", "commit": commit, "version": "1.7.3"})
    path = inputs.fetch_all({"faiss": item}, options(tmp_path), runner)["faiss"]
    tree = unpacking.tar(path, tmp_path / "tree", path.name)
    assert recipe.sources((tree / "faiss" / "CMakeLists.txt").read_text()) == ["a.cpp"]
    absent = inputs.source_of({"git": f"file://{origin}", "commit": "a" * 40, "version": "1.7.3"})
    with pytest.raises(FleetError, match="git ended with status"):
        inputs.fetch_all({"faiss": absent}, options(tmp_path), runner)


def test_sources_of_faiss_are_listed_once_and_in_order() -> None:
    cmake = "set(FAISS_SRC\n  A.cpp\n  impl/io.cpp\n  impl/io.cpp\n)\nif(NOT WIN32) invlists/OnDiskInvertedLists.cpp\n"
    assert recipe.sources(cmake) == ["A.cpp", "impl/io.cpp", "invlists/OnDiskInvertedLists.cpp"]
    with pytest.raises(FleetError, match="names no files"):
        recipe.sources("project(other)")


@pytest.mark.parametrize("release, flag", [("1.7.3", "-std=c++11"), ("1.7.4", "-std=c++11"), ("1.10.0", "-std=c++17")])
def test_the_language_follows_the_release(release: str, flag: str) -> None:
    assert recipe.standard(release) == flag


def test_a_patch_fits_exactly_once_or_not_at_all() -> None:
    patch = recipe.PATCHES[0]
    assert patch.apply(f"a\n{patch.old}b") == f"a\n{patch.new}b"
    for text in ("nothing", patch.old * 2):
        with pytest.raises(FleetError, match="looks other than the patch expects"):
            patch.apply(text)


def test_a_controller_without_the_compiler_is_told_so() -> None:
    with pytest.raises(FleetError, match="aarch64") as found:
        build.check_controller("aarch64")
    assert found.value.cause == "arch_mismatch"


def tarball(*members: tuple[str, str]) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, link in members:
            member = tarfile.TarInfo(name)
            member.size = 0 if link else 1
            member.type, member.linkname = (tarfile.SYMTYPE, link) if link else (tarfile.REGTYPE, "")
            tar.addfile(member, None if link else io.BytesIO(b"x"))
    out.seek(0)
    return out


def test_unpacking_leaves_out_the_top_folder(tmp_path: Path) -> None:
    tree = unpacking.tar(tarball(("package/lib/index.js", "")), tmp_path / "tree", "p.tgz")
    assert (tree / "lib" / "index.js").read_text() == "x"


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([("../evil", "")], id="climbs"),
        pytest.param([("/evil", "")], id="absolute"),
        pytest.param([("p/link", "../../..")], id="link out"),
        pytest.param([("p/link", "/etc")], id="absolute link"),
    ],
)
def test_an_archive_that_leads_out_is_refused(tmp_path: Path, members: list[tuple[str, str]]) -> None:
    with pytest.raises(FleetError) as found:
        unpacking.tar(tarball(*members), tmp_path / "tree", "p.tgz")
    assert found.value.cause == "corrupt_artefact"
    assert not (tmp_path / "evil").exists()


def test_a_debian_package_is_unpacked_without_its_tools(tmp_path: Path) -> None:
    data = tarball(("./usr/lib/libopenblas.a", "")).getvalue()
    parts = [(b"debian-binary", b"2.0\n"), (b"control.tar.gz", b"odd"), (b"data.tar.gz", data)]
    raw = unpacking.AR_MAGIC
    for name, content in parts:
        raw += name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) + b"0".ljust(6) + b"100644".ljust(8)
        raw += str(len(content)).encode().ljust(10) + b"`\n" + content + b"\n" * (len(content) % 2)
    path = tmp_path / "x.deb"
    path.write_bytes(raw)
    assert (unpacking.deb(path, tmp_path / "tree") / "usr/lib/libopenblas.a").read_text() == "x"
    for broken in (raw[:100], b"no", raw.replace(b"data.tar", b"mada.tar")):
        path.write_bytes(broken)
        with pytest.raises(FleetError):
            unpacking.deb(path, tmp_path / "other")


def test_a_wheel_keeps_what_is_executable(tmp_path: Path) -> None:
    path = tmp_path / "x.whl"
    with zipfile.ZipFile(path, "w") as members:
        program = zipfile.ZipInfo("ziglang/zig")
        program.external_attr = 0o100755 << 16
        members.writestr(program, "x")
    assert (unpacking.wheel(path, tmp_path / "tree") / "ziglang/zig").stat().st_mode & 0o100


def test_a_failed_command_tells_its_last_words_and_where_the_log_is(tmp_path: Path, runner: Runner) -> None:
    text = "echo before; echo 'fatal: https://user:hunter2@host/x' ; echo 'error: no such thing'; exit 3"
    with pytest.raises(FleetError, match="sh ended with status 3") as found:
        runner.run(["sh", "-c", text], cwd=tmp_path)
    assert str(runner.log) in str(found.value) and "error: no such thing" in str(found.value)
    assert "hunter2" not in str(found.value) + runner.log.read_text()
    assert "before" in runner.log.read_text()


def test_the_time_limit_ends_all_that_a_command_started(tmp_path: Path) -> None:
    runner = Runner(tmp_path / "build.log", 0.5)
    began = time.monotonic()
    with pytest.raises(FleetError, match="did not end within") as found:
        runner.run(["sh", "-c", "sleep 30 & wait"], cwd=tmp_path)
    assert found.value.cause == "timeout" and time.monotonic() - began < 10
    with pytest.raises(FleetError):
        runner.run(["sleep", "30"], cwd=tmp_path)
    assert time.monotonic() - began < 10


def test_a_missing_client_is_named(tmp_path: Path, runner: Runner) -> None:
    with pytest.raises(FleetError, match="no-such-client is not installed") as found:
        runner.run(["no-such-client"], cwd=tmp_path)
    assert found.value.cause == "command_missing"


def test_a_build_that_was_made_is_not_made_again(tmp_path: Path, monkeypatch: Any) -> None:
    given, made = options(tmp_path), []

    def built(variant: Any, found: Any, files: Any, lock: Any, chosen: Options, *_: Any) -> Any:
        tree = tmp_path / "tree"
        tree.mkdir(exist_ok=True)
        (tree / "file").write_text(variant.level)
        made.append(variant.level)
        return packing.keep(packing.pack(tree, lock, build.STRATEGY, chosen.cache / "archives"))

    monkeypatch.setattr(build, "_built", built)
    monkeypatch.setattr(inputs, "fetch_all", lambda *_: {})
    said: list[str] = []
    one, lock = build.artefact(V3, given, said.append)
    again, _ = build.artefact(V3, given, said.append)
    build.artefact(V2, given, said.append)
    assert one == again and made == ["x86-64-v3", "x86-64-v2"]
    assert packing.inspect(one.archive)["lock"] == lock
    assert any("built in" in line for line in said)


def test_a_failed_build_keeps_its_log_and_no_archive(tmp_path: Path, monkeypatch: Any) -> None:
    given = options(tmp_path)

    def refuse(*_: Any) -> Any:
        raise FleetError("the compiler said no", cause="build_failed")

    monkeypatch.setattr(inputs, "fetch_all", refuse)
    with pytest.raises(FleetError, match="the compiler said no"):
        build.artefact(V3, given, lambda text: None)
    (log,) = (given.cache / "addon" / "logs").iterdir()
    assert "the compiler said no" in log.read_text()
    assert not list((given.cache / "archives").glob("*.tar.gz"))
