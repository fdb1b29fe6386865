# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the command line does with runs, as a task: diff, export, prune, import. Runs on the controller alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import callback_loader

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.cli import operations
from faiss_fleet.errors import FleetError
from faiss_fleet.records import journal as runs
from faiss_fleet.store.history import STORE
from faiss_fleet.store.intake import take_in

ARGUMENT_SPEC = {
    "do": {"type": "str", "required": True, "choices": ["diff", "export", "prune", "import"]},
    "before": {"type": "str", "default": "previous"},
    "run": {"type": "str", "default": "latest"},
    "format": {"type": "str", "default": "json"},
    "file": {"type": "str"},
    "keep": {"type": "int"},
    "older_than": {"type": "str"},
    "remove_files": {"type": "bool", "default": False},
    "store": {"type": "str"},
}


class ActionModule(ActionBase):
    """See the file's first lines."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _spec, arguments = self.validate_argument_spec(ARGUMENT_SPEC)
        reports = runs.reports_folder(_setting("reports"), constants.CONFIG_FILE)
        store = arguments["store"] or _setting("store") or str(reports / STORE)
        try:
            with operations.opened(store, reports) as opened:
                result.update(_DOES[arguments["do"]](opened, reports, arguments, self._task.check_mode))
        except (FleetError, OSError) as error:
            result.update(failed=True, msg=str(error))
        return result


def _setting(name: str) -> str:
    # The folders are the recorder's settings; asking its plugin for them keeps the two the same.
    callback_loader.get("fleet_record", class_only=True)
    return str(constants.config.get_config_value(name, plugin_type="callback", plugin_name="fleet_record") or "")


def _diff(store: Any, reports: Path, arguments: dict[str, Any], check: bool) -> dict[str, Any]:
    found = operations.diff(store, arguments["before"], arguments["run"])
    counts = ", ".join(f"{title}: {len(changes)}" for title, changes in found.kinds() if changes)
    told = f"From {found.before} to {found.after}: {counts or 'nothing changed'}."
    return {"changed": False, "diff_of_runs": operations.plain(found), "msg": told}


def _export(store: Any, reports: Path, arguments: dict[str, Any], check: bool) -> dict[str, Any]:
    if not arguments["file"]:
        raise FleetError("Name the file to write in fleet_report__file.")
    path = Path(arguments["file"]).expanduser()
    if check:
        return {"skipped": True, "msg": f"Would write {path}; check mode writes nothing."}
    changed = operations.export(store, arguments["format"], arguments["run"], reports, path)
    return {"changed": changed, "file": str(path), "msg": f"{path}, {path.stat().st_size:,} bytes"}


def _prune(store: Any, reports: Path, arguments: dict[str, Any], check: bool) -> dict[str, Any]:
    older = operations.age(arguments["older_than"]) if arguments["older_than"] else None
    gone = operations.prune(store, reports, arguments["keep"], older, arguments["remove_files"], check)
    return {"changed": bool(gone), "runs": gone, "msg": f"{len(gone)} runs {'would be ' if check else ''}removed"}


def _import(store: Any, reports: Path, arguments: dict[str, Any], check: bool) -> dict[str, Any]:
    # Opening the store took in what was new; what is told is what it holds now.
    take_in(store, reports)
    held = [run.id for run in store.runs()]
    return {"changed": False, "runs": held, "msg": f"{store.name} holds {len(held)} runs"}


_DOES = {"diff": _diff, "export": _export, "prune": _prune, "import": _import}
