// Rows that are divided by their length in a metric, and the gradients through that.
#pragma once
#include <cmath>

#include "fold.h"

namespace {

// Part of a row, a, becomes a / sqrt(a' G a + epsilon). Where G = U U' / n, the n products a U have then a mean square
// of one: they need not be looked at. `vectors` hold the part; each group has its own G, and its own length if not
// joint.
struct Metric {
  const Shape& s;
  int64_t first, depth, vectors, groups, row;  // row: floats from one row to the next
  int64_t lengths, alike;                      // lengths of a row: 1 or a group each; groups that share one
  float epsilon;
  bool on;             // else rows stay as they are
  float* packed;       // G, [group, vector][k][W]
  float* turned;       // [group, vector][row][W]: what the metric makes of the rows
  float* inverse;      // [length][row]
  float* tilt;         // [group, vector][row][W]: divided rows times this are minus twice the gradient of the metric
  float* sums;         // [group, vector][k][W]: of those products
  float* along;        // [row]
  float* seen;         // [row][W], then room for two vectors

  Metric(const Shape& s, int64_t first, int64_t depth, bool joint, float epsilon, bool on)
      : s(s), first(first), depth(depth), vectors((depth + W - 1) / W), groups(s.groups), row(s.groups * s.S),
        lengths(joint ? 1 : s.groups), alike(joint ? s.groups : 1), epsilon(epsilon),
        on(on) {}

  // Floats a row that `divide` writes, and the backward pass may be given.
  int64_t told() const { return on ? groups * vectors * W + lengths : 0; }
  void use(float* room, int64_t n) { turned = room, inverse = room + groups * vectors * n * W; }

  // steps: of how many the tilt is kept, 0 in the forward pass.
  size_t floats(int64_t steps) const {
    return on ? groups * vectors * W * (2 * depth + steps * s.rows) + s.rows * (1 + 3 * W) + 64 : 0;
  }
  void take(int64_t steps, const Fold& fold) {
    if (!on) return;
    const int64_t all = groups * vectors * W;
    packed = arena.take(all * depth), sums = arena.take(all * depth), tilt = arena.take(all * steps * s.rows);
    along = arena.take(s.rows), seen = arena.take(3 * s.rows * W);
    std::memset(sums, 0, all * depth * sizeof(float));
    fold.metric(packed);
  }

  void divide(int64_t n, float* a) const {
    if (!on) return;
    for (int64_t q = 0; q < groups; ++q)
      product<false>(n, vectors, Rows{a + q * s.S + first, row, depth}, packed + q * vectors * depth * W, depth * W,
                     turned + q * vectors * n * W, n * W);
    for (int64_t l = 0; l < lengths; ++l)
      for (int64_t r = 0; r < n; ++r) {
        vec square = {};
        each(l, [&](int64_t q, int64_t v) { square += load(part(a, q, r) + v * W) * load(turned + at(n, q, v, r)); });
        inverse[l * n + r] = 1.0f / std::sqrt(no_less_than_zero(sum(square)) + epsilon);
      }
    scale(n, a);
  }

  // Divides the rows by lengths that are known.
  void scale(int64_t n, float* a) const {
    if (!on) return;
    for (int64_t l = 0; l < lengths; ++l)
      for (int64_t r = 0; r < n; ++r) {
        const float by = inverse[l * n + r];
        each(l, [&](int64_t q, int64_t v) {
          float* p = part(a, q, r) + v * W;
          store(p, load(p) * by, depth - v * W);
        });
      }
  }

  // da: [vector][row][W], da_group floats from a group to the next, turns from the gradient of the divided rows into
  // that of the rows. The tilt of these rows goes to row `where` and on, of `rows`.
  void back(int64_t n, const float* a, float* da, int64_t da_group, int64_t where, int64_t rows) const {
    if (!on) return;
    const auto d = [&](int64_t q, int64_t v, int64_t r) { return da + q * da_group + (v * n + r) * W; };
    for (int64_t l = 0; l < lengths; ++l) {
      for (int64_t r = 0; r < n; ++r) {
        vec total = {};
        each(l, [&](int64_t q, int64_t v) { total += load(part(a, q, r) + v * W) * load(d(q, v, r)); });
        along[r] = sum(total);
      }
      each(l, [&](int64_t q, int64_t v) {
        for (int64_t r = 0; r < n; ++r) {
          const float by = inverse[l * n + r], *t = turned + at(n, q, v, r);
          store(tilt + at(rows, q, v, where + r), along[r] * load(part(a, q, r) + v * W));
          store(d(q, v, r), by * (load(d(q, v, r)) - along[r] * by * load(t)));
        }
      });
    }
  }

  // The same of rows whose gradient nobody asks for: what they gave, made again from their weights ([vector][k][W] with
  // s.K rows), meets its gradient dz ([vector][row][W] with `rows` rows). Half the work of the rows' own gradient.
  void back_of_data(int64_t n, const float* a, const float* weights, const float* dz, int64_t where,
                    int64_t rows) const {
    if (!on) return;
    for (int64_t l = 0; l < lengths; ++l) {
      std::memset(seen, 0, n * W * sizeof(float));
      for (int64_t q = l * alike; q < (l + 1) * alike; ++q)
        for (int64_t v = q * s.per; v < (q + 1) * s.per; v += 2)
          meet(n, std::min<int64_t>(2, (q + 1) * s.per - v), Rows{part(a, q, 0), row, depth},
               weights + (v * s.K + first) * W, dz + v * rows * W, rows);
      for (int64_t r = 0; r < n; ++r) along[r] = sum(load(seen + r * W));
      each(l, [&](int64_t q, int64_t v) {
        for (int64_t r = 0; r < n; ++r)
          store(tilt + at(rows, q, v, where + r), along[r] * load(part(a, q, r) + v * W));
      });
    }
  }

  // Adds the products of n divided rows with their tilt, of which there are `rows` in all. They are symmetric: of
  // two vectors only the rows from their own on are made, and `unpack` takes the others from across.
  void add(int64_t n, const float* a, int64_t rows) const {
    if (!on) return;
    for (int64_t q = 0; q < groups; ++q)
      for (int64_t v = 0; v < vectors; v += 2) {
        const int64_t from = v * W;
        product<true>(depth - from, std::min<int64_t>(2, vectors - v), Columns{part(a, q, 0) + from, row, n},
                      tilt + at(rows, q, v, 0), rows * W, sums + ((q * vectors + v) * depth + from) * W, depth * W);
      }
  }

  // The gradient of the metric, (groups, depth, depth), in room that is no longer needed.
  const float* unpack() const {
    if (!on) return nullptr;
    for (int64_t q = 0; q < groups; ++q) {
      const auto sum_of = [&](int64_t k, int64_t column) {
        return sums[((q * vectors + column / W) * depth + k) * W + column % W];
      };
      float* p = packed + q * depth * depth;
      for (int64_t k = 0; k < depth; ++k)
        for (int64_t j = 0; j < depth; ++j) *p++ = -0.5f * (k < j ? sum_of(j, k) : sum_of(k, j));
    }
    return packed;
  }

 private:
  // Adds to `seen` the products of these rows, of one or two vectors, times dz.
  void meet(int64_t n, int64_t pair, const Rows& a, const float* weights, const float* dz, int64_t rows) const {
    float* z = seen + n * W;
    product<false>(n, pair, a, weights, s.K * W, z, n * W);
    for (int64_t v = 0; v < pair; ++v, z += n * W, dz += rows * W)
      for (int64_t i = 0; i < n * W; i += W) store(seen + i, load(seen + i) + load(z + i) * load(dz + i));
  }
  // Calls f for the groups and vectors that share a length.
  template <class F>
  void each(int64_t l, F f) const {
    for (int64_t q = l * alike; q < (l + 1) * alike; ++q)
      for (int64_t v = 0; v < vectors; ++v) f(q, v);
  }
  int64_t at(int64_t rows, int64_t q, int64_t v, int64_t r) const { return ((q * vectors + v) * rows + r) * W; }
  float* part(float* a, int64_t q, int64_t r) const { return a + r * row + q * s.S + first; }
  const float* part(const float* a, int64_t q, int64_t r) const { return a + r * row + q * s.S + first; }
};

}  // namespace
