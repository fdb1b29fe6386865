# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Host records: built, cleaned, checked against the schema, kept on disk."""
