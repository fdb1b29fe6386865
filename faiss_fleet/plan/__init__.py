# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is possible on a host, what is not and why, and which backend it gets."""
