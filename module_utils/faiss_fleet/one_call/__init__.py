# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What one remote call asks a host: its facts, and a brief test of what is configured."""
