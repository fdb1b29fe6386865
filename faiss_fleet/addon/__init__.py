# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Builds faiss-node on the controller for hosts with glibc 2.17 or newer: inputs, recipe, build."""
