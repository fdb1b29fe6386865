# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The one judge: what must hold after a run, whatever was injected. Each check returns what is wrong, host by host.

It reads what a user reads (exit status, output, reports, files of the hosts) and asks the product nothing about itself,
but for the schema of a record and the two formats that only a reader can open (Parquet, the store).
"""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyarrow import parquet

from faiss_fleet.records import schema
from faiss_fleet.reports import live_run
from faiss_fleet.store.queries import Store
from tests.faults.fleet import PREFIX, SECRETS, Done, Fleet

# What each check looks at, in the words of the table.
CHECKS = {
    "records": "every host of the inventory once in records.jsonl, by the schema, with a reason and a remedy",
    "verdict": "the right state and cause",
    "configuration": "the backend configuration untouched, or whole and of a FAISS that searches",
    "leftovers": "nothing left on the host or the controller but what is documented, and no process",
    "status": "the exit status, and no traceback",
    "output": "no secret, no active content and no control characters in any output",
    "next run": "the next run heals",
}
# Of HTML, spreadsheets, terminals and templates; what is hostile in the hosts' texts uses this word.
ACTIVE = "canary()"
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# What an audit may leave on a host: docs/explanation/attempts.md and README.
DOCUMENTED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{PREFIX}(/\.made-by-faiss-fleet|/\.settings)?",
        rf"{PREFIX}/[a-z]+(/\.made-by-faiss-fleet|/\.[0-9a-f]+\.lock|/[0-9a-f]+\.[^/]*tried\.json)?",
        rf"{PREFIX}/[a-z]+/[0-9a-f]{{8,64}}(/.*)?",
        r"/etc/faiss-fleet(/backend\.(json|env)|/backend\.backups(/.*)?|/\.backend\.json\.lock|/\.made-by-faiss-fleet)?",
        r"/root|/root/\.ansible|/root/\.ansible/tmp|/etc|/opt|/tmp|/usr(/lib)?|/dev|/dev/shm|/var|/var/tmp",
        # Interpreters of the host keep what they compile of their own library, whoever starts them as root.
        r".*/__pycache__(/.*)?",
        r"/(usr/)?(lib|lib64|local)(/[^/]+)*",
        r"/\.aside-.*",
    )
)


@dataclass(frozen=True)
class Expected:
    """What must be true of one host after a run."""

    state: tuple[str, ...]
    cause: tuple[str | None, ...]
    # Paths that the fault makes: not the audit's.
    keeps: tuple[str, ...] = ()
    # Before the run.
    configuration: Mapping[str, bytes | None] | None = None
    paths: Mapping[str, str] | None = None
    # Whether programs of the host's own may go on: see Fault.goes_on.
    goes_on: bool = False
    # Whether its files are in a state to be judged (not where the fault takes the whole configuration away).
    judge_files: bool = True


Wrong = list[tuple[str, str, str]]  # host or "", check, what


def judge(fleet: Fleet, done: Done, expected: Mapping[str, Expected], status: Iterable[int | None]) -> Wrong:
    wrong: Wrong = []
    wrong += [("", "status", what) for what in ended(done, status)]
    wrong += recorded(done, expected)
    for name, wanted in expected.items():
        if wanted.judge_files:
            wrong += [(name, "configuration", what) for what in configuration(fleet, name, wanted, _record(done, name))]
            wrong += [(name, "leftovers", what) for what in leftovers(fleet, name, wanted)]
    wrong += [("", "leftovers", what) for what in controller_leftovers(fleet)]
    wrong += [("", "output", what) for what in output(fleet, done)]
    return wrong


def status_of(expected: Mapping[str, Expected]) -> tuple[int, ...]:
    """Exit statuses that are right: 4 where a host is unreachable, else 2 where one failed, else 0."""
    found: set[int] = {0}
    for wanted in expected.values():
        own = {{"unreachable": 4, "failed": 2}.get(state, 0) for state in wanted.state}
        found = {max(one, other) for one in found for other in own}
    return tuple(sorted(found))


def _record(done: Done, host: str) -> dict[str, Any]:
    return next((record for record in _parsed(done) if record["host"]["name"] == host), {})


def _parsed(done: Done) -> list[dict[str, Any]]:
    found = []
    for line in done.lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict) and isinstance(record.get("host"), dict):
            found.append(record)
    return found


def ended(done: Done, status: Iterable[int | None]) -> list[str]:
    wanted = tuple(status)
    wrong = []
    if done.status is None:
        wrong.append(f"the run did not end within {done.seconds:.0f} s")
    elif done.status not in wanted:
        wrong.append(f"exit status {done.status}, not {' or '.join(map(str, wanted))}: ...{done.output[-400:]}")
    for mark in (
        "Traceback (most recent call last)",
        "An exception occurred",
        "Unexpected Exception",
        "ERROR! Unexpected",
    ):
        if mark in done.output:
            place = done.output.index(mark)
            wrong.append(f"the output has: {done.output[place : place + 600]!r}")
            break
    return wrong


def recorded(done: Done, expected: Mapping[str, Expected]) -> Wrong:
    wrong: Wrong = []
    if not done.run:
        return [("", "records", f"there is no run: {done.output[-600:]}")]
    records = _parsed(done)
    if len(records) != len(done.lines):
        wrong.append(("", "records", f"{len(done.lines) - len(records)} lines are no records"))
    names = [record["host"]["name"] for record in records]
    for name, wanted in expected.items():
        if names.count(name) != 1:
            wrong.append((name, "records", f"it is {names.count(name)} times in records.jsonl"))
            continue
        record = records[names.index(name)]
        wrong += [(name, "records", fault) for fault in schema.faults(record)[:3]]
        # A fallback that was asked for has no cause.
        wants_remedy = record["state"] != "native" and (record["cause"] or record["state"] != "fallback")
        if not record["because"] or (wants_remedy and not (record["remedy"] or record["errors"])):
            wrong.append((name, "records", f"no reason or no remedy: {record['because']!r}, {record['remedy']!r}"))
        if "Traceback" in record["because"]:
            wrong.append((name, "records", f"the reason is a traceback: {record['because'][:200]}"))
        if record["state"] not in wanted.state or record["cause"] not in wanted.cause:
            said = f"{record['state']} {record['cause']}: {record['because'][:400]}"
            wrong.append((name, "verdict", f"not {'/'.join(wanted.state)} {wanted.cause}, but {said}"))
    wrong += [
        (name, "records", "it is in records.jsonl and not in the inventory") for name in names if name not in expected
    ]
    return wrong


def configuration(fleet: Fleet, host: str, wanted: Expected, record: Mapping[str, Any]) -> list[str]:
    """Untouched byte for byte, or a whole pair; and where the host is native, one whose FAISS finds neighbours."""
    now = fleet.configuration(host)
    native = record.get("state") == "native"
    data = now["backend.json"]
    if data is None:
        return ["the host is native without a configuration that can be read"] if native else []
    untouched = now == wanted.configuration
    try:
        setting = json.loads(data)
    except (ValueError, RecursionError):
        return [] if untouched and not native else ["backend.json is not JSON"]
    if untouched and not native:
        return []
    wrong = []
    if not isinstance(setting, dict) or setting.get("schema") != 1 or setting.get("backend") not in ("faiss", "js"):
        return [] if untouched else [f"backend.json is no configuration: {data[:200]!r}"]
    env = (now["backend.env"] or b"").decode("utf-8", "replace")
    if f"FAISS_FLEET_BACKEND={setting['backend']}\n" not in env:
        wrong.append("backend.env is not that of backend.json")
    if native and setting["backend"] != "faiss":
        wrong.append("the host is native, and its configuration says js")
    if setting["backend"] == "faiss" and (native or not untouched):
        wrong += _searches(fleet, host, setting)
    return wrong


PROGRAM = """
import faiss, numpy
base = numpy.arange(400, dtype='float32').reshape(50, 8) ** 1.1
index = faiss.IndexFlatL2(8)
index.add(base)
distances, found = index.search(base[[3, 40]], 2)
assert [int(row[0]) for row in found] == [3, 40], found
print('searched')
"""


def _searches(fleet: Fleet, host: str, setting: Mapping[str, Any]) -> list[str]:
    """Starts what is configured as an application of an ordinary user would, and searches."""
    runtime = setting["runtime"]
    env = [f"{name}={value}" for name, value in runtime["env"].items()]
    root = str(fleet.farm.hosts[host].root)
    line = ["timeout", "--signal=KILL", "180", "chroot", "--userspec=1000:1000", root, "/usr/bin/env", "-i"]
    env += ["PATH=/usr/local/bin:/usr/bin:/bin", "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1"]
    done = fleet.enter(*line, *env, *runtime["argv"], "-B", "-c", PROGRAM, check=False)
    if done.stdout.strip() != "searched":
        return [f"what is configured does not search: {(done.stderr or done.stdout).strip()[-300:]}"]
    return []


def leftovers(fleet: Fleet, host: str, wanted: Expected) -> list[str]:
    wrong = []
    for path, what in fleet.snapshot(host).items():
        if any(pattern.fullmatch(path) for pattern in DOCUMENTED) or (wanted.paths or {}).get(path) == what:
            continue
        if any(path == kept or path.startswith(kept.rstrip("/") + "/") for kept in wanted.keeps):
            continue
        if wanted.paths is not None and path in wanted.paths and what.split()[2].endswith("40000"):
            continue  # a directory that something was in for a time
        wrong.append(f"{path} was left or changed")
    place = fleet.path(host, PREFIX)
    if place.is_dir():
        for prefix in place.glob("*/*"):
            if ".partial" in prefix.name:
                wrong.append(f"{prefix.name} is a half-built prefix")
    running = fleet.processes(host)
    if running and not wanted.goes_on:
        wrong.append(f"still running: {'; '.join(running)[:300]}")
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return [*wrong[:4], wrong[4] + more] if len(wrong) > 5 else wrong


def controller_leftovers(fleet: Fleet) -> list[str]:
    controller = fleet.controller
    wrong = [f"{path} is left on the controller" for path in sorted(controller.tmp.iterdir())]
    wrong += [
        f"{path.relative_to(controller.base)} is left on the controller"
        for path in controller.cache.rglob("*")
        if re.search(r"\.partial|\.tmp$|^(resolve|pack|work|addon)-", path.name)
    ]
    temporary = controller.home / ".ansible/tmp"
    wrong += [f"{path.name} is left in ~/.ansible/tmp" for path in temporary.iterdir()] if temporary.is_dir() else []
    wrong += [
        f"{path.name} is left in the reports"
        for run in controller.reports.glob("*")
        for path in (run.iterdir() if run.is_dir() and not run.is_symlink() else [run])
        # A run that was killed keeps its file, and nobody holds its lock: it is how one that goes on is told from it.
        if path.name.startswith(".") and not (path.name == live_run.LOCK and not live_run.is_live(run))
    ]
    if (controller.base / "canary").exists():
        wrong.append("a template of a host was evaluated on the controller")
    return wrong[:5]


class _Page(html.parser.HTMLParser):
    """Finds what a browser would run and the page's author did not write."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._script: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        hostile = any(
            ACTIVE in (value or "") for name, value in attrs if name.startswith("on") or name in ("src", "href")
        )
        if hostile or "onerror" in values or tag in ("iframe", "object", "embed", "img"):
            self.found.append(f"<{tag} {values}>"[:200])
        self._script = (values.get("type") or "text/javascript") if tag == "script" else None

    def handle_endtag(self, tag: str) -> None:
        self._script = None

    def handle_data(self, data: str) -> None:
        if self._script == "text/javascript" and ACTIVE in data:
            self.found.append(f"a script says {data[:100]!r}")


def output(fleet: Fleet, done: Done) -> list[str]:
    wrong = [
        f"the output has {match.group()!r}: {done.output[max(0, match.start() - 80) : match.end() + 40]!r}"
        for match in [CONTROL.search(done.output)]
        if match
    ]
    texts = {"the output": done.output}
    for run in done.new:
        wrong += [f"{run.name}: {what}" for what in active(run)]
        for path in run.rglob("*"):
            if path.is_file():
                texts[path.name] = path.read_bytes().decode("utf-8", "replace")
        if (run / "fleet.parquet").exists():
            texts["the table of Parquet"] = str(parquet.read_table(run / "fleet.parquet").to_pylist())
        store = done.reports / "history.sqlite"
        if store.exists():
            try:
                with Store.open(store) as opened:
                    texts["the store"] = str(list(opened.records(run.name))) + str(list(opened.lines(run.name)))
            except Exception as error:
                texts["the store"] = f"cannot be read: {error}"
    for host in done.hosts:
        for name, data in fleet.configuration(host).items():
            texts[f"{name} of {host}"] = (data or b"").decode("utf-8", "replace")
    for name, text in texts.items():
        wrong += [
            f"the secret {word!r} is in {name}: ...{text[max(0, text.index(value) - 80) : text.index(value)]}"
            for word, value in SECRETS.items()
            if value in text
        ]
    return wrong


def active(run: Path) -> list[str]:
    """What a browser, a spreadsheet or a Markdown reader would run of a run's reports."""
    wrong = []
    if (run / "index.html").exists():
        page = _Page()
        page.feed((run / "index.html").read_text(encoding="utf-8"))
        wrong += [f"index.html: {what}" for what in page.found[:3]]
    if (run / "summary.csv").exists():
        for row in csv.reader(io.StringIO((run / "summary.csv").read_text(encoding="utf-8"))):
            for cell in row:
                if cell[:1] in tuple("=+-@\t\r") and not re.fullmatch(r"[+-]?[0-9.]+(e[+-]?[0-9]+)?", cell):
                    wrong.append(f"summary.csv: a cell begins with {cell[:40]!r}")
    for name in ("summary.md", "assessment.md"):
        if (run / name).exists():
            text = (run / name).read_text(encoding="utf-8")
            bare = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
            match = re.search(r"(?<!\\)(<(script|img|iframe|svg)\b|\]\(javascript:)", bare, re.IGNORECASE)
            if match:
                wrong.append(f"{name}: {bare[match.start() : match.start() + 80]!r}")
    for name in ("junit.xml", "fleet.sarif", "fleet.json"):
        path = run / name
        if path.exists() and CONTROL.search(path.read_text(encoding="utf-8")):
            wrong.append(f"{name}: a control character")
    return wrong


def baseline(fleet: Fleet, host: str) -> tuple[dict[str, bytes | None], dict[str, str]]:
    """The configuration and the paths of a host, for what comes after."""
    return fleet.configuration(host), fleet.snapshot(host)
