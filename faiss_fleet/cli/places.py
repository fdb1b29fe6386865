# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Where the project, its reports and its store are."""

from __future__ import annotations

import configparser
import os
from pathlib import Path

from ..errors import FleetError
from ..store.history import STORE

ROOT = Path(__file__).resolve().parents[2]


def reports_folder(given: Path | None = None) -> Path:
    """As given, or where the callback ``fleet_record`` writes: FAISS_FLEET_REPORTS, ansible.cfg, reports/."""
    if given is not None:
        return given.expanduser().absolute()
    if os.environ.get("FAISS_FLEET_REPORTS"):
        return (ROOT / Path(os.environ["FAISS_FLEET_REPORTS"]).expanduser()).absolute()
    source, setting = _setting("reports", "reports")
    return (source.parent / Path(setting).expanduser()).absolute()


def store_name(given: str | None, reports: Path) -> str:
    """Path or URL of the store: as given, or where the callback keeps runs: FAISS_FLEET_STORE, ansible.cfg, a file."""
    return given or os.environ.get("FAISS_FLEET_STORE") or _setting("store")[1] or str(reports / STORE)


def _setting(name: str, fallback: str = "") -> tuple[Path, str]:
    """ansible.cfg, and what it says for the callback ``fleet_record``."""
    settings = configparser.ConfigParser(interpolation=None, strict=False)
    source = Path(os.environ.get("ANSIBLE_CONFIG") or ROOT / "ansible.cfg")
    try:
        settings.read(source, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise FleetError(f"{source} cannot be read: {error}. Mend it, or name --reports and --store.") from error
    return source, settings.get("fleet_record", name, fallback=fallback)
