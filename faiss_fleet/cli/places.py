# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds the project, its reports and its store."""

from __future__ import annotations

import configparser
import os
from pathlib import Path

from ..argument_specs import suggestion
from ..errors import FleetError
from ..store.history import STORE

_CHECKOUT = Path(__file__).resolve().parents[2]
# An installed package has no playbooks: then the checkout is where the command is called.
ROOT = _CHECKOUT if (_CHECKOUT / "audit.yml").is_file() else Path.cwd()


def checkout() -> Path:
    """Return the directory of the playbooks. Raises FleetError where there are none."""
    if not (ROOT / "audit.yml").is_file():
        raise FleetError(
            f"{ROOT} has no audit.yml: `faiss-fleet run` needs the project's playbooks, which the installed package "
            "does not carry. Change into a checkout of the project and run it there."
        )
    return ROOT


def reports_directory(given: Path | None = None) -> Path:
    """Return the one given, or where the callback writes: FAISS_FLEET_REPORTS, ansible.cfg, reports/."""
    if given is not None:
        return given.expanduser().absolute()
    if os.environ.get("FAISS_FLEET_REPORTS"):
        return (ROOT / Path(os.environ["FAISS_FLEET_REPORTS"]).expanduser()).absolute()
    source, setting = _setting("reports", "reports")
    return (source.parent / Path(setting).expanduser()).absolute()


def of(reports: Path | None, store: str | None) -> tuple[Path, str]:
    """Return the directory of runs, and the store's path or URL."""
    directory = reports_directory(reports)
    return directory, store_name(store, directory)


def check_reports(reports: Path) -> None:
    """Raise FleetError for a directory of runs that does not exist or that this user may not read."""
    if not reports.is_dir():
        beside = [path.name for path in reports.parent.glob("*/")] if reports.parent.is_dir() else []
        near = suggestion(reports.name, beside)
        raise FleetError(
            f"There is no directory {reports}.{near} Name the directory of all runs with --reports; an audit makes it: "
            "faiss-fleet run -i inventory/local"
        )
    if not os.access(reports, os.R_OK | os.X_OK):
        raise FleetError(
            f"The directory of runs {reports} is not readable by this user. Make it readable, or name another one with "
            "--reports."
        )


def store_name(given: str | None, reports: Path) -> str:
    """Return the store's path or URL: as given, or as for the callback: FAISS_FLEET_STORE, ansible.cfg, a file."""
    return given or os.environ.get("FAISS_FLEET_STORE") or _setting("store")[1] or str(reports / STORE)


def _setting(name: str, fallback: str = "") -> tuple[Path, str]:
    """Return ansible.cfg, and what it says for the callback ``fleet_record``."""
    settings = configparser.ConfigParser(interpolation=None, strict=False)
    source = Path(os.environ.get("ANSIBLE_CONFIG") or ROOT / "ansible.cfg")
    try:
        settings.read(source, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise FleetError(f"{source} cannot be read: {error}. Correct it, or name --reports and --store.") from error
    return source, settings.get("fleet_record", name, fallback=fallback)
