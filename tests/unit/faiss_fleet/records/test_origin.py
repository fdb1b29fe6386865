# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import getpass
import subprocess
from pathlib import Path

import pytest

from faiss_fleet.records import origin


def test_the_user_is_named_with_who_is_behind_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "root")
    assert origin.user({}) == "root" == origin.user({"SUDO_USER": "root"})
    assert origin.user({"SUDO_USER": "alice"}) == "root (sudo by alice)"


def test_a_user_without_a_name_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert origin.user({"SUDO_USER": "alice"}) is None


def test_the_commit_says_whether_the_checkout_differs_from_it(tmp_path: Path) -> None:
    assert origin.commit(tmp_path) is None
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.net"]
    (tmp_path / "file").write_text("one")
    for command in (["init", "-q"], ["add", "file"], [*identity, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    commit = origin.commit(tmp_path)
    assert commit is not None and len(commit) == 12
    (tmp_path / "file").write_text("two")
    assert origin.commit(tmp_path) == f"{commit}-dirty"
    assert origin.commit(tmp_path / "absent") is None
