# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""ELF files: what they need, what they provide, and versions compared as numbers."""
