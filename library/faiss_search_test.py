#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tests whether a FAISS on this host works, and measures how fast it is."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
module: faiss_search_test
short_description: Test a FAISS on this host and measure it
description:
  - Starts each runtime, a Python or a Node, in a child process with a time limit, in a session of its own. It imports
    FAISS, searches with known answers on a flat, an IVF and an HNSW index, compares recall with exact answers that are
    computed without FAISS, saves and loads each index, and measures the time of single queries and of a batch.
  - Whatever FAISS does (an illegal instruction, a crash, an abort, a hang, no memory, garbage on standard output, wrong
    answers) becomes a result with its cause. The module itself fails only for invalid options, or for a backend
    configuration that cannot be read.
  - The host returns evidence. The action plugin of the same name sends the files that the test needs, and names the
    cause on the controller.
  - Changes nothing on the host, and runs the same in check mode. What it writes meanwhile lies in a directory of its
    own below the system's temporary directory.
options:
  runtimes:
    description: What to test. Give this or O(setting).
    type: list
    elements: dict
    suboptions:
      id:
        description: The candidate's name, which the result carries.
        type: str
        required: true
      runtime:
        description: How to start the interpreter, a dict of V(kind), V(argv), V(env) and V(prefix).
        type: dict
        required: true
  setting:
    description:
      - Path of C(backend.json). What it names right now is tested. A host without it returns no results, and so does
        one whose setting is the JavaScript fallback.
    type: path
  workload:
    description: What is measured. The result repeats it, as figures of different workloads cannot be compared.
    type: dict
    suboptions:
      n:
        description:
          - Vectors in each index. 10000 is where a store in JavaScript begins to hurt, and building all three indexes
            still takes no more than a few seconds with the slowest FAISS there is (1.6.1, one core).
        type: int
        default: 10000
      d:
        description: Dimensions. 384 is what the small sentence embedding models give.
        type: int
        default: 384
      k:
        description: Neighbours asked for in each query.
        type: int
        default: 10
      queries:
        description:
          - Queries in a round. 100 leave five calls beyond the 95th percentile. Two to ten rounds are run, until the
            two quickest are within 5 % of each other in queries per second, p50 and p95, or 0.3 s of processor time are
            used. The quickest round gives the figures, for a Python and for Node alike.
          - Recall, save and load are checked with all of them; for a fallback, whose search is exact and dear, with the
            first 20.
        type: int
        default: 100
      threads:
        description: Threads that FAISS and its BLAS may use. 1 makes hosts comparable; a single query uses one anyway.
        type: int
        default: 1
      seed:
        description: Seed of the vectors. The same seed gives the same vectors with every numpy.
        type: int
        default: 1
      indexes:
        description: Kinds of index to test.
        type: list
        elements: str
        choices: [flat, ivf, hnsw]
        default: [flat, ivf, hnsw]
      figures:
        description:
          - Whether recall and speed are measured on the workload. C(false) is the brief test, a third of a second of
            one core instead of two and more - import, known answers on each kind of index, save and load.
        type: bool
        default: true
      soak:
        description:
          - Searches on each kind of index at the end, through which the memory held must not grow by more than 16 MB.
            100000 take about half a minute. 0 leaves it out.
        type: int
        default: 0
      loader:
        description:
          - Whether a FAISS that passed is then searched through the loader on that workload, as an application would.
            A Python or a container is a worker of the loader for Python, a Node has faiss-node in process. About two
            seconds. It is left out with O(workload.figures=false), and for the fallbacks, which are the loader's own.
          - A FAISS that the loader cannot use has not passed (V(loader_failed)).
        type: bool
        default: true
  min_recall:
    description:
      - The least share of the true neighbours that an approximate index must find. With the default workload every
        FAISS from 1.6.1 to 1.15.1 was seen to find 0.99 and more (IVF with 8 of 100 lists, HNSW16 with efSearch 64),
        so less than 0.9 means that something is broken. Lower it for a workload with more vectors.
      - A flat index is exact and must find all.
    type: dict
    suboptions:
      ivf:
        description: Least recall of the IVF index.
        type: float
        default: 0.9
      hnsw:
        description: Least recall of the HNSW index.
        type: float
        default: 0.9
  timeout:
    description:
      - Seconds for one runtime, after which it is killed with all that it started. The default workload takes two to
        eight seconds; a busy or old machine gets many times as much before it counts as a hang.
    type: int
    default: 120
  memory_limit_mb:
    description:
      - Megabytes of address space that one runtime may ask for; 0 means no limit. The default workload asks for up to
        610, and holds 180 in memory; it grows by about 16 bytes for each of O(workload.n) times O(workload.d) numbers.
      - For Node it is a limit of what the process holds in memory, as V8 reserves far more addresses than it uses.
    type: int
    default: 2048
  files:
    description: Programs and loaders, as a base64 tar.gz. The action plugin fills it in.
    type: str
notes:
  - The answers come as lines that carry a word which only this run knows. This keeps accidents apart from answers; it
    is no protection against a FAISS that means to deceive, which could do so in any case.
author: The faiss-fleet authors
'''

EXAMPLES = r'''
- name: Test the FAISS of two interpreters
  faiss_search_test:
    runtimes:
      - id: existing:1.7.2:/usr/bin/python3
        runtime: {kind: python, argv: [/usr/bin/python3], env: {}, prefix: null}
      - id: by hand
        runtime: {kind: python, argv: [/opt/venv/bin/python], env: {}, prefix: null}

- name: Test again what the host's configuration names, with more vectors
  faiss_search_test:
    setting: /etc/faiss-fleet/backend.json
    workload: {n: 50000, queries: 200}
    memory_limit_mb: 4096
  register: test
'''

RETURN = r'''
results:
  description: One verification for each runtime, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    candidate:
      description: Name of the candidate.
      returned: always
      type: str
      sample: 'existing:1.7.2:/usr/bin/python3'
    ok:
      description: Whether every step passed.
      returned: always
      type: bool
      sample: true
    cause:
      description: Why not, from the closed list of causes. Null when it passed.
      returned: always
      type: str
      sample: cpu_isa
    message:
      description: What it said, verbatim, or how it ended.
      returned: always
      type: str
      sample: ended by SIGILL at stage import
    remedy:
      description: The next step.
      returned: always
      type: str
      sample: Use a generic build.
    stage:
      description: How far it came.
      returned: always
      type: str
      sample: done
    signal:
      description: Signal that ended it.
      returned: always
      type: str
      sample: SIGILL
    exit_code:
      description: Exit code. Null after a signal.
      returned: always
      type: int
      sample: 0
    faiss_version:
      description: Version of FAISS.
      returned: always
      type: str
      sample: 1.9.0.post1
    faiss_location:
      description: Directory it was imported from.
      returned: always
      type: str
      sample: /usr/lib/python3/dist-packages/faiss
    numpy_version:
      description: Version of numpy.
      returned: always
      type: str
      sample: 2.2.6
    python_version:
      description: Version of the interpreter.
      returned: always
      type: str
      sample: 3.13.0
    node_version:
      description: Version of Node.
      returned: when the runtime is one of Node that started
      type: str
      sample: 16.20.2
    kernel:
      description: By what the JavaScript fallback compares vectors, V(wasm-simd) or V(js).
      returned: when the runtime is of kind V(js) and found the known answers
      type: str
      sample: wasm-simd
    binding_version:
      description: Version of faiss-node.
      returned: when the runtime is one of Node and faiss-node was loaded
      type: str
      sample: 0.5.1
    soak:
      description: How many searches were run at the end, and by how much the memory held grew meanwhile.
      returned: when O(workload.soak) was given and reached
      type: dict
      sample: {searches: 300000, growth_bytes: 409600, seconds: 14.2}
    isa_loaded:
      description: The build of FAISS in use.
      returned: always
      type: str
      sample: avx2
    isa_source:
      description: How that is known.
      returned: always
      type: str
      sample: mapped file
    compile_options:
      description: What FAISS says it was compiled with.
      returned: always
      type: str
      sample: OPTIMIZE AVX2
    known_answer:
      description: Whether the known neighbours were found.
      returned: always
      type: bool
      sample: true
    save_load:
      description: Whether indexes answer the same after save and load.
      returned: always
      type: bool
      sample: true
    indexes:
      description: Figures by index. Times are of one query a call, in the round that the host disturbed least.
      returned: always
      type: list
      elements: dict
      sample:
        - {index: flat, factory: Flat, recall_at_k: 1.0, qps: 1780.2, p50_ms: 0.55, p95_ms: 0.61, batch_qps: 4240.8,
           build_seconds: 0.004, save_load: true, rounds: 10, cpu_share: 0.99}
    workload:
      description: What was measured.
      returned: always
      type: dict
      sample: {n: 10000, d: 384, k: 10, queries: 100, threads: 1, seed: 1}
    loader:
      description:
        - Figures of searches through the loader. V(mode) is how it reached FAISS, V(worker) or V(faiss-node),
          V(language) whose loader it was, V(fill_seconds) how long adding all vectors took with its start.
        - Null when it failed, or when the host has no Python 3.6 to run it, which RV(results[].warnings) then says.
      returned: when O(workload.loader) and O(workload.figures) are on and FAISS passed
      type: dict
      sample:
        {mode: worker, language: python, qps: 1403.1, p50_ms: 0.69, p95_ms: 0.81, rounds: 8, fill_seconds: 0.7,
         seconds: 1.9}
    peak_rss_bytes:
      description: Most memory held at a time.
      returned: always
      type: int
      sample: 169000000
    seconds:
      description: How long it took.
      returned: always
      type: float
      sample: 1.7
    log:
      description: End of standard error and of what else was printed. Null when there was none.
      returned: always
      type: str
      sample: null
    warnings:
      description: What did not stop the test and yet may matter.
      returned: always
      type: list
      elements: str
      sample: []
setting:
  description: What the configuration names.
  returned: when O(setting) was given
  type: dict
  sample: {found: true, backend: faiss, candidate: 'existing:1.7.2:/usr/bin/python3', path: /etc/backend.json}
'''

import signal
import sys

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet.backend import runtime as named_runtime
from ansible.module_utils.faiss_fleet.search import run as search_test, shipped
from ansible.module_utils.faiss_fleet.errors import AuditError

ARGUMENT_SPEC = dict(
    runtimes=dict(type='list', elements='dict', options=dict(
        id=dict(type='str', required=True),
        runtime=dict(type='dict', required=True),
    )),
    setting=dict(type='path'),
    workload=dict(type='dict', apply_defaults=True, options=dict(
        n=dict(type='int', default=search_test.WORKLOAD['n']),
        d=dict(type='int', default=search_test.WORKLOAD['d']),
        k=dict(type='int', default=search_test.WORKLOAD['k']),
        queries=dict(type='int', default=search_test.WORKLOAD['queries']),
        threads=dict(type='int', default=search_test.WORKLOAD['threads']),
        seed=dict(type='int', default=search_test.WORKLOAD['seed']),
        indexes=dict(type='list', elements='str', choices=['flat', 'ivf', 'hnsw'], default=['flat', 'ivf', 'hnsw']),
        figures=dict(type='bool', default=True),
        soak=dict(type='int', default=0),
        loader=dict(type='bool', default=True),
    )),
    min_recall=dict(type='dict', apply_defaults=True, options=dict(
        ivf=dict(type='float', default=0.9),
        hnsw=dict(type='float', default=0.9),
    )),
    timeout=dict(type='int', default=120),
    memory_limit_mb=dict(type='int', default=2048),
    # no_log keeps it out of the host's log and out of the answer.
    files=dict(type='str', no_log=True),
)


def to_test(params):
    """([(name, runtime)], what the setting says or None)."""
    if params['setting'] is None:
        return [(entry['id'], entry['runtime']) for entry in params['runtimes']], None
    named = named_runtime.named_runtime(params['setting'])
    runtime = named.pop('runtime')
    named['path'] = params['setting']
    if runtime is None or runtime['kind'] == 'js':
        return [], named
    return [(named['candidate'] or params['setting'], runtime)], named


def main():
    module = AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True, mutually_exclusive=[('runtimes', 'setting')],
                           required_one_of=[('runtimes', 'setting')])
    # Ended from outside, it still kills its child and removes its directory on the way out.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))
    params = module.params
    limits = [params[name] for name in ('workload', 'timeout', 'memory_limit_mb')]
    try:
        search_test.check_workload(*(limits + [params['min_recall']]))
        chosen, setting = to_test(params)
        files = shipped.unpack(params['files'])
        results = [search_test.run(name, runtime, *limits, files=files) for name, runtime in chosen]
    except AuditError as exc:
        module.fail_json(msg=str(exc), cause=exc.cause, remedy=exc.remedy)
    returned = {} if setting is None else {'setting': setting}
    module.exit_json(changed=False, results=results, **returned)


if __name__ == '__main__':
    main()
