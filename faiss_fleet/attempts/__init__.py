# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tries candidates on a host until the policy is satisfied."""
