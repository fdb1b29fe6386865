# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Mounts of a single test, in a mount namespace of its own: they go with the test, also where it is killed."""

from __future__ import annotations

import ctypes
import functools
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import needs

CLONE_NEWNS = 0x00020000
_thread = threading.local()


def private(test: Callable[..., None]) -> Callable[..., None]:
    """Runs the test in a thread that has its own mounts, as has every process that it starts."""

    @functools.wraps(test)
    def run(*args: Any, **options: Any) -> None:
        raised: list[BaseException] = []

        def body() -> None:
            try:
                _enter()
                test(*args, **options)
            except BaseException as error:  # pytest's own outcomes are no Exception
                raised.append(error)

        needs.root()
        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
        if raised:
            raise raised[0]

    return run


def _enter() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"unshare: {os.strerror(number)}")
    subprocess.run([needs.command("mount"), "--make-rprivate", "/"], check=True)
    _thread.private = True


def mount(directory: Path, *options: str) -> None:
    """Mounts on a directory, until the test ends."""
    assert getattr(_thread, "private", False), "This test needs @mounts.private: its mount would outlive it."
    subprocess.run([needs.command("mount"), *options, str(directory)], check=True)


@contextmanager
def mounted(directory: Path, *options: str) -> Iterator[None]:
    """Mounts on a directory for as long as the block takes."""
    mount(directory, *options)
    try:
        yield
    finally:
        subprocess.run([needs.command("umount"), str(directory)], check=True)
