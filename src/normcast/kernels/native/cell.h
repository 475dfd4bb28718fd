// The normalization of an LSTM's cell where it is read, and the gradients through it.
#pragma once
#include <cmath>

#include "terms.h"

namespace {

// The normalization of the cell of a block, row by row.
struct Cell {
  const Shape& s;
  const F32 &scale, &shift;
  bool on, mean;
  float epsilon;
  float *gamma, *beta, *lanes, *d_gamma, *d_beta;  // [vector][W]
  float *read, *d_read;                            // [vector][row][W]
  float *center, *inverse, *level, *tilt;          // [row]
  Cell(const Shape& s, bool mean, float epsilon, const F32& scale, const F32& shift)
      : s(s), scale(scale), shift(shift), on(scale.element_count()), mean(mean), epsilon(epsilon) {}
  size_t floats() const { return on ? s.units * W * (5 + 2 * s.rows) + 2 * s.rows + 160 : 0; }
  void take() {
    if (!on) return;
    const int64_t one = s.units * W;
    for (float** p : {&gamma, &beta, &lanes, &d_gamma, &d_beta}) *p = arena.take(one);
    for (float** p : {&read, &d_read}) *p = arena.take(one * s.rows);
    level = arena.take(s.rows), tilt = arena.take(s.rows);
    spread(s, scale, 1, 1, gamma), spread(s, shift, 1, 0, beta);
    for (int64_t l = 0; l < one; ++l) lanes[l] = l < s.H, d_gamma[l] = d_beta[l] = 0;
  }
  // Floats a row that `look` writes, and the backward pass may be given.
  int64_t told() const { return on ? 2 : 0; }
  void use(float* room, int64_t n) { center = room, inverse = room + n; }

  void see(int64_t n, int64_t v, int64_t r, vec c) { store(read + (v * n + r) * W, c); }
  // The moments are about the row's first value, so that a mean far from zero costs no digits.
  void look(int64_t n) {
    const float share = 1.0f / s.H;
    for (int64_t r = 0; r < n; ++r) {
      const float first = mean ? read[r * W] : 0.0f;
      vec total = {}, square = {};
      for (int64_t v = 0; v < s.units; ++v) {
        const vec d = load(read + (v * n + r) * W) - first, held = d * load(lanes + v * W);
        total += held, square += held * d;
      }
      const float shift = mean ? sum(total) * share : 0.0f;
      const float variance = sum(square) * share - shift * shift;
      center[r] = first + shift, inverse[r] = 1.0f / std::sqrt(no_less_than_zero(variance) + epsilon);
    }
  }
  vec normal(int64_t r, vec c) const { return (c - center[r]) * inverse[r]; }
  vec scaled(int64_t v, vec y) const { return y * load(gamma + v * W) + load(beta + v * W); }

  // d: the gradient of what tanh reads, of which y is the normalized part.
  void flow(int64_t n, int64_t v, int64_t r, vec d, vec y) {
    store(read + (v * n + r) * W, y), store(d_read + (v * n + r) * W, d);
  }
  void weigh(int64_t n) {
    const float share = 1.0f / s.H;
    for (int64_t r = 0; r < n; ++r) {
      vec total = {}, along = {};
      for (int64_t v = 0; v < s.units; ++v) {
        const vec d = load(d_read + (v * n + r) * W) * load(gamma + v * W);
        total += d, along += d * load(read + (v * n + r) * W);
      }
      level[r] = mean ? sum(total) * share : 0.0f, tilt[r] = sum(along) * share;
    }
    for (int64_t v = 0; v < s.units; ++v) {
      vec d = {}, dy = {};
      for (int64_t at = v * n * W; at < (v + 1) * n * W; at += W)
        d += load(d_read + at), dy += load(d_read + at) * load(read + at);
      store(d_beta + v * W, load(d_beta + v * W) + d), store(d_gamma + v * W, load(d_gamma + v * W) + dy);
    }
  }
  vec back(int64_t n, int64_t v, int64_t r) const {
    const int64_t at = (v * n + r) * W;
    const vec taken = level[r] + load(read + at) * tilt[r];
    return (load(d_read + at) * load(gamma + v * W) - taken) * inverse[r] * load(lanes + v * W);
  }

  void give(Out& to_gamma, Out& to_beta) const {
    if (on) gather(s, d_gamma, 1, to_gamma), gather(s, d_beta, 1, to_beta);
  }
};

}  // namespace
