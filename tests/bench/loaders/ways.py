# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One way of bench_loaders.py in Python: fills an index, then answers a round of queries for each line it reads."""

import json
import sys
import time

import numpy

given = json.loads(sys.argv[1])
how, d, k = given["how"], given["d"], given["k"]
rows = numpy.fromfile(given["rows"], dtype="float32").reshape(-1, d)
queries = numpy.fromfile(given["queries"], dtype="float32").reshape(-1, d)
sys.path.insert(0, given["loader"])


def faiss_itself():
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatL2(d)
    index.add(rows)
    most = min(k, len(rows))
    return lambda query: index.search(query.reshape(1, -1), most)[1][0].tolist()


def through_loader():
    from faiss_fleet_loader import NumpyVectorStorage, VectorStorage

    if how == "numpy":
        store = NumpyVectorStorage("l2")
    else:
        socket = given["setting"].get("at")
        options = {"setting": given["setting"], "fallback": False, "in_process": how == "in process", "threads": 1}
        store = VectorStorage("l2", socket=socket, **options)
    store.add(range(len(rows)), rows)
    return lambda query: [hit[0] for hit in store.search(query, k)]


began = time.perf_counter()
search = faiss_itself() if how == "faiss" else through_loader()
found = [search(query) for query in queries]
print(json.dumps({"about": {}, "filled": time.perf_counter() - began, "found": found}), flush=True)
for line in sys.stdin:
    times = []
    for query in queries[: int(line)]:
        start = time.perf_counter()
        search(query)
        times.append((time.perf_counter() - start) * 1000)
    print(json.dumps(times), flush=True)
