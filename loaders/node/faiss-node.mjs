// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
// The same names for `import`.
import faiss from './faiss-node.js';

export const { Index, IndexFlatL2, IndexFlatIP, MetricType, backend, why } = faiss;
export default faiss;
