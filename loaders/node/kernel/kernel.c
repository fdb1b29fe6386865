// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
// Exact search over rows of float32 in WebAssembly memory. tools/build-kernel compiles it.
//
// scan() compares rows with up to 16 queries and keeps the best of each in a heap, in float32. collect() computes the
// scores of what was kept in float64, in the order of operations of lib/exact.js, and sort() sorts them. So the ids, ranks and
// scores are those of lib/exact.js as long as the heap is larger than k by the rows that float32 cannot tell apart.
//
// A row is `wide` numbers: its dimensions, zeros up to a multiple of four, and for cosine a float64 with 1 / length.
//
// encode() makes codes of rows, of a quarter of their size, and sift() finds by them the rows that can be among the best:
// scalar quantization with 8 bits, and a bound of its error for each row. collect() has the last word on these rows too.

#include <wasm_simd128.h>

typedef unsigned int u32;

enum { IP = 1, L2 = 2, COSINE = 3 };
enum { GROUP = 4 };      // queries that share one load of a row

typedef struct {
  u32 metric, d, padded, wide;      // padded: d up to a multiple of four; wide: numbers from one row to the next
} Shape;

static inline float total(v128_t sums) {
  return (wasm_f32x4_extract_lane(sums, 0) + wasm_f32x4_extract_lane(sums, 1)) +
         (wasm_f32x4_extract_lane(sums, 2) + wasm_f32x4_extract_lane(sums, 3));
}

static inline __attribute__((always_inline)) v128_t term(v128_t row, v128_t query, int l2) {
  if (!l2) return wasm_f32x4_mul(row, query);
  v128_t apart = wasm_f32x4_sub(row, query);
  return wasm_f32x4_mul(apart, apart);
}

// One row and one query: four sums side by side, and pointers that move.
static inline __attribute__((always_inline)) float compare(const float *row, const float *query, u32 padded, int l2) {
  v128_t a = wasm_f32x4_splat(0), b = a, c = a, e = a;
  const float *end = row + (padded & ~15u), *last = row + padded;
  for (; row < end; row += 16, query += 16) {
    a = wasm_f32x4_add(a, term(wasm_v128_load(row), wasm_v128_load(query), l2));
    b = wasm_f32x4_add(b, term(wasm_v128_load(row + 4), wasm_v128_load(query + 4), l2));
    c = wasm_f32x4_add(c, term(wasm_v128_load(row + 8), wasm_v128_load(query + 8), l2));
    e = wasm_f32x4_add(e, term(wasm_v128_load(row + 12), wasm_v128_load(query + 12), l2));
  }
  for (; row < last; row += 4, query += 4) a = wasm_f32x4_add(a, term(wasm_v128_load(row), wasm_v128_load(query), l2));
  return total(wasm_f32x4_add(wasm_f32x4_add(a, b), wasm_f32x4_add(c, e)));
}

// A heap whose root is the worst: the lowest goodness, or among equals the latest position.
static __attribute__((noinline)) void sink(float *goodness, u32 *positions, u32 size) {
  float value = goodness[0];
  u32 position = positions[0], at = 0;
  for (;;) {
    u32 child = 2 * at + 1, right = child + 1;
    if (child >= size) break;
    if (right < size && (goodness[right] < goodness[child] ||
                         (goodness[right] == goodness[child] && positions[right] > positions[child]))) child = right;
    if (value < goodness[child] || (value == goodness[child] && position > positions[child])) break;
    goodness[at] = goodness[child];
    positions[at] = positions[child];
    at = child;
  }
  goodness[at] = value;
  positions[at] = position;
}

static inline double inverse_of(const float *row, const Shape *shape) { return *(const double *)(row + shape->padded); }

static inline __attribute__((always_inline)) void keep(const Shape *shape, const float *row, u32 position, float value,
                                                       float *goodness, u32 size) {
  if (shape->metric == L2) value = -value;
  if (shape->metric == COSINE) value = (float)(value * inverse_of(row, shape));
  if (value > goodness[0]) {
    u32 *positions = (u32 *)(goodness + size);
    goodness[0] = value;
    positions[0] = position;
    sink(goodness, positions, size);
  }
}

static inline __attribute__((always_inline)) void scan_as(const Shape *shape, const float *rows, u32 from, u32 to,
                                                          const float *queries, u32 count, float *heaps, u32 size, int l2) {
  u32 wide = shape->wide, padded = shape->padded, grouped = count - count % GROUP, at = from;
  const float *row = rows + (unsigned long)from * wide;
  const v128_t zero = wasm_f32x4_splat(0);
  if (grouped) {
    for (; at + 2 <= to; at += 2, row += 2 * wide) {
      for (u32 q = 0; q < grouped; q += GROUP) {
        // The next rows come from memory, a part with each group, while these are compared.
        if (at + 4 <= to) {
          const volatile float *next = row + 2 * wide + 2 * wide * q / grouped, *until = row + 2 * wide + 2 * wide * (q + GROUP) / grouped;
          for (; next < until; next += 16) (void)*next;
        }
        // Two rows and four queries: eight sums stay in registers, each load serves several of them.
        const float *other = row + wide, *q0 = queries + q * padded, *q1 = q0 + padded, *q2 = q1 + padded, *q3 = q2 + padded;
        v128_t a0 = zero, a1 = zero, a2 = zero, a3 = zero, b0 = zero, b1 = zero, b2 = zero, b3 = zero;
        for (u32 i = 0; i < padded; i += 4) {
          v128_t a = wasm_v128_load(row + i), b = wasm_v128_load(other + i), query = wasm_v128_load(q0 + i);
          a0 = wasm_f32x4_add(a0, term(a, query, l2));
          b0 = wasm_f32x4_add(b0, term(b, query, l2));
          query = wasm_v128_load(q1 + i);
          a1 = wasm_f32x4_add(a1, term(a, query, l2));
          b1 = wasm_f32x4_add(b1, term(b, query, l2));
          query = wasm_v128_load(q2 + i);
          a2 = wasm_f32x4_add(a2, term(a, query, l2));
          b2 = wasm_f32x4_add(b2, term(b, query, l2));
          query = wasm_v128_load(q3 + i);
          a3 = wasm_f32x4_add(a3, term(a, query, l2));
          b3 = wasm_f32x4_add(b3, term(b, query, l2));
        }
        float *heap = heaps + q * 2 * size;
        keep(shape, row, at, total(a0), heap, size);
        keep(shape, row + wide, at + 1, total(b0), heap, size);
        heap += 2 * size;
        keep(shape, row, at, total(a1), heap, size);
        keep(shape, row + wide, at + 1, total(b1), heap, size);
        heap += 2 * size;
        keep(shape, row, at, total(a2), heap, size);
        keep(shape, row + wide, at + 1, total(b2), heap, size);
        heap += 2 * size;
        keep(shape, row, at, total(a3), heap, size);
        keep(shape, row + wide, at + 1, total(b3), heap, size);
      }
      for (u32 q = grouped; q < count; q++) {
        float *heap = heaps + q * 2 * size;
        keep(shape, row, at, compare(row, queries + q * padded, padded, l2), heap, size);
        keep(shape, row + wide, at + 1, compare(row + wide, queries + q * padded, padded, l2), heap, size);
      }
    }
  }
  for (; at < to; at++, row += wide) {
    for (u32 q = 0; q < count; q++) {
      keep(shape, row, at, compare(row, queries + q * padded, padded, l2), heaps + q * 2 * size, size);
    }
  }
}

// Empties the heaps of so many queries. A heap is `size` goodnesses and after them `size` positions.
__attribute__((export_name("begin"))) void begin(float *heaps, u32 size, u32 count) {
  for (u32 q = 0; q < count; q++, heaps += 2 * size) {
    for (u32 i = 0; i < size; i++) {
      heaps[i] = -__builtin_inff();
      ((u32 *)heaps)[size + i] = 0xffffffffu;
    }
  }
}

// Compares the rows from one position to another with all queries.
__attribute__((export_name("scan"))) void scan(const Shape *shape, const float *rows, u32 from, u32 to,
                                               const float *queries, u32 count, float *heaps, u32 size) {
  if (shape->metric == L2) scan_as(shape, rows, from, to, queries, count, heaps, size, 1);
  else scan_as(shape, rows, from, to, queries, count, heaps, size, 0);
}

// As lib/exact.js computes it, operation for operation.
static double goodness_of(const Shape *shape, const float *row, const float *query) {
  double a = 0, b = 0, c = 0, e = 0;
  u32 i = 0, d = shape->d;
  if (shape->metric == L2) {
    for (; i + 3 < d; i += 4) {
      double p = (double)row[i] - query[i], q = (double)row[i + 1] - query[i + 1];
      double r = (double)row[i + 2] - query[i + 2], s = (double)row[i + 3] - query[i + 3];
      a += p * p, b += q * q, c += r * r, e += s * s;
    }
    for (; i < d; i++) {
      double p = (double)row[i] - query[i];
      a += p * p;
    }
    return -(a + b + c + e);
  }
  for (; i + 3 < d; i += 4) {
    a += (double)row[i] * query[i];
    b += (double)row[i + 1] * query[i + 1];
    c += (double)row[i + 2] * query[i + 2];
    e += (double)row[i + 3] * query[i + 3];
  }
  for (; i < d; i++) a += (double)row[i] * query[i];
  double sum = a + b + c + e;
  return shape->metric == COSINE ? sum * inverse_of(row, shape) : sum;
}

static inline int worse(double value, u32 position, double other, u32 other_position) {
  return value < other || (value == other && position > other_position);
}

// Puts what one query's heap holds from one place to another into a heap of the exact values, its root the worst, after the
// `found` that are there; the number of them.
__attribute__((export_name("collect"))) u32 collect(const Shape *shape, const float *rows, const float *query, const float *heap,
                                                    u32 size, u32 from, u32 to, u32 found, double *scores, u32 *positions) {
  const u32 *kept = (const u32 *)(heap + size);
  for (u32 i = from; i < to; i++) {
    if (kept[i] == 0xffffffffu) continue;
    double value = goodness_of(shape, rows + (unsigned long)kept[i] * shape->wide, query);
    u32 at = found++;
    while (at > 0 && worse(value, kept[i], scores[(at - 1) / 2], positions[(at - 1) / 2])) {
      scores[at] = scores[(at - 1) / 2];
      positions[at] = positions[(at - 1) / 2];
      at = (at - 1) / 2;
    }
    scores[at] = value;
    positions[at] = kept[i];
  }
  return found;
}

// Sorts them, best first: the worst goes to the end, one after the other.
__attribute__((export_name("sort"))) void sort(u32 found, double *scores, u32 *positions) {
  for (u32 left = found; left > 1;) {
    double worst = scores[0], value = scores[--left];
    u32 worst_position = positions[0], position = positions[left], at = 0;
    for (;;) {
      u32 child = 2 * at + 1, right = child + 1;
      if (child >= left) break;
      if (right < left && worse(scores[right], positions[right], scores[child], positions[child])) child = right;
      if (worse(value, position, scores[child], positions[child])) break;
      scores[at] = scores[child];
      positions[at] = positions[child];
      at = child;
    }
    scores[at] = value;
    positions[at] = position;
    scores[left] = worst;
    positions[left] = worst_position;
  }
}

// A row's code, and after it a whole number from -127 to 127 for each dimension, zeros up to a multiple of 16.
// row = scale * numbers + rest.
typedef struct {
  float scale, rest, length, square;      // lengths of rest and of scale * numbers, or more; the row's squared length
} Code;

// A query, and after it a whole number of 16 bits for each dimension, as above. query = scale * numbers + rest.
typedef struct {
  float scale, rest, length, square;      // length of rest or more, and of the query
} Query;

static inline u32 whole(u32 d) { return (d + 15) & ~15u; }
static inline u32 code_size(u32 d) { return sizeof(Code) + whole(d); }
static inline u32 query_size(u32 d) { return sizeof(Query) + 2 * whole(d); }

// As float32, not below the value by rounding, nor what is computed of a few of them in float32.
static inline float above(double value) { return (float)(value * (1 + 1e-6)) + 1e-37f; }

static inline double both(v128_t sums) { return wasm_f64x2_extract_lane(sums, 0) + wasm_f64x2_extract_lane(sums, 1); }

static inline float largest(const float *values, u32 padded) {
  v128_t most = wasm_f32x4_splat(0);
  for (u32 i = 0; i < padded; i += 4) most = wasm_f32x4_max(most, wasm_f32x4_abs(wasm_v128_load(values + i)));
  most = wasm_f32x4_max(most, wasm_i32x4_shuffle(most, most, 2, 3, 0, 1));
  return wasm_f32x4_extract_lane(wasm_f32x4_max(most, wasm_i32x4_shuffle(most, most, 1, 0, 3, 2)), 0);
}

// Writes the codes of so many rows; for cosine those of the rows made as long as 1.
__attribute__((export_name("encode"))) void encode(const Shape *shape, const float *row, u32 count, signed char *codes) {
  u32 padded = shape->padded, size = code_size(shape->d);
  for (; count > 0; count--, row += shape->wide, codes += size) {
    double factor = shape->metric == COSINE ? inverse_of(row, shape) : 1;
    float scale = (float)(largest(row, padded) * factor / 127);
    signed char *numbers = codes + sizeof(Code);
    v128_t by = wasm_f32x4_splat(scale > 0 ? (float)(factor / scale) : 0), limit = wasm_f32x4_splat(127);
    v128_t factors = wasm_f64x2_splat(factor), scales = wasm_f64x2_splat(scale);
    v128_t rests = wasm_f64x2_splat(0), squares = rests;
    for (u32 i = 0; i < padded; i += 4) {
      v128_t values = wasm_v128_load(row + i);
      v128_t near = wasm_f32x4_nearest(wasm_f32x4_max(wasm_f32x4_min(wasm_f32x4_mul(values, by), limit), wasm_f32x4_neg(limit)));
      v128_t number = wasm_i32x4_trunc_sat_f32x4(near), narrow = wasm_i16x8_narrow_i32x4(number, number);
      wasm_v128_store32_lane(numbers + i, wasm_i8x16_narrow_i16x8(narrow, narrow), 0);
      v128_t low = wasm_f64x2_mul(wasm_f64x2_promote_low_f32x4(values), factors);
      v128_t high = wasm_f64x2_mul(wasm_f64x2_promote_low_f32x4(wasm_i32x4_shuffle(values, values, 2, 3, 2, 3)), factors);
      squares = wasm_f64x2_add(squares, wasm_f64x2_add(wasm_f64x2_mul(low, low), wasm_f64x2_mul(high, high)));
      low = wasm_f64x2_sub(low, wasm_f64x2_mul(wasm_f64x2_convert_low_i32x4(number), scales));
      high = wasm_f64x2_sub(high, wasm_f64x2_mul(wasm_f64x2_convert_low_i32x4(wasm_i32x4_shuffle(number, number, 2, 3, 2, 3)), scales));
      rests = wasm_f64x2_add(rests, wasm_f64x2_add(wasm_f64x2_mul(low, low), wasm_f64x2_mul(high, high)));
    }
    for (u32 i = padded; i < size - sizeof(Code); i += 4) *(u32 *)(numbers + i) = 0;
    double square = both(squares), rest = __builtin_sqrt(both(rests));
    Code *code = (Code *)codes;
    code->scale = scale;
    code->rest = above(rest);
    code->length = above(__builtin_sqrt(square) + rest);
    code->square = (float)square;
  }
}

// Makes of each query what sift() compares with codes.
__attribute__((export_name("ask"))) void ask(const Shape *shape, const float *query, u32 count, char *asked) {
  u32 d = shape->d;
  double most = 2147483647.0 / 127 / d - 1;      // the sum of all products stays within 32 bits
  if (most > 32767) most = 32767;
  for (; count > 0; count--, query += shape->padded, asked += query_size(d)) {
    float scale = (float)(largest(query, shape->padded) / (most - 1));
    short *numbers = (short *)(asked + sizeof(Query));
    double rest = 0, square = 0;
    for (u32 i = 0; i < whole(d); i++) {
      double value = i < d ? query[i] : 0;
      int number = scale > 0 ? (int)(value / scale + (value < 0 ? -0.5 : 0.5)) : 0;
      number = number > (int)most ? (int)most : number < -(int)most ? -(int)most : number;      // where scale has few digits
      double apart = value - (double)scale * number;
      numbers[i] = (short)number;
      rest += apart * apart;
      square += value * value;
    }
    Query *found = (Query *)asked;
    found->scale = scale;
    found->rest = above(__builtin_sqrt(rest) + __builtin_sqrt(square) * 0x1p-19);      // and what float32 loses in bound()
    found->length = above(__builtin_sqrt(square));
    found->square = (float)square;
  }
}

// Keeps a row if its goodness may be as high as those in the heap. row . query = scales * (numbers . numbers) + what the rests
// give, which by Cauchy and Schwarz is at most the product of the lengths.
static inline __attribute__((always_inline)) void bound(const Shape *shape, const Code *code, const Query *query, v128_t sums,
                                                        u32 position, float *goodness, u32 size) {
  sums = wasm_i32x4_add(sums, wasm_i32x4_shuffle(sums, sums, 2, 3, 0, 1));
  float sum = (float)(wasm_i32x4_extract_lane(sums, 0) + wasm_i32x4_extract_lane(sums, 1));
  float value = sum * code->scale * query->scale + (query->length * code->rest + query->rest * code->length) + 1e-37f;
  if (shape->metric == L2) {
    float squares = code->square + query->square;
    value = 2 * value - (squares - squares * 0x1p-19f);
  }
  if (value > goodness[0]) {
    u32 *positions = (u32 *)(goodness + size);
    goodness[0] = value;
    positions[0] = position;
    sink(goodness, positions, size);
  }
}

// Keeps, for each query, the rows with the highest bounds of their goodness.
__attribute__((export_name("sift"))) void sift(const Shape *shape, const signed char *codes, u32 from, u32 to, const char *asked,
                                               u32 count, float *heaps, u32 size) {
  u32 wide = code_size(shape->d), next = query_size(shape->d);
  const signed char *row = codes + (unsigned long)from * wide;
  const v128_t zero = wasm_i32x4_splat(0);
  for (u32 at = from; at < to; at++, row += wide) {
    const signed char *numbers = row + sizeof(Code), *end = row + wide;
    const char *query = asked;
    float *heap = heaps;
    u32 q = 0;
    for (; q + GROUP <= count; q += GROUP, query += GROUP * next, heap += GROUP * 2 * size) {
      const char *q0 = query + sizeof(Query), *q1 = q0 + next, *q2 = q1 + next, *q3 = q2 + next;
      v128_t a0 = zero, a1 = zero, a2 = zero, a3 = zero;
      for (const signed char *each = numbers; each < end; each += 8, q0 += 16, q1 += 16, q2 += 16, q3 += 16) {
        v128_t part = wasm_i16x8_load8x8(each);
        a0 = wasm_i32x4_add(a0, wasm_i32x4_dot_i16x8(part, wasm_v128_load(q0)));
        a1 = wasm_i32x4_add(a1, wasm_i32x4_dot_i16x8(part, wasm_v128_load(q1)));
        a2 = wasm_i32x4_add(a2, wasm_i32x4_dot_i16x8(part, wasm_v128_load(q2)));
        a3 = wasm_i32x4_add(a3, wasm_i32x4_dot_i16x8(part, wasm_v128_load(q3)));
      }
      bound(shape, (const Code *)row, (const Query *)query, a0, at, heap, size);
      bound(shape, (const Code *)row, (const Query *)(query + next), a1, at, heap + 2 * size, size);
      bound(shape, (const Code *)row, (const Query *)(query + 2 * next), a2, at, heap + 4 * size, size);
      bound(shape, (const Code *)row, (const Query *)(query + 3 * next), a3, at, heap + 6 * size, size);
    }
    for (; q < count; q++, query += next, heap += 2 * size) {
      const char *part = query + sizeof(Query);
      v128_t a = zero, b = zero;
      for (const signed char *each = numbers; each < end; each += 16, part += 32) {
        a = wasm_i32x4_add(a, wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(each), wasm_v128_load(part)));
        b = wasm_i32x4_add(b, wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(each + 8), wasm_v128_load(part + 16)));
      }
      bound(shape, (const Code *)row, (const Query *)query, wasm_i32x4_add(a, b), at, heap, size);
    }
  }
}
