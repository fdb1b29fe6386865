// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
// The same names for `import`.
import loader from './index.js';

export const { VectorStorage, JSVectorStorage, FaissFleetError, InputError, SettingError, FileError, BackendError } = loader;
