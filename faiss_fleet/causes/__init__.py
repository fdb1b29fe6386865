# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Names what went wrong in a log."""
