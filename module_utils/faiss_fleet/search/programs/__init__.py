# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What runs in a child process: the search test, and searches through a loader. These files are sent as they are."""
