# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Prefixes on a host: made, listed, removed; what failed there before."""
