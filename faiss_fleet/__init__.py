# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Controller side of faiss-fleet: plan, resolve, record, render. What travels to hosts is in ``module_utils``."""

__version__ = "0.1.0"
