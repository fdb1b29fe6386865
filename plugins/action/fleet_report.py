# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Renders the reports of a run again from its records. Runs on the controller alone.

Hosts that a broken-off run never finished get their record as interrupted.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import callback_loader

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet import reports
from faiss_fleet.errors import FleetError
from faiss_fleet.records import journal as runs
from faiss_fleet.store.history import STORE, Earlier

ARGUMENT_SPEC = {
    "run": {"type": "str", "default": "latest"},
    "formats": {"type": "list", "elements": "str", "default": ["html", "markdown", "assessment", "csv"]},
    "prometheus_file": {"type": "str"},
    "store": {"type": "str"},
}


class ActionModule(ActionBase):
    """See the file's first lines."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _spec, arguments = self.validate_argument_spec(ARGUMENT_SPEC)
        warnings: list[str] = []
        try:
            directory = runs.find(runs.reports_directory(_setting("reports"), constants.CONFIG_FILE), arguments["run"])
            if self._task.check_mode:
                result.update(skipped=True, msg=f"Would render {directory} again; check mode writes nothing.")
                return result
            output = reports.Output.of(arguments["formats"], arguments["prometheus_file"])
            store = arguments["store"] or _setting("store") or str(directory.parent / STORE)
            earlier = Earlier.at(store, directory.name, warnings.append)
            summary, changed = reports.render(directory, output=output, earlier=earlier)
        except (FleetError, OSError) as error:
            result.update(failed=True, msg=str(error))
            return result
        if warnings:
            result["warnings"] = warnings
        result.update(
            changed=bool(changed),
            directory=str(directory),
            files=[str(directory / name) for name in reports.files(output.formats)],
            hosts=summary.hosts,
            states=dict(summary.states),
            msg=f"{summary.totals()}. {directory}",
        )
        return result


def _setting(name: str) -> str:
    # These are the recorder's settings; asking its plugin for them keeps the two the same.
    callback_loader.get("fleet_record", class_only=True)
    return str(constants.config.get_config_value(name, plugin_type="callback", plugin_name="fleet_record") or "")
