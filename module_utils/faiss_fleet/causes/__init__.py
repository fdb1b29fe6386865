# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The closed list of causes, and the diagnosis of a log."""
