# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Stands for plugins/action/faiss_install.py, which works on the controller. faiss_install.yml documents it."""
