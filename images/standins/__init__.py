# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Builds the stand-in hosts: root file systems that behave like the hosts of a fleet, from locked artefacts alone."""
