# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Stands for plugins/action/fleet_preflight.py, which works on the controller. fleet_preflight.yml documents it."""
