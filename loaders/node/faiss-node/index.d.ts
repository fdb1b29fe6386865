// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
export * from 'faiss-fleet/faiss-node';
