# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Archives are unpacked with no member outside of their directory."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.node import unpacking


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


def test_unpacking_leaves_out_the_top_directory(tmp_path: Path) -> None:
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
