# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How the addon is compiled: variants, flags, the texts that stand in for what is not there, and the patches. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import FleetError
from .inputs import Input

GLIBC = "2.17"
TARGET = f"x86_64-linux-gnu.{GLIBC}"
NAPI = 6
BINARY = "faiss-node.node"
# Raise it when a build from the same inputs and flags would yet come out otherwise.
EDITION = 1


@dataclass(frozen=True)
class Variant:
    """One build: for CPUs of this level, by the compiler's name for it, and what the record calls the build."""

    level: str
    cpu: str
    isa: str


# The best first. OpenBLAS picks its own kernels at run time in both.
VARIANTS = (Variant("x86-64-v3", "haswell", "avx2"), Variant("x86-64-v2", "x86_64_v2", "generic"))

COMMON = ("-O3", "-g0", "-DNDEBUG", "-fPIC", "-fvisibility=hidden", "-w")
LINK = ("-shared", "-s", "-Wl,--gc-sections", "-Wl,--version-script=exports.map")

# Generated beside the sources. OpenMP is left out: it brought nothing on few cores, and its library would have to be
# shipped.
OMP = """\
#pragma once
typedef int omp_lock_t;
static inline int omp_get_max_threads() { return 1; }
static inline int omp_get_num_threads() { return 1; }
static inline int omp_get_thread_num() { return 0; }
static inline int omp_in_parallel() { return 0; }
static inline int omp_get_nested() { return 0; }
static inline void omp_set_nested(int) {}
static inline void omp_set_num_threads(int) {}
static inline void omp_init_lock(omp_lock_t*) {}
static inline void omp_destroy_lock(omp_lock_t*) {}
static inline void omp_set_lock(omp_lock_t*) {}
static inline void omp_unset_lock(omp_lock_t*) {}
"""
# faiss-node 0.5.1 is written for 1.7.4, which moved idx_t out of Index.
COMPAT = """\
#pragma once
#include <faiss/Index.h>
#if FAISS_VERSION_MAJOR == 1 && (FAISS_VERSION_MINOR < 7 || (FAISS_VERSION_MINOR == 7 && FAISS_VERSION_PATCH < 4))
namespace faiss { using idx_t = Index::idx_t; }
#endif
"""
# OpenBLAS's LAPACK was compiled from Fortran and wants these two of libgfortran: to put names of routines together, and
# the processor's time.
GFORTRAN = """\
#include <string.h>
#include <time.h>
void _gfortran_concat_string(size_t size, char *to, size_t size_a, const char *a, size_t size_b, const char *b)
{
    size_t of_a = size_a < size ? size_a : size;
    size_t of_b = size_b < size - of_a ? size_b : size - of_a;
    memcpy(to, a, of_a);
    memcpy(to + of_a, b, of_b);
    memset(to + of_a + of_b, ' ', size - of_a - of_b);
}
void _gfortran_etime(float *times, float *sum)
{
    *sum = times[0] = (float)clock() / CLOCKS_PER_SEC;
    times[1] = 0;
}
"""
# All else stays inside: Node may have other addons with a FAISS, a BLAS or a C++ library of their own.
EXPORTS = "{ global: napi_register_module_v*; node_api_module_get_api_version_v*; local: *; };\n"
FILES = {"omp.h": OMP, "compat.h": COMPAT, "gfortran.c": GFORTRAN, "exports.map": EXPORTS}


@dataclass(frozen=True)
class Patch:
    """One replacement in one file of faiss-node, and why."""

    file: str
    why: str
    old: str
    new: str

    def apply(self, text: str) -> str:
        """The patched text. Raises FleetError unless the old text is there exactly once."""
        if text.count(self.old) != 1:
            raise FleetError(
                f"{self.file} of faiss-node looks other than the patch expects ({self.why}). It is made for 0.5.1: "
                "lock that version, or write the patch again.",
                cause="build_failed",
                remedy="Lock faiss-node 0.5.1.",
            )
        return text.replace(self.old, self.new)

    def locked(self) -> dict[str, str]:
        return {"file": self.file, "why": self.why, "old": self.old, "new": self.new}


def _guard(call: str, result: str = "") -> Patch:
    """What FAISS throws in this call becomes a JavaScript error. As published it ended the whole Node."""
    why = f"an error of FAISS in {call.partition('(')[0]} ended Node"
    return Patch("src/faiss.cc", why, f"{result}{call};", f"{result}guarded(env, [&] {{ return {call}; }});")


PATCHES = (
    Patch(
        "src/faiss.cc",
        "search() never freed its copy of the query: 4 bytes for each dimension and query leaked",
        "    delete[] I;\n    delete[] D;\n",
        "    delete[] I;\n    delete[] D;\n    delete[] xq;\n",
    ),
    Patch(
        "src/faiss.cc",
        "a function that turns what FAISS throws into a JavaScript error",
        "using idx_t = faiss::idx_t;\n",
        "using idx_t = faiss::idx_t;\n\n"
        "template <class Call>\nauto guarded(Napi::Env env, Call call) -> decltype(call())\n{\n"
        "  try { return call(); }\n"
        "  catch (const std::exception &ex) { throw Napi::Error::New(env, ex.what()); }\n}\n",
    ),
    _guard("index_->add(dv.quot, xb)"),
    _guard("index_->train(dv.quot, xb)"),
    _guard("index_->search(nq, xq, k, D, I)"),
    _guard("faiss::write_index(index_.get(), fname.c_str())"),
    _guard("faiss::write_index(index_.get(), writer)"),
    _guard("index_->remove_ids(faiss::IDSelectorArray{length, xb})", "size_t num = "),
)


def sources(cmake: str) -> list[str]:
    """Files of the library, in order, each once, as FAISS's own faiss/CMakeLists.txt names them."""
    found = re.search(r"set\(FAISS_SRC\n(.*?)\)", cmake, re.DOTALL)
    names = [name for name in (found[1].split() if found else []) if name.endswith(".cpp")]
    if not names:
        raise FleetError(
            "faiss/CMakeLists.txt of the FAISS source names no files to compile. Is it a source archive of FAISS 1.7?",
            cause="faiss_source_missing",
        )
    if "OnDiskInvertedLists" in cmake:
        names.append("invlists/OnDiskInvertedLists.cpp")
    return list(dict.fromkeys(names))


def standard(release: str) -> str:
    """C++ that FAISS is written in: 11 before 1.8, 17 since."""
    return "-std=c++11" if tuple(int(part) for part in release.split(".")[:2]) < (1, 8) else "-std=c++17"


def lock(variant: Variant, inputs: Mapping[str, Input]) -> dict[str, Any]:
    """All that the result depends on, and so the name of its prefix."""
    return {
        "edition": EDITION,
        "packages": [inputs[key].locked() for key in sorted(inputs)],
        "target": TARGET,
        "napi": NAPI,
        "variant": {"level": variant.level, "cpu": variant.cpu},
        "flags": [*COMMON, standard(inputs["faiss"].release), *LINK],
        "files": FILES,
        "patches": [patch.locked() for patch in PATCHES],
    }
