// Weights that bring layer or RMS normalization along, and the gradients through that.
#pragma once
#include "block.h"

namespace {

// Of weights (depth, gates * H) and a scale of their columns: with rows whose mean was taken off, if asked for, z = a C
// has a mean of zero, and sum(z**2) / n is a' G a with G = C C' / n. Rows divided by that length (metric.h) meet C times
// the scale. Without a scale nothing normalizes, and rows meet the weights as they are.
struct Fold {
  const Shape& s;
  int64_t depth, wide, parts;  // parts: of a row, each with a mean and a length of its own
  bool center;
  const float *given, *gamma;
  float *centred, *scaled;  // (depth, wide)
  float* room;

  Fold(const Shape& s, int64_t depth, bool joint, bool center, const F32& weights, const F32& gamma)
      : s(s), depth(depth), wide(s.gates * s.H), parts(joint ? 1 : s.gates), center(center),
        given(weights.typed_data()), gamma(gamma.element_count() ? gamma.typed_data() : nullptr) {}

  const float* weights() const { return gamma == nullptr ? given : scaled; }
  int64_t columns() const { return wide / s.groups; }  // of a group
  int64_t vectors() const { return (columns() + W - 1) / W; }
  float share() const { return static_cast<float>(parts) / wide; }
  int64_t held() const { return (depth + W - 1) / W; }  // vectors of the metric
  int64_t spare() const { return std::max(2 * depth * vectors(), columns() * held()) * W; }  // floats of the room
  size_t floats() const { return gamma == nullptr ? 0 : 2 * depth * wide + spare() + 64; }

  void take() {
    if (gamma == nullptr) return;
    centred = arena.take(depth * wide), scaled = arena.take(depth * wide);
    room = arena.take(spare());
    std::memcpy(centred, given, depth * wide * sizeof(float));
    if (center) take_means(centred), take_means(centred);  // the second time takes what rounding left of the mean
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t j = 0; j < wide; ++j) scaled[k * wide + j] = centred[k * wide + j] * gamma[j];
  }

  // G of each group, [group, vector][k][W].
  void metric(float* out) const {
    if (gamma == nullptr) return;
    const int64_t size = held() * depth * W;
    for (int64_t q = 0; q < s.groups; ++q, out += size) {
      const float* from = centred + q * columns();
      for (int64_t v = 0; v < held(); ++v)
        transpose(from + v * W * wide, wide, depth - v * W, columns(), room + v * columns() * W);
      product<false>(depth, held(), Rows{from, wide, columns()}, room, columns() * W, out, depth * W);
      for (int64_t i = 0; i < size; i += W) store(out + i, load(out + i) * share());
    }
  }

  // dw: the gradient of what rows meet, turns into that of the weights. d_metric: (groups, depth, depth), symmetric.
  void back(float* dw, const float* d_metric, float* d_gamma) const {
    if (gamma == nullptr) return;
    for (int64_t q = 0; q < s.groups; ++q)
      for_columns(q * columns(), dw, d_metric + q * depth * depth, d_gamma);
    if (center) take_means(dw), take_means(dw);
  }

 private:
  void take_means(float* rows) const {
    const int64_t size = wide / parts;
    for (float* p = rows; p < rows + depth * wide; p += size) {
      vec total = {};
      for (int64_t j = 0; j < size; j += W) total += load(p + j, size - j);
      const float mean = sum(total) / size;
      for (int64_t j = 0; j < size; j += W) store(p + j, load(p + j, size - j) - mean, size - j);
    }
  }

  // The gradients of a group's columns, from `first` on.
  void for_columns(int64_t first, float* dw, const float* d_metric, float* d_gamma) const {
    float *packed = room, *through = room + depth * vectors() * W;
    for (int64_t v = 0; v < vectors(); ++v)
      for (int64_t k = 0; k < depth; ++k)
        store(packed + (v * depth + k) * W, load(centred + k * wide + first + v * W, columns() - v * W));
    product<false>(depth, vectors(), Rows{d_metric, depth, depth}, packed, depth * W, through, depth * W);
    for (int64_t v = 0; v < vectors(); ++v) {
      const int64_t at = first + v * W, left = columns() - v * W;
      const vec scale = load(gamma + at, left);
      vec grad = {};
      for (int64_t k = 0; k < depth; ++k) {
        const vec d = load(dw + k * wide + at, left), i = load(through + (v * depth + k) * W) * (2 * share());
        grad += d * load(packed + (v * depth + k) * W);
        store(dw + k * wide + at, d * scale + i, left);
      }
      store(d_gamma + at, grad, left);
    }
  }
};

}  // namespace
