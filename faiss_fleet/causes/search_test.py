# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""From how a search test ended, and what it said until then, to one verification: passed, or failed with its cause.

Pure: the process has ended, its frames are read. What is not known stays None.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import os
import re

from ..causes import later as causes

# A flat index is exact. The others found 0.99 and more on every release from 1.6.1 to 1.15.1 with the default workload
# (clusters, nprobe 8, efSearch 64); a build that finds less than nine in ten is broken, not unlucky.
MIN_RECALL = {'flat': 1.0, 'ivf': 0.9, 'hnsw': 0.9}

_SIGNALS = {
    'SIGILL': 'cpu_isa', 'SIGSEGV': 'segfault', 'SIGBUS': 'segfault', 'SIGABRT': 'abort', 'SIGFPE': 'abort',
    'SIGALRM': 'timeout', 'SIGXCPU': 'timeout', 'SIGTERM': 'interrupted', 'SIGINT': 'interrupted',
    'SIGHUP': 'interrupted',
}
# Shells and container engines end with 128 and the number of the signal that ended their child.
_BY_EXIT_CODE = {129: 'SIGHUP', 130: 'SIGINT', 132: 'SIGILL', 134: 'SIGABRT', 135: 'SIGBUS', 136: 'SIGFPE',
                 137: 'SIGKILL', 139: 'SIGSEGV', 142: 'SIGALRM', 143: 'SIGTERM'}
_BY_ERRNO = {errno.ENOENT: 'python_missing', errno.ENOTDIR: 'python_missing', errno.EACCES: 'permission_denied',
             errno.EPERM: 'permission_denied', errno.ENOEXEC: 'arch_mismatch', errno.ENOMEM: 'out_of_memory',
             errno.EAGAIN: 'out_of_memory', errno.ENOSPC: 'disk_full', errno.EDQUOT: 'disk_full',
             errno.EROFS: 'read_only'}
# A whole package. A part of one ('faiss._swigfaiss', 'numpy._core') is there and does not fit, which the table knows.
_NOT_THERE = re.compile(r"No module named '?(?!swigfaiss)[A-Za-z0-9]\w*'?$")
_ABORTS = ('what():', 'terminate called', 'libc++abi: ', 'Assertion', 'FATAL')
_NO_MEMORY = ('std::bad_alloc', 'MemoryError', 'Cannot allocate memory', 'cannot allocate memory', 'Unable to allocate',
              'Memory allocation still failed')


def judge(outcome, frames, timeout, indexes, min_recall=None, oom_kills=None):
    """A verification without its candidate, runtime and workload.

    outcome: of child_process.run. frames: what it said. indexes: what was to be measured.
    min_recall: {index: least share}, over MIN_RECALL.
    oom_kills: how many processes the kernel killed for memory meanwhile; None where it does not count them.
    """
    wanted = dict((name, (min_recall or {}).get(name, MIN_RECALL[name])) for name in indexes)
    cause, message = _cause(outcome, frames, timeout, wanted, oom_kills)
    found = frames.found
    result = {
        'ok': cause is None, 'cause': cause, 'message': message, 'remedy': causes.remedy(cause) if cause else None,
        'backend': 'faiss', 'stage': frames.stage, 'signal': _signal(outcome, frames), 'exit_code': outcome.exit_code,
        'seconds': outcome.seconds, 'log': _log(outcome, frames), 'warnings': _warnings(outcome, frames),
    }
    for name in ('faiss_version', 'numpy_version', 'python_version', 'faiss_location', 'isa_loaded', 'isa_source',
                 'compile_options', 'known_answer', 'save_load', 'peak_rss_bytes'):
        result[name] = found.get(name)
    for name in ('node_version', 'binding_version', 'soak'):
        if name in found:
            result[name] = found[name]
    result['indexes'] = found.get('indexes') or []
    if cause == 'wrong_answer' and frames.stage in ('known_answer', 'save_load'):
        result[frames.stage] = False
    return result


def _signal(outcome, frames):
    if outcome.timed_out or frames.stage == 'done':
        return None if outcome.timed_out else outcome.signal
    return outcome.signal or _BY_EXIT_CODE.get(outcome.exit_code)


def _where(frames):
    if frames.stage is None:
        return 'before it began'
    return 'at stage %s%s' % (frames.stage, ' (%s)' % frames.index if frames.index else '')


def _diagnosed(*texts):
    """The first cause that the table knows in the texts, in their order; (None, None) when it knows none."""
    for text in texts:
        found = causes.diagnose(text or u'')
        if found:
            return found[0]['cause'], found[0]['line']
    return None, None


def _lacks_memory(*texts):
    return any(words in (text or u'') for text in texts for words in _NO_MEMORY)


def _cause(outcome, frames, timeout, min_recall, oom_kills):
    """(cause, message), or (None, None) when it passed."""
    if outcome.start_error is not None:
        number = getattr(outcome.start_error, 'errno', None)
        text = u'%s' % outcome.start_error if number is None else u'%s: %s' % (
            outcome.start_error.filename, os.strerror(number))
        return _BY_ERRNO.get(number) or _diagnosed(text)[0] or 'unknown', text
    if frames.stage == 'done':
        return _figures(frames, min_recall)
    if frames.failed:
        return _of_exception(frames.failed)
    if outcome.timed_out:
        return 'timeout', 'no end within %s s, %s; it and what it had started were killed' % (timeout, _where(frames))
    name = _signal(outcome, frames)
    if name:
        return _of_signal(name, outcome, frames, oom_kills)
    return _of_silence(outcome, frames)


def _of_exception(failed):
    message, trace, kind = failed.get('message') or u'', failed.get('trace') or u'', failed.get('type')
    if failed.get('cause') and causes.known(failed['cause']):
        return failed['cause'], message
    no_room = failed.get('memory_left') is False and 'failed to map segment' in message
    if kind == 'MemoryError' or no_room or _lacks_memory(message):
        return 'out_of_memory', message
    if kind == 'SystemExit':
        return 'garbage_output', 'the package ended the interpreter instead of loading: ' + message
    if kind in ('ImportError', 'ModuleNotFoundError') and _NOT_THERE.search(message):
        return 'not_installed', message
    return _diagnosed(message, trace)[0] or 'unknown', message


def _of_signal(name, outcome, frames, oom_kills):
    where = _where(frames)
    if name == 'SIGKILL':
        if oom_kills == 0:
            return 'interrupted', 'killed by SIGKILL %s, which the kernel did not send for lack of memory' % where
        told = '' if oom_kills is None else ' (the kernel ended %d process%s for lack of memory meanwhile)' % (
            oom_kills, '' if oom_kills == 1 else 'es')
        return 'out_of_memory', 'killed by SIGKILL %s%s' % (where, told)
    if _lacks_memory(outcome.log):
        return 'out_of_memory', 'ended by %s %s for lack of memory' % (name, where)
    if name == 'SIGABRT':
        line = _last_words(outcome.log)
        return 'abort', 'ended by SIGABRT %s%s' % (where, ': ' + line if line else '')
    return _SIGNALS.get(name, 'unknown'), 'ended by %s %s' % (name, where)


def _last_words(log):
    """The line in which a C++ or C library says why it aborts."""
    for line in log.splitlines():
        if any(word in line for word in _ABORTS):
            return line.strip()[:400]
    return None


def _of_silence(outcome, frames):
    """It ended by itself and did not say done."""
    cause, line = _diagnosed(outcome.log) if outcome.exit_code else (None, None)
    if cause:
        return cause, line
    if _lacks_memory(outcome.log):
        return 'out_of_memory', 'exit code %s %s for lack of memory' % (outcome.exit_code, _where(frames))
    message = 'exit code %s without an answer, %s' % (outcome.exit_code, _where(frames))
    if frames.garbage_bytes:
        message += '; on standard output in its place, %d bytes: %s' % (
            frames.garbage_bytes, frames.garbage().strip()[:400])
    return 'garbage_output', message


def _figures(frames, min_recall):
    reports = frames.found.get('indexes') or []
    if sorted(report['index'] for report in reports) != sorted(min_recall) or not (
            frames.found.get('known_answer') and frames.found.get('save_load')):
        return 'garbage_output', 'it says that it is done, but not every step has its answer'
    for report in reports:
        least, recall = min_recall[report['index']], report['recall_at_k']
        if recall < least and report['index'] == 'flat':
            return 'wrong_answer', 'Flat, which is exact, finds %.4f of the true neighbours' % recall
        if recall < least:
            return 'low_recall', '%s finds %.4f of the true neighbours; %.4f is asked for' % (
                report['factory'], recall, least)
    return None, None


BUSY = 0.7        # less than this share of a core, and the times tell of the host's load too


def _warnings(outcome, frames):
    """What did not stop the test and yet somebody may want to know."""
    found = []
    if frames.garbage_bytes:
        found.append('%d bytes beside the answers on standard output' % frames.garbage_bytes)
    shares = [report['cpu_share'] for report in frames.found.get('indexes') or [] if 'cpu_share' in report]
    if shares and min(shares) < BUSY:
        found.append('the host was busy: the test had %d %% of a core at its worst, so its times may be too long' % (
            100 * min(shares)))
    if outcome.log_dropped:
        found.append('%d bytes of the log were dropped; its end is kept' % outcome.log_dropped)
    if outcome.stuck:
        found.append('the process did not go when it was killed; it is stuck in the kernel')
    if frames.stage == 'done' and outcome.timed_out:
        found.append('all steps passed, but the interpreter did not end by itself and was killed')
    elif frames.stage == 'done' and (outcome.signal or outcome.exit_code):
        found.append('all steps passed, but the interpreter ended with %s' % (
            outcome.signal or 'exit code %s' % outcome.exit_code))
    return found


def _log(outcome, frames):
    """Standard error, the exception with its traceback, what was printed beside the answers; None if all are empty."""
    parts = [outcome.log.strip(), ((frames.failed or {}).get('trace') or u'').strip(), frames.garbage().strip()]
    return u'\n'.join(part for part in parts if part) or None
