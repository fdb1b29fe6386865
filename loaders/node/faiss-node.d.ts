// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
export interface SearchResult { distances: number[]; labels: number[] }

export enum MetricType {
  METRIC_INNER_PRODUCT = 0, METRIC_L2 = 1, METRIC_L1 = 2, METRIC_Linf = 3, METRIC_Lp = 4, METRIC_Canberra = 20,
  METRIC_BrayCurtis = 21, METRIC_JensenShannon = 22, METRIC_Jaccard = 23,
}

/** As in faiss-node 0.5.1. Without the addon it is a flat index, and what that cannot do throws BACKEND_FAILED. */
export class Index {
  constructor(d: number);
  ntotal(): number;
  getDimension(): number;
  isTrained(): boolean;
  add(x: number[]): void;
  train(x: number[]): void;
  search(x: number[], k: number): SearchResult;
  write(fname: string): void;
  toBuffer(): Buffer;
  mergeFrom(otherIndex: Index): void;
  removeIds(ids: number[]): number;
  static read(fname: string): Index;
  static fromBuffer(src: Buffer): Index;
  static fromFactory(dims: number, descriptor: string, metric?: MetricType): Index;
}
export class IndexFlatL2 extends Index {
  static read(fname: string): IndexFlatL2;
  static fromBuffer(src: Buffer): IndexFlatL2;
}
export class IndexFlatIP extends Index {
  static read(fname: string): IndexFlatIP;
  static fromBuffer(src: Buffer): IndexFlatIP;
}
/** What answers: the addon, or the flat indexes of this package. */
export const backend: 'faiss-node' | 'js';
/** Why it is not the addon; null when it is. */
export const why: string | null;
