# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which backend a store searches with, and which comes next when one fails."""
import time
import warnings

from . import setting as settings
from .errors import BackendError, FaissFleetError
from .inprocess import FaissBackend, exact_backend, fits
from .worker import WorkerBackend


class FallbackWarning(UserWarning):
    """The application has a slower backend than it could have."""


class NativeOrFallback:
    """Native FAISS by the backend configuration, else exact search. Its store has ``count``."""

    def __init__(self, setting, on_event, fallback, in_process, start_timeout, call_timeout, restart_window, threads,
                 index, socket):
        self._kind, self._given_socket, self._socket = index, socket, socket
        self._setting = setting
        self._on_event, self._fallback, self._in_process = on_event, fallback, in_process
        self._times = {'start_timeout': start_timeout, 'call_timeout': call_timeout, 'threads': threads}
        self._restart_window, self._last_restart = restart_window, None
        self._retry_at = None                              # when native FAISS is tried again, after a fallback
        self._backend, self._runtime, self._because = None, None, None
        self.why = None

    def _open(self):
        if self._backend is not None and not self._backend.usable:
            self._backend.abandon()                    # this process was forked; its parent keeps the worker
            self._backend = None
        if self._backend is None:
            self._backend = self._choose()
        elif self._retry_at is not None and time.monotonic() >= self._retry_at:
            self._try_native()
        return self._backend

    def _try_native(self):
        """After a fallback: native FAISS again, where the setting names it by now and it starts."""
        self._retry_at = time.monotonic() + max(1, self._restart_window)
        try:
            if not self._read_setting():
                return
            backend = self._start_native(retry=False)
        except FaissFleetError:
            return
        self._backend.close()
        self._backend, self._retry_at, self._last_restart, self.why = backend, None, None, None
        self._tell('native', None, 'native FAISS can be used again')

    def _choose(self):
        try:
            if not self._read_setting():
                return self._fall_back(None, self._because)
            return self._start_native()
        except FaissFleetError as exc:
            return self._fall_back(exc, str(exc))

    def _read_setting(self):
        """Whether it names a native FAISS. Read again before each start: a new one may have replaced a prefix."""
        found = settings.check(self._setting) if isinstance(self._setting, dict) else settings.read(self._setting)
        self._socket = self._given_socket or found.get('socket')
        self._because = found.get('because') or 'the setting says so'
        self._runtime = found.get('runtime')
        return found['backend'] == 'faiss'

    def _start_native(self, retry=True):
        if self._socket is None and self._in_process and fits(self._runtime):
            try:
                return FaissBackend(self._runtime, self._times['threads'], self._kind)
            except BackendError:
                pass                      # another numpy is loaded already, for one: the worker has its own
        if self._socket is None and self._runtime['kind'] not in ('python', 'container'):
            raise BackendError('BACKEND_FAILED', 'A runtime of kind %s is for another language.' % (
                self._runtime['kind']), 'Name a strategy that Python can use in faiss_install__strategies.')
        try:
            return self._worker()
        except BackendError as exc:
            if not retry:
                raise
            return self._again(exc)

    def _worker(self):
        """The one at the socket; where there is none, or none is to be had there, one of our own."""
        if self._socket is not None:
            try:
                return WorkerBackend(self._runtime, kind=self._kind, socket=self._socket, **self._times)
            except BackendError as exc:
                if self._runtime['kind'] not in ('python', 'container'):
                    raise
                self._tell('restart', exc, str(exc))
        return WorkerBackend(self._runtime, kind=self._kind, **self._times)

    def _again(self, error):
        """A new worker, unless there was one just now."""
        now = time.monotonic()
        if self._last_restart is not None and now - self._last_restart < self._restart_window:
            raise error
        self._last_restart = now
        self._tell('restart', error, str(error))
        if not self._read_setting():
            raise error
        return self._worker()

    def _tell(self, event, error, why):
        if self._on_event is not None:
            self._on_event(event, {'error': error, 'why': why, 'count': self.count})

    def _fall_back(self, error, why):
        if error is not None and not self._fallback:
            raise error
        backend = exact_backend()
        self.why, self._retry_at = why, time.monotonic() + self._restart_window
        warnings.warn('Searching with %s, without FAISS: %s' % (backend.name, why), FallbackWarning, stacklevel=2)
        self._tell('fallback', error, why)
        return backend

    def _run(self, act):
        """Does something with the backend; with the next one if that fails."""
        while True:
            backend = self._open()
            try:
                return act(backend)
            except BackendError as exc:
                self._replace(backend, exc)

    def _replace(self, backend, error):
        self._backend = None
        backend.close()
        if backend.name in ('numpy', 'python'):
            raise error
        if backend.name == 'worker':
            try:
                self._backend = self._again(error)
                return
            except FaissFleetError as exc:
                error = exc
        self._backend = self._fall_back(error, str(error))

    def _drop_backend(self):
        if self._backend is not None:
            self._backend.close()
            self._backend = None
