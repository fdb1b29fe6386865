// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
import { EventEmitter } from 'events';

export type Vector = readonly number[] | Float32Array | Float64Array;
export type Id = number | bigint;
export type Metric = 'cosine' | 'ip' | 'l2';
export type IndexKind = 'flat' | 'ivf' | 'hnsw';

export interface Hit {
  /** As it was given to add(), as a number. */
  id: number;
  /** cosine and ip: the larger, the nearer. l2: the squared distance. */
  score: number;
}

export interface Options {
  /** cosine unless given. */
  metric?: Metric;
  /** That of the first vector unless given. */
  dimension?: number;
  /** Path of backend.json, or its content. FAISS_FLEET_SETTING, this user's or the host's unless given. */
  setting?: string | object;
  /** false: rather an error than JavaScript. */
  fallback?: boolean;
  /** Seconds for a worker to start: 60. */
  startTimeout?: number;
  /** Seconds without an answer after which a worker that was asked counts as hung: 30. */
  callTimeout?: number;
  /** A worker that fails twice within so many seconds is given up; native search is tried again after as many: 600. */
  restartWindow?: number;
  /** Threads of FAISS, or of the fallback: 1. More where one search at a time has the host to itself; 0 leaves it to FAISS. */
  threads?: number;
  /** flat (exact) unless given; the others are approximate, with FAISS alone: the fallback is always exact. */
  index?: IndexKind;
  /** Path of a socket at which a worker of this user or root listens. Without one there, a worker is started. */
  socket?: string;
}

export interface RestartEvent { error: BackendError; count: number }
export interface RecoveredEvent { backend: string; count: number }
export interface FallbackEvent { error: FaissFleetError | null; why: string; count: number }

export class VectorStorage extends EventEmitter {
  constructor(options?: Options);
  readonly count: number;
  readonly dimension: number | null;
  readonly metric: Metric;
  readonly backend: 'faiss-node' | 'worker' | 'js' | null;
  readonly about: { faiss?: string; numpy?: string; python?: string; pid?: number; kernel?: 'wasm-simd' | 'js' } | null;
  /** What is searched now, and whether it was built here or read from the file beside the vectors. */
  readonly index: { kind: IndexKind; from: 'built' | 'file' } | null;
  /** Why it searches in JavaScript; null when it does not. */
  readonly why: string | null;
  ready(): Promise<this>;
  /** All of them or, when it is rejected, none. add(), load() and save() are carried out in the order of the calls. */
  add(ids: readonly Id[] | ArrayLike<number> | BigInt64Array, vectors: readonly Vector[] | Float32Array): Promise<void>;
  /** Other vectors for ids that are there. All of them or none. */
  update(ids: readonly Id[] | ArrayLike<number> | BigInt64Array, vectors: readonly Vector[] | Float32Array): Promise<void>;
  /** Resolves with how many of these ids were there. */
  delete(ids: readonly Id[] | ArrayLike<number> | BigInt64Array): Promise<number>;
  /** Deletes all; dimension and metric stay. */
  clear(): Promise<void>;
  has(id: Id): boolean;
  /** As it was added, in float32; null when there is none. */
  get(id: Id): Float32Array | null;
  ids(): number[];
  search(query: Vector, k?: number): Promise<Hit[]>;
  search(queries: readonly Vector[], k?: number): Promise<Hit[][]>;
  /** Whole or not at all, also where others save to the same path. */
  save(path: string): Promise<void>;
  load(path: string): Promise<void>;
  /** What is under way is rejected with CLOSED, but for save(), which is carried out first. */
  close(): Promise<void>;
  on(event: 'restart', listener: (event: RestartEvent) => void): this;
  on(event: 'recovered', listener: (event: RecoveredEvent) => void): this;
  on(event: 'fallback', listener: (event: FallbackEvent) => void): this;
  on(event: string, listener: (...values: unknown[]) => void): this;
}

export class JSVectorStorage extends VectorStorage {}

export class FaissFleetError extends Error {
  readonly code: string;
  readonly remedy: string | null;
  readonly cause?: unknown;
}
export class InputError extends FaissFleetError {}
export class SettingError extends FaissFleetError {}
export class FileError extends FaissFleetError {}
export class BackendError extends FaissFleetError {}
