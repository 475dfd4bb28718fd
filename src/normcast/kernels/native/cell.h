// The normalization of an LSTM's cell where it is read, and the gradients through it.
#pragma once
#include <cmath>

#include "terms.h"

namespace {

// The normalization of the cell of a block: moments of its rows, gathered while its vectors are made.
struct Cell {
  const Shape& s;
  const F32 &scale, &shift;
  bool on, mean;
  float epsilon;
  float *gamma, *beta, *lanes, *d_gamma, *d_beta;  // [vector][W]
  float *read, *d_read;                            // [vector][row][W]
  float *sums, *squares;                           // [row][W]
  float *first;                                    // [row]
  float *center, *inverse;                         // [row]
  Cell(const Shape& s, bool mean, float epsilon, const F32& scale, const F32& shift)
      : s(s), scale(scale), shift(shift), on(scale.element_count()), mean(mean), epsilon(epsilon) {}
  size_t floats() const { return on ? s.units * W * (5 + 2 * s.rows) + s.rows * (2 * W + 1) + 160 : 0; }
  void take() {
    if (!on) return;
    const int64_t one = s.units * W;
    for (float** p : {&gamma, &beta, &lanes, &d_gamma, &d_beta}) *p = arena.take(one);
    for (float** p : {&read, &d_read}) *p = arena.take(one * s.rows);
    for (float** p : {&sums, &squares}) *p = arena.take(s.rows * W);
    first = arena.take(s.rows);
    spread(s, scale, 1, 1, gamma), spread(s, shift, 1, 0, beta);
    for (int64_t l = 0; l < one; ++l) lanes[l] = l < s.H, d_gamma[l] = d_beta[l] = 0;
  }
  // Floats a row that `look` writes, and the backward pass may be given.
  int64_t told() const { return on ? 2 : 0; }
  void use(float* room, int64_t n) { center = room, inverse = room + n; }

  // The moments are about the row's first value, so that a mean far from zero costs no digits.
  void see(int64_t n, int64_t v, int64_t r, vec c) {
    store(read + (v * n + r) * W, c);
    if (v == 0) first[r] = mean ? c[0] : 0.0f;
    gather_rows(v, r, (c - first[r]) * load(lanes + v * W), c - first[r]);
  }
  void look(int64_t n) {
    const float share = 1.0f / s.H;
    for (int64_t r = 0; r < n; ++r) {
      const float shift = mean ? sum(load(sums + r * W)) * share : 0.0f;
      const float variance = sum(load(squares + r * W)) * share - shift * shift;
      center[r] = first[r] + shift, inverse[r] = 1.0f / std::sqrt(std::max(0.0f, variance) + epsilon);
    }
  }
  vec normal(int64_t r, vec c) const { return (c - center[r]) * inverse[r]; }
  vec scaled(int64_t v, vec y) const { return y * load(gamma + v * W) + load(beta + v * W); }

  // d: the gradient of what tanh reads, of which y is the normalized part.
  void flow(int64_t n, int64_t v, int64_t r, vec d, vec y) {
    const int64_t at = (v * n + r) * W;
    store(read + at, y), store(d_read + at, d);
    gather_rows(v, r, d * load(gamma + v * W), y);
  }
  void weigh(int64_t n) {
    const float share = 1.0f / s.H;
    for (int64_t r = 0; r < n; ++r) {
      store(sums + r * W, all(mean ? sum(load(sums + r * W)) * share : 0.0f));
      store(squares + r * W, all(sum(load(squares + r * W)) * share));
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
    const vec tilt = load(sums + r * W) + load(read + at) * load(squares + r * W);
    return (load(d_read + at) * load(gamma + v * W) - tilt) * inverse[r] * load(lanes + v * W);
  }

  void give(Out& to_gamma, Out& to_beta) const {
    if (on) gather(s, d_gamma, 1, to_gamma), gather(s, d_beta, 1, to_beta);
  }

 private:
  void gather_rows(int64_t v, int64_t r, vec d, vec with) {
    const vec product = d * with;
    store(sums + r * W, v == 0 ? d : load(sums + r * W) + d);
    store(squares + r * W, v == 0 ? product : load(squares + r * W) + product);
  }
};

}  // namespace
