# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What can go wrong, by kind. ``code`` is for programs, the text names thing and cause, ``remedy`` the next step."""


# By code, where the place that raises it knows no better one.
REMEDIES = {
    'BAD_ARGUMENT': 'See help(faiss_fleet_loader.VectorStorage).',
    'BAD_DIMENSION': 'Give vectors of the dimension that the store was made with.',
    'BAD_K': 'Give how many neighbours you want, such as 10.',
}


class FaissFleetError(Exception):
    """Any of the loader's errors. __cause__ is what lay behind it, if anything did."""

    def __init__(self, code, message, remedy=None):
        remedy = remedy or REMEDIES.get(code)
        super().__init__('%s %s' % (message, remedy) if remedy else message)
        self.code = code
        self.remedy = remedy


class InputError(FaissFleetError, ValueError):
    """An argument that cannot be. Nothing of the call was done."""


class SettingError(FaissFleetError):
    """The setting is missing, malformed, or points at what is no longer there."""


class FileError(FaissFleetError):
    """A file is not a vector file, or not a whole one."""


class BackendError(FaissFleetError):
    """A backend cannot be started, died, hung or answered nonsense."""
