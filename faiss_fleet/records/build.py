# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Assembles the host record out of what the stages returned, and says in which one state the host is."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..plan import blockers
from ..run_id import timestamp
from . import schema as record_schema
from .clean import Cleaner
from .schema import Record

SCHEMA_VERSION = 1
STATES = ("native", "fallback", "failed", "unreachable")
SAID = ("columns", "waivers", "options")  # of a host's entry in the record: what the inventory says of it
_CONNECTING = re.compile(
    r"^(?:Failed to connect to the host via \w+|Data could not be sent to remote host .*? can be reached over \w+): *"
)

Result = Mapping[str, Any]
Diagnose = Callable[[str], list[dict[str, Any]]]


@dataclass(frozen=True)
class Run:
    """What every record of one run has in common."""

    id: str
    started: str
    controller: str
    version: str
    check_mode: bool
    inventory: tuple[str, ...]
    user: str | None = None
    commit: str | None = None
    limit: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Run:
        """Back from what ``asdict`` or a record's ``run`` holds; other keys are ignored, what is optional may lack.

        Raises KeyError for what is missing and TypeError for what is of another type.
        """
        optional = {key: data.get(key) for key in ("user", "commit", "limit")}
        required = {key: data[key] for key in cls.__dataclass_fields__ if key not in optional}
        for key, value in {**required, **optional}.items():
            fits = {"check_mode": isinstance(value, bool), "inventory": _are_texts(value)}
            if not fits.get(key, isinstance(value, str) or (value is None and key in optional)):
                raise TypeError(f"its {key} cannot be {value!r:.100}")
        return cls(**{**required, **optional, "inventory": tuple(data["inventory"])})


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def diagnose(text: str) -> list[dict[str, Any]]:
    """Causes recognised in an error text, root first."""
    from ..causes import diagnose as causes

    found: list[dict[str, Any]] = causes.diagnose(text)
    return found


def _killed(result: Mapping[str, Any]) -> dict[str, Any] | None:
    """The cause of a module that was killed, which nothing shows to be lack of memory; None for any other failure."""
    from ..causes import evidence

    if evidence.signal_of(result) != signal.SIGKILL:
        return None
    return {"cause": "killed", "remedy": remedy_for("killed")}


def remedy_for(cause: str, facts: Result | None = None, line: str | None = None) -> str | None:
    """The next step for a cause of the closed list, None for one that is not in it.

    facts: of the host, whose commands it names then. line: what shows the cause, which may name what is missing.
    """
    from ..causes import for_host

    try:
        return for_host.remedy_for(cause, facts, line) or None
    except (KeyError, ValueError):
        return None


def meaning_of(cause: str) -> str | None:
    """What a cause of the closed list is, in words; None for one that is not in it."""
    from ..causes import diagnose as causes

    try:
        return str(causes.meaning(cause)) or None
    except (KeyError, ValueError):
        return None


class RecordBuilder:
    """One host's record in the making. Stages may come more than once (a play run again): the latest word counts."""

    def __init__(self, run: Run, name: str, groups: Iterable[str] = (), diagnose: Diagnose = diagnose) -> None:
        self.run, self.name, self.groups = run, name, list(groups)
        self._diagnose = diagnose
        self.same_machine_as: str | None = None
        self.said: Mapping[str, Any] = {}  # what the inventory says of the host for reports: columns, waivers, options
        self._begin()

    def _begin(self) -> None:
        self._outcome: str | None = None  # "decided", "failed", "unreachable"; None while no stage has ended the matter
        self._facts: Any = None
        self._strategies: Any = None
        self._plan: Any = []
        self._attempts: list[Any] = []
        self._verification: list[Any] = []
        self._unmeasured: Any = None
        self._decision: Any = None
        self._setting: Any = None
        self._errors: list[Any] = []

    @classmethod
    def reopen(cls, run: Run, record: Record) -> RecordBuilder:
        """Goes on with a record that was closed: a rescued failure, a second play."""
        builder = cls(run, record["host"]["name"], record["host"]["groups"])
        builder._facts, builder._plan = record["facts"], record["plan"]
        builder._strategies, builder._unmeasured = record.get("strategies"), record.get("unmeasured")
        builder._attempts, builder._verification = list(record["attempts"]), list(record["verification"])
        builder._decision, builder._setting = record["decision"], record["setting"]
        builder._errors = list(record.get("errors", []))
        builder.said = {key: record["host"][key] for key in SAID if key in record["host"]}
        if record["state"] in ("native", "fallback"):
            builder._outcome = "decided"
        elif builder._errors:
            builder._outcome = record["state"]
        return builder

    def add_facts(self, result: Result) -> None:
        """The host's facts. After a verdict the host begins again."""
        facts = _part(result, "ansible_facts", {})
        facts = facts.get("glibc_facts") if isinstance(facts, Mapping) else None
        if self._outcome == "decided":
            self._begin()
        self._facts = facts or _part(result, "glibc_facts", self._facts)

    def add_install(self, result: Result) -> None:
        """What was planned, tried and verified; any of the three may be missing."""
        self._plan = _part(result, "plan", self._plan)
        self._strategies = _part(result, "strategies", self._strategies)
        self._unmeasured = _part(result, "unmeasured", self._unmeasured)
        self._attempts = _merged(self._attempts, _part(result, "attempts", []))
        self.add_verification({"results": _part(result, "verification", [])})

    def add_verification(self, result: Result) -> None:
        """Results of search tests; one of the same candidate takes the earlier one's place."""
        self._verification = _merged(self._verification, _part(result, "results", []))

    def add_backend(self, result: Result) -> None:
        """The decision, and what became of the configuration and of what was not selected: then it has a verdict."""
        self._decision = _part(result, "decision", self._decision)
        self._setting = _part(result, "setting", self._setting)
        settled = {str(attempt.get("candidate")): attempt for attempt in _dicts(result.get("attempts"))}
        for number, attempt in enumerate(self._attempts):
            if isinstance(attempt, Mapping):
                self._attempts[number] = settled.get(str(attempt.get("candidate")), attempt)
        if isinstance(self._decision, Mapping):
            self._outcome = "decided"

    def add_error(self, stage: str, result: Result, *, ends: bool = True) -> None:
        """A task that failed. ends is False where that says nothing on the verdict: an ignored error, a later task."""
        message = _message(result)
        known = _killed(result) or next(iter(self._diagnose(message)), {})
        self._errors.append(
            {
                "stage": stage,
                "cause": str(result.get("cause") or known.get("cause") or "unknown"),
                "message": message,
                "remedy": str(result.get("remedy") or known.get("remedy") or "") or None,
            }
        )
        if ends:
            self._outcome = "failed"

    def add_unreachable(self, message: str, *, ends: bool = True) -> None:
        """The connection was refused or lost; the message is kept verbatim."""
        remedy = f"See that `ansible -m ping` reaches {self.name}: address, port, key, host key, jump host."
        said = message or "no reason was given"
        self._errors.append({"stage": "connection", "cause": "unreachable", "message": said, "remedy": remedy})
        if ends:
            self._outcome = "unreachable"

    @property
    def machine(self) -> str | None:
        """What tells this machine from every other, None where it could not be read."""
        found = self._facts.get("machine") if isinstance(self._facts, Mapping) else None
        name = found.get("id") if isinstance(found, Mapping) else found
        return name if isinstance(name, str) and name else None

    def _machine(self) -> dict[str, str]:
        if self.machine is None:
            return {}
        other = {"same_machine_as": self.same_machine_as} if self.same_machine_as else {}
        return {"machine": self.machine, **other}

    @property
    def attempts(self) -> list[Any]:
        """As they came from the host, before they are cleaned."""
        return self._attempts

    @property
    def decided(self) -> bool:
        """Whether the host has its verdict, so that later tasks of others do not change it."""
        return self._outcome == "decided"

    def close(self, cleaner: Cleaner, finished: str | None = None) -> Record:
        """The record: cleaned, valid, in exactly one state. Parts that do not fit the schema become errors in it."""
        from ..causes import for_host

        record = {
            "schema": SCHEMA_VERSION,
            "run": {**asdict(self.run), "inventory": list(self.run.inventory), "finished": finished or timestamp()},
            "host": {"name": self.name, "groups": self.groups, **self._machine(), **self.said},
            "state": "failed",
            "because": "",
            "cause": None,
            "remedy": None,
            "facts": self._facts,
            **({} if self._strategies is None else {"strategies": self._strategies}),
            "plan": self._plan,
            "attempts": self._attempts,
            "verification": self._verification,
            **({} if self._unmeasured is None else {"unmeasured": self._unmeasured}),
            "decision": self._decision,
            "setting": self._setting,
            "errors": self._errors,
        }
        cleaner.notes.clear()
        record = cleaner.clean(record)
        wrong = [*cleaner.notes]
        if not record_schema.validator().is_valid(record):
            wrong += record_schema.repair(record)
        for_host.localized(record)
        self._judge(record)
        if self._decision is not None and record["decision"] is None and self._outcome in (None, "decided"):
            record["cause"] = "unknown"
            record["because"] = f"What was decided could not be recorded: {_short(wrong[0])}"
        for text in wrong[:20]:
            record["errors"].append({"stage": "record", "cause": None, "message": text, "remedy": None})
        still_wrong = record_schema.faults(record) if wrong else []
        return _minimal(record, still_wrong) if still_wrong else record

    def _judge(self, record: Record) -> None:
        """Sets state, because, cause and remedy from the parts that the record holds."""
        decision, ending = record["decision"], _last_error(record)
        if self._outcome == "decided" and isinstance(decision, dict) and decision.get("backend") in ("faiss", "js"):
            record["state"] = "native" if decision["backend"] == "faiss" else "fallback"
            record["because"] = decision.get("because") or ""
            record["cause"], record["remedy"] = (None, None) if record["state"] == "native" else _blocked(record)
        elif ending is not None:
            record["state"] = "unreachable" if self._outcome == "unreachable" else "failed"
            record["because"] = _sentence(ending, record["state"])
            record["cause"], record["remedy"] = ending.get("cause") or "unknown", ending.get("remedy")
        else:
            record["state"], record["cause"] = "failed", "interrupted"
            record["because"] = "The run ended for this host before a backend was decided on."
            record["remedy"] = f"Run the audit again for it: --limit {record['host']['name']}"
        if record["cause"] and not record["remedy"]:
            record["remedy"] = remedy_for(record["cause"], record["facts"], record["because"])


def _blocked(record: Record) -> tuple[str | None, str | None]:
    """(cause, remedy) of what blocks native FAISS on a host that fell back, as ``plan/blockers.py`` answers.

    (None, None) where native FAISS passed and the fallback was a matter of choice.
    """
    decision = record["decision"] or {}
    if isinstance(decision.get("cause"), str):
        remedy = decision.get("remedy")
        return decision["cause"], remedy if isinstance(remedy, str) else None
    return blockers.cause_of(record["plan"], record["attempts"], record["verification"])[:2]


def interrupted(run: Run, name: str, groups: Iterable[str], cleaner: Cleaner, finished: str | None = None) -> Record:
    """The record of a host whose turn never came, or whose controller died before it was done."""
    return RecordBuilder(run, name, groups).close(cleaner, finished)


def _part(result: Result, key: str, default: Any) -> Any:
    value = result.get(key)
    return default if value is None else value


def _dicts(entries: Any) -> list[dict[str, Any]]:
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _merged(before: list[Any], new: Any) -> list[Any]:
    if not isinstance(new, list):
        return [*before, new]
    names = [entry.get("candidate") for entry in new if isinstance(entry, Mapping)]
    kept = [entry for entry in before if not (isinstance(entry, Mapping) and entry.get("candidate") in names)]
    return [*kept, *new]


def _message(result: Result) -> str:
    """Everything a failed task says about itself: its message, its loop items' messages, what its module printed."""
    parts = [str(result[key]) for key in ("msg", "reason", "censored") if result.get(key)]
    parts += [f"{item.get('item', '')}: {item['msg']}" for item in _dicts(result.get("results")) if item.get("msg")]
    for key in ("module_stderr", "stderr", "module_stdout", "exception"):
        text = str(result.get(key) or "").strip()
        if text and not any(text in part for part in parts):
            parts.append(text)
    return "\n".join(parts) or "The task failed without a message."


def _last_error(record: Record) -> dict[str, Any] | None:
    errors = [error for error in _dicts(record["errors"]) if error.get("stage") != "record"]
    return errors[-1] if errors else None


def _sentence(error: Mapping[str, Any], state: str) -> str:
    lines = [line.strip() for line in str(error.get("message", "")).splitlines() if line.strip()]
    if state == "unreachable":
        # Ansible's own words say that there is no connection; ssh's, which follow, say why, in their last line.
        said = [_CONNECTING.sub("", line) for line in lines if not line.startswith(("Warning:", "**"))]
        useful = [line for line in said if line and not line.startswith("[Errno")]
        return _short(useful[-1]) if useful else _short(lines[0] if lines else "")
    return f"{error.get('stage')}: {_short(lines[0] if lines else '')}"


def _short(text: str) -> str:
    return text if len(text) <= 300 else text[:299] + "…"


def _minimal(record: Record, wrong: list[str]) -> Record:
    """The least a valid record can be, for the case that repair was not enough: no host may be missing."""
    host, run = record.get("host"), record.get("run")
    host = host if isinstance(host, dict) else {}
    name, groups = str(host.get("name", "")), [str(group) for group in host.get("groups") or []]
    error = {"stage": "record", "message": f"The record could not be kept: {'; '.join(wrong[:5])}"}
    return {
        "schema": SCHEMA_VERSION,
        "run": run,
        "host": {"name": name, "groups": groups},
        "state": "failed",
        "because": error["message"],
        "cause": "unknown",
        "remedy": None,
        **dict.fromkeys(("facts", "decision", "setting")),
        **{part: [] for part in ("plan", "attempts", "verification")},
        "errors": [error],
    }
