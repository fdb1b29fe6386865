# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Stands for plugins/action/fleet_gate.py, which works on the controller. fleet_gate.yml documents it."""
