# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The types of a host record. ``reports/host-record.schema.json`` says the same in JSON Schema; a test compares them.

The plan is read-only once it is made: attempts and verifications name candidates by id, and what was found while one
was tried (its versions, its runtime) belongs to the attempt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from typing_extensions import NotRequired, ReadOnly

from .errors import Fault

Facts = dict[str, Any]  # HostFacts, as a host sent them
Json = dict[str, Any]

State = Literal["native", "fallback", "failed", "unreachable"]
Verdict = Literal["possible", "blocked"]
RuntimeKind = Literal["python", "node", "container", "js", "numpy"]  # what the search test can start
Policy = Literal["first", "fastest", "fixed"]
LibcFamily = Literal["glibc", "musl", "other"]


class RunInfo(TypedDict):
    """What every record of one run has in common."""

    id: str
    started: str
    finished: str
    controller: str
    version: str
    check_mode: bool
    inventory: list[str]
    user: NotRequired[str | None]
    commit: NotRequired[str | None]
    limit: NotRequired[str | None]


class Waiver(TypedDict):
    """A cause that somebody has accepted for a host or a group, and until which day."""

    cause: str
    reason: str
    owner: str
    until: str
    host: NotRequired[str | None]
    group: NotRequired[str | None]


class HostInfo(TypedDict):
    """The host's name in the inventory, its groups, and which other name of the run is the same machine.

    columns: variables and groups that the inventory wants shown; waivers: those that name this host or a group of it;
    options: variables of the roles that differ from their defaults.
    """

    name: str
    groups: list[str]
    machine: NotRequired[str | None]
    same_machine_as: NotRequired[str | None]
    columns: NotRequired[dict[str, str]]
    waivers: NotRequired[list[Waiver]]
    options: NotRequired[Json]


class Library(TypedDict):
    """A shared library of the host with its newest version definition by prefix."""

    path: str | None
    versions: dict[str, str | None]
    error: str | None


class Gap(TypedDict):
    """A fact that could not be read, and why."""

    fact: str
    reason: str


class LibcAnswer(TypedDict):
    """What one method said of the C library."""

    method: Literal["loader", "confstr", "getconf", "ldd", "version_definitions"]
    family: str | None
    version: str | None
    source: NotRequired[str | None]
    error: NotRequired[str | None]
    said: NotRequired[str]


class Libc(TypedDict):
    """The C library, with all answers."""

    family: LibcFamily | None
    version: str | None
    method: str | None
    path: NotRequired[str | None]
    answers: list[LibcAnswer]
    disagreement: str | None
    also_present: NotRequired[list[str]]


class Cpu(TypedDict):
    """The processor."""

    model: str | None
    count: int | None
    isa_level: Literal["x86-64-v1", "x86-64-v2", "x86-64-v3", "x86-64-v4"] | None
    flags: list[str]


class OperatingSystem(TypedDict):
    """What os-release says."""

    id: str | None
    id_like: NotRequired[str]
    version: str | None
    name: str | None


class Python(TypedDict):
    """An interpreter of Python."""

    path: str
    version: str | None
    realpath: NotRequired[str | None]
    implementation: NotRequired[str | None]
    soabi: NotRequired[str | None]
    tag: NotRequired[str | None]
    bits: NotRequired[int | None]
    pip: NotRequired[str | None]
    numpy: NotRequired[str | None]
    ctypes: NotRequired[bool | None]
    error: NotRequired[str | None]


class Node(TypedDict):
    """A Node."""

    path: str
    version: str | None
    napi: NotRequired[int | None]
    modules: NotRequired[str | None]
    npm: NotRequired[str | None]
    error: NotRequired[str | None]


class Engine(TypedDict):
    """A container engine."""

    name: Literal["podman", "docker"]
    path: str
    version: str | None
    answers: bool
    rootless: NotRequired[bool | None]
    store: NotRequired[Literal["containerd"] | None]
    error: NotRequired[str | None]


class Toolchains(TypedDict):
    """Compilers and CMake."""

    gcc: Json | None
    cmake: Json | None
    devtoolsets: list[Json]


class FileSystem(TypedDict):
    """Where something is to be written."""

    purpose: Literal["prefix", "tmp", "setting"]
    path: str
    free_bytes: int | None
    noexec: bool | None
    read_only: bool | None
    existing_path: NotRequired[str | None]
    in_the_way: NotRequired[str | None]
    mount: NotRequired[str | None]
    type: NotRequired[str | None]
    writable: NotRequired[bool | None]


class Selinux(TypedDict):
    """The state of SELinux."""

    status: Literal["enforcing", "permissive", "disabled", "absent"] | None
    policy: NotRequired[str | None]


class InstalledFaiss(TypedDict):
    """A FAISS that an interpreter of the host imports."""

    python: str
    version: str | None
    location: NotRequired[str | None]
    numpy: NotRequired[str | None]


class Prefix(TypedDict):
    """A prefix of ours on the host."""

    path: str
    strategy: str
    digest: str
    complete: bool
    reason: NotRequired[str | None]


class Tried(TypedDict):
    """A cached result: an artefact that failed here, or passed and was not selected."""

    strategy: str
    digest: str
    cause: str | None
    at: str | None
    candidate: NotRequired[str | None]
    message: NotRequired[str | None]
    facts: NotRequired[str | None]
    figures: NotRequired[Json | None]
    against: NotRequired[Json | None]


class HostFacts(TypedDict):
    """What was read of a host."""

    method: Literal["module", "raw"]
    seconds: NotRequired[float]
    gaps: list[Gap]
    libc: Libc
    libstdcxx: Library
    libgomp: Library
    libgcc: NotRequired[Library]
    libz: NotRequired[Library]
    libatomic: NotRequired[Library]
    arch: str
    cpu: Cpu
    memory_bytes: NotRequired[int | None]
    kernel: str
    os: OperatingSystem
    pythons: list[Python]
    nodes: list[Node]
    condas: list[Json]
    engines: list[Engine]
    toolchains: Toolchains
    filesystems: list[FileSystem]
    selinux: Selinux
    faiss: list[InstalledFaiss]
    prefixes: list[Prefix]
    tried: NotRequired[list[Tried]]
    limits: NotRequired[Json]
    setting: NotRequired[Json | None]
    user: NotRequired[str | None]
    machine: NotRequired[Json | None]


class Reason(TypedDict):
    """Why a candidate is blocked: what it needs, what the host has, by which file and symbols.

    check: the id of a blocker of ``plan/blockers.py``.
    """

    check: ReadOnly[str]
    cause: ReadOnly[str]
    need: ReadOnly[str | None]
    have: ReadOnly[str | None]
    text: ReadOnly[str]
    file: NotRequired[ReadOnly[str | None]]
    library: NotRequired[ReadOnly[str | None]]
    symbols: NotRequired[ReadOnly[list[str]]]


class Runtime(TypedDict):
    """How to start the interpreter that has this FAISS. ``{prefix}`` stands for the prefix until it is known."""

    kind: ReadOnly[RuntimeKind]
    argv: ReadOnly[list[str]]
    env: ReadOnly[dict[str, str]]
    prefix: ReadOnly[str | None]


class Candidate(TypedDict):
    """One way to get FAISS onto one host, with its verdict. ``artefact`` has at least name and version."""

    id: ReadOnly[str]
    strategy: ReadOnly[str]
    artefact: ReadOnly[Mapping[str, Any]]
    verdict: ReadOnly[Verdict]
    reasons: ReadOnly[Sequence[Reason]]
    remedy: ReadOnly[str | None]
    runtime: NotRequired[ReadOnly[Runtime | None]]
    note: NotRequired[ReadOnly[str | None]]


class Attempt(TypedDict):
    """What became of one candidate. ok is None where it was not tried: check mode, or not selected before."""

    candidate: str
    strategy: str
    artefact: Json
    seconds: float
    changed: bool
    ok: bool | None
    cause: str | None
    message: str | None
    remedy: str | None
    log: str | None
    fault: NotRequired[Fault | None]
    runtime: NotRequired[Runtime | None]
    note: NotRequired[str | None]
    kept: NotRequired[Json]
    foreseen: NotRequired[Json | None]
    log_file: NotRequired[str | None]
    failed_before: NotRequired[str | None]
    lost_before: NotRequired[str | None]
    removed: NotRequired[bool]
    prediction: NotRequired[Literal["confirmed", "refuted"] | None]
    prefix: NotRequired[str | None]
    bytes_shipped: NotRequired[int | None]


class IndexFigures(TypedDict):
    """What was measured of one index."""

    index: Literal["flat", "ivf", "hnsw"]
    recall_at_k: NotRequired[float | None]
    qps: NotRequired[float | None]
    p50_ms: NotRequired[float | None]
    p95_ms: NotRequired[float | None]
    batch_qps: NotRequired[float | None]
    build_seconds: NotRequired[float | None]
    save_load: NotRequired[bool | None]


class Workload(TypedDict, total=False):
    """What was searched."""

    n: int
    d: int
    k: int
    queries: int
    threads: int
    seed: int


class LoaderFigures(TypedDict, total=False):
    """The same workload through the loader."""

    mode: str
    language: Literal["python", "node"]
    qps: float
    p50_ms: float
    p95_ms: float
    rounds: int
    fill_seconds: float
    seconds: float


class Verification(TypedDict):
    """The search test of one candidate, or of a fallback that was measured beside it."""

    candidate: str
    ok: bool
    cause: str | None
    message: str | None
    remedy: NotRequired[str | None]
    fault: NotRequired[Fault | None]
    backend: NotRequired[str | None]
    runtime: NotRequired[Runtime | None]
    stage: NotRequired[str | None]
    signal: NotRequired[str | None]
    exit_code: NotRequired[int | None]
    faiss_version: NotRequired[str | None]
    numpy_version: NotRequired[str | None]
    python_version: NotRequired[str | None]
    isa_loaded: NotRequired[str | None]
    kernel: NotRequired[Literal["wasm-simd", "js"]]
    known_answer: NotRequired[bool | None]
    save_load: NotRequired[bool | None]
    indexes: NotRequired[list[IndexFigures]]
    workload: NotRequired[Workload]
    figures: NotRequired[bool]
    measured_at: NotRequired[str | None]
    loader: NotRequired[LoaderFigures | None]
    peak_rss_bytes: NotRequired[int | None]
    seconds: NotRequired[float | None]
    log: NotRequired[str | None]


class Unmeasured(TypedDict):
    """A fallback that has no figures on this host, and why."""

    what: str
    reason: str


class Decision(TypedDict):
    """Which backend the host gets, and why."""

    backend: Literal["faiss", "js"]
    provider: str | None
    candidate: NotRequired[str | None]
    policy: Policy
    because: str
    predicted: NotRequired[bool]
    recommendation: NotRequired[Json | None]


class BackendConfiguration(TypedDict):
    """The backend configuration of the host, before and after."""

    path: str
    before: Json | None
    after: Json | None
    changed: bool
    backup: NotRequired[str | None]


class RecordError(TypedDict):
    """A task that failed, or a lost connection."""

    stage: str
    cause: NotRequired[str | None]
    message: str
    remedy: NotRequired[str | None]


class HostRecord(TypedDict):
    """Everything one run learnt about one host."""

    schema: Literal[1]
    run: RunInfo
    host: HostInfo
    state: State
    because: str
    cause: NotRequired[str | None]
    remedy: NotRequired[str | None]
    facts: HostFacts | None
    strategies: NotRequired[list[str]]
    plan: list[Candidate]
    attempts: list[Attempt]
    verification: list[Verification]
    unmeasured: NotRequired[list[Unmeasured]]
    decision: Decision | None
    setting: BackendConfiguration | None
    errors: NotRequired[list[RecordError]]
