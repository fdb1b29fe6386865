# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The backend configuration on a host: read, written, backed up."""
