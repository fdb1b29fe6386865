# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Events of a run as ansible-runner hands them on."""

from __future__ import annotations

from typing import Any


def event(kind: str, host: str, action: str, **more: Any) -> dict[str, Any]:
    return {"event": f"runner_on_{kind}", "event_data": {"host": host, "task_action": action, **more}}


def native(host: str) -> dict[str, Any]:
    return event("ok", host, "vector_backend", res={"decision": {"backend": "faiss", "provider": "wheel"}})
