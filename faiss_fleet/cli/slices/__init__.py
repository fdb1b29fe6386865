# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""An audit in slices: each is a pure job, host list in, records out, behind an executor of ``concurrent.futures``."""
