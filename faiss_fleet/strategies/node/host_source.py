# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a host builds faiss-node from, as one archive: sources, headers, a CMakeLists.txt, and all of the prefix but
the addon. Packed on the controller once for each set of tools and CPU level."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...artefacts import class_work
from ..base import Artefact, Facts, HostBuild, Options, Runtime
from . import build, host_build, recipe, unpacking
from . import inputs as addon_inputs
from .inputs import Input

MODULE = "faiss_node_build"
# Sources, objects and the result side by side.
NEEDS_BYTES = 200_000_000
PARTS = ("bindings", "faiss", "faiss-node", "file-uri-to-path", "node-addon-api", "node-api-headers")
SOURCES = ("faiss", "faiss-node", "node-addon-api", "node-api-headers")

COMMON = ("-O2", "-DNDEBUG", "-w")
# By level of the CPU: one that is not known, or of another processor, gets the compiler's own default.
LEVELS = {
    "x86-64-v2": ("-mssse3", "-msse4.1", "-msse4.2", "-mpopcnt"),
    "x86-64-v3": ("-mavx2", "-mfma", "-mf16c", "-mpopcnt"),
}
LEVELS["x86-64-v4"] = LEVELS["x86-64-v3"]  # FAISS 1.7 has nothing for it

# FAISS as faiss-node's own CMakeLists.txt has it; the headers come along instead of being downloaded by cmake-js.
CMAKE = f"""\
cmake_minimum_required(VERSION 3.17)
project(faiss-node LANGUAGES CXX)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(FAISS_ENABLE_GPU OFF CACHE BOOL "")
set(FAISS_ENABLE_PYTHON OFF CACHE BOOL "")
set(BUILD_TESTING OFF CACHE BOOL "")
set(BUILD_SHARED_LIBS OFF CACHE BOOL "")
add_subdirectory(faiss EXCLUDE_FROM_ALL)
add_library(faiss-node SHARED faiss-node/src/faiss.cc)
set_target_properties(faiss-node PROPERTIES PREFIX "" SUFFIX ".node" CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON)
target_include_directories(faiss-node PRIVATE node-addon-api node-api-headers/include)
target_compile_definitions(faiss-node PRIVATE NAPI_VERSION={recipe.NAPI} NODE_GYP_MODULE_NAME=faiss_node)
target_compile_options(faiss-node PRIVATE -include ${{CMAKE_CURRENT_SOURCE_DIR}}/compat.h)
target_link_libraries(faiss-node PRIVATE faiss -s -Wl,--gc-sections)
"""
FILES = {"CMakeLists.txt": CMAKE, "compat.h": recipe.COMPAT}


def artefact(runtime: Runtime, facts: Facts, options: Options) -> Artefact:
    """The packed sources and how the host makes its prefix of them. Raises FleetError with its cause."""
    inputs = {key: item for key, item in addon_inputs.load(options).items() if key in PARTS}
    level = facts["cpu"]["isa_level"]
    flags = (*COMMON, *LEVELS.get(level or "", ()))
    tools = {"cmake": facts["toolchains"]["cmake"] or {}, "compiler": host_build.compiler(facts) or {}}
    locked = lock(inputs, flags, facts, tools)
    packed = class_work.packed(
        build.STRATEGY, locked, options, lambda place: _stage(inputs, locked, level, options, place)
    )
    arguments = {
        "cmake": tools["cmake"].get("path") or "",
        "compiler": tools["compiler"].get("cxx") or "",
        "flags": " ".join(flags),
        "timeout": int(build.time_limit(options)),
    }
    return Artefact(
        packed.archive,
        packed.sha256,
        packed.digest,
        max(packed.unpacked_bytes, NEEDS_BYTES),
        runtime,
        locked,
        build=HostBuild(MODULE, arguments, options.cache / "addon" / "logs"),
    )


def lock(
    inputs: Mapping[str, Input], flags: tuple[str, ...], facts: Facts, tools: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """All that the result depends on, as far as the controller knows: another compiler makes another prefix."""
    return {
        "edition": recipe.EDITION,
        "packages": [inputs[key].locked() for key in sorted(inputs)],
        "host": {
            **{name: {"path": tool.get("path"), "version": tool.get("version")} for name, tool in tools.items()},
            "arch": facts["arch"],
            "blas": facts["toolchains"].get("blas"),
            "libc": facts["libc"]["version"],
        },
        "napi": recipe.NAPI,
        "flags": list(flags),
        "files": FILES,
        "patches": [patch.locked() for patch in recipe.PATCHES],
    }


def _stage(
    inputs: Mapping[str, Input], locked: dict[str, Any], level: str | None, options: Options, place: Path
) -> None:
    tree = place / "tree"
    files = addon_inputs.fetch_all(inputs, options, build.runner_for(locked, options))
    packages = {key: unpacking.tar(files[key], place / key, files[key].name) for key in inputs}
    build.patch(packages["faiss-node"])
    build.stage_package(tree / "prefix", packages, packages["faiss"])
    note = {"faiss": inputs["faiss"].release, "faiss_node": inputs["faiss-node"].version, "built": "host"}
    note["isa"] = "avx2" if "-mavx2" in locked["flags"] else "generic"
    build.write_note(tree / "prefix", {**note, **({"level": level} if level else {})})
    (tree / "source").mkdir()
    for key in SOURCES:
        packages[key].rename(tree / "source" / key)
    for path, text in FILES.items():
        (tree / "source" / path).write_text(text, encoding="utf-8")
