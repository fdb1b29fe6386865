# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One vector store for Python 3.6 and later: native FAISS where the host has it, exact search by numpy elsewhere."""
from .errors import BackendError, FaissFleetError, FileError, InputError, SettingError
from .choice import FallbackWarning
from .storage import NumpyVectorStorage, VectorStorage

__version__ = '0.1.0'
__all__ = ['BackendError', 'FaissFleetError', 'FallbackWarning', 'FileError', 'InputError', 'NumpyVectorStorage',
           'SettingError', 'VectorStorage']
