// What the native kernels share: scratch memory, and how a recurrence's arrays are laid out in blocks of the batch.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "door.h"
#include "product.h"

namespace {

#if defined(__SANITIZE_ADDRESS__)
// Scratch memory whose every part stands alone, so that a step out of one is seen.
class Arena {
 public:
  void reset(size_t floats) { give_back(), left_ = floats; }
  float* take(size_t floats) {
    if ((floats + 15) / 16 * 16 > left_) std::abort();  // more than was asked for
    left_ -= (floats + 15) / 16 * 16;
    parts_.push_back(std::aligned_alloc(4, floats * 4));
    return static_cast<float*>(parts_.back());
  }
  ~Arena() { give_back(); }

 private:
  void give_back() {
    for (void* part : parts_) std::free(part);
    parts_.clear();
  }
  std::vector<void*> parts_;
  size_t left_ = 0;
};
#else
// Scratch memory of a thread: grows, is never returned, so that no call pays for fresh pages.
class Arena {
 public:
  void reset(size_t floats) {
    if (floats > size_) {
      std::free(memory_);
      memory_ = static_cast<float*>(std::aligned_alloc(64, (floats * 4 + 63) / 64 * 64));
      if (memory_ == nullptr) throw std::bad_alloc();
      size_ = floats;
    }
    used_ = 0;
  }
  float* take(size_t floats) {
    float* p = memory_ + used_;
    used_ += (floats + 15) / 16 * 16;
    return p;
  }
  ~Arena() { std::free(memory_); }

 private:
  float* memory_ = nullptr;
  size_t size_ = 0, used_ = 0;
};
#endif
static thread_local Arena arena;

struct Shape {
  int64_t B, T, F, H;
  int64_t gates, groups;  // groups: 1, all gates read the same rows; or `gates`, each has its own dropout masks
  int64_t units;          // vectors of a gate
  int64_t per;            // vectors of a group
  int64_t inputs;         // vectors of the input's gradient, 0 where it is not needed
  int64_t state;          // where the state stands in a row, and U in the weights: after the input and a one per bias
  int64_t K, S, rows;     // K: input, ones, state; S: floats of one row of a group; rows: of the batch in a block
  Shape(const F32& x, const F32& u, int64_t gates, int64_t biases, int64_t groups) : gates(gates), groups(groups) {
    hold_rank("x", x, 3, 1), hold_rank("recurrent_kernel", u, 2, 0), hold_number("groups", groups, {1, gates});
    const auto d = x.dimensions();
    B = d[0], T = d[1], F = d[2], H = u.dimensions()[0];
    units = (H + W - 1) / W, per = gates * units / groups, inputs = (F + W - 1) / W, state = F + biases;
    K = state + H, S = state + units * W;
    const int64_t fit = std::max<int64_t>(kRows, 3072 / (units * W));
    const int64_t blocks = std::max<int64_t>(1, (B + fit - 1) / fit);
    rows = (B + blocks - 1) / blocks;
  }
};

inline float* pointer(Out& b) { return b->element_count() ? b->typed_data() : nullptr; }

// The weights of some gates that some of a row's floats meet: columns of gates `gate` and on, rows `first` and on.
struct Part {
  int64_t gate, gates, first, depth;
};

struct Masks {  // (groups, B, F) and (groups, B, H), each may be empty; keep_h, keep_c: (B, T, H), may be empty
  const float *x, *h, *keep_h, *keep_c;
  Masks(const F32& x, const F32& h, const F32& keep_h, const F32& keep_c)
      : x(pointer(x)), h(pointer(h)), keep_h(pointer(keep_h)), keep_c(pointer(keep_c)) {}
  static const float* pointer(const F32& b) { return b.element_count() ? b.typed_data() : nullptr; }
};

// Holds what all recurrences are given to their sizes, besides the bias.
inline void hold_inputs(const Shape& s, const F32& h0, const F32& w, const F32& u, const F32& mask_x, const F32& mask_h,
                        const F32& keep_h, const F32& keep_c) {
  hold_all({{"h0", h0, {s.B, s.H}},
            {"kernel", w, {s.F, s.gates * s.H}},
            {"recurrent_kernel", u, {s.H, s.gates * s.H}},
            {"masks.inputs", mask_x, {s.groups, s.B, s.F}, true},
            {"masks.states", mask_h, {s.groups, s.B, s.H}, true},
            {"masks.keep_h", keep_h, {s.B, s.T, s.H}, true},
            {"masks.keep_c", keep_c, {s.B, s.T, s.H}, true}});
}
// Holds what has a step for each, or the last one alone; returns whether it has all.
inline bool hold_steps(const Shape& s, const char* name, const F32& array) {
  const auto has = array.dimensions();
  const bool last = has.size() == 3 && has[1] == 1 && s.T > 1;
  hold({name, array, {s.B, last ? 1 : s.T, s.H}});
  return !last;
}
// Holds room for what the backward pass would compute again to its size, or to none; returns whether there is some.
inline bool hold_room(const F32& room, int64_t floats) {
  hold({"room", room, {floats}, true});
  return room.element_count() != 0;
}

// [vector of columns][k][W]: rows of W, the biases, rows of U; back, a null bias is left out.
inline void pack(const Shape& s, const float* w, const float* u, const float* bias, float* out) {
  const int64_t wide = s.gates * s.H;
  for (int64_t g = 0; g < s.gates; ++g)
    for (int64_t v = 0; v < s.units; ++v)
      for (int64_t k = 0; k < s.K; ++k, out += W) {
        const float* from = k < s.F ? w + k * wide : k < s.state ? bias + (k - s.F) * wide : u + (k - s.state) * wide;
        store(out, load(from + g * s.H + v * W, s.H - v * W));
      }
}
inline void unpack(const Shape& s, const float* packed, float* w, float* u, float* bias) {
  const int64_t wide = s.gates * s.H;
  for (int64_t g = 0; g < s.gates; ++g)
    for (int64_t v = 0; v < s.units; ++v)
      for (int64_t k = 0; k < s.K; ++k, packed += W) {
        if (k >= s.F && k < s.state && bias == nullptr) continue;
        float* to = k < s.F ? w + k * wide : k < s.state ? bias + (k - s.F) * wide : u + (k - s.state) * wide;
        store(to + g * s.H + v * W, load(packed), s.H - v * W);
      }
}

// [column][W] of up to W rows, `apart` floats from one to the next; lanes without a row are 0.
inline void transpose(const float* from, int64_t apart, int64_t rows, int64_t columns, float* to) {
  std::memset(to, 0, columns * W * sizeof(float));
  for (int64_t l = 0; l < std::min<int64_t>(W, rows); ++l, from += apart)
    for (int64_t k = 0; k < columns; ++k) to[k * W + l] = from[k];
}

// For each group, [vector of inputs then of states][column of the group][W]: the transpose, without the biases.
inline void pack_transposed(const Shape& s, const float* w, const float* u, float* out) {
  const int64_t columns = s.units * W, wide = s.gates * s.H;
  for (int64_t g = 0; g < s.gates; g += s.gates / s.groups)
    for (int64_t n = 0; n < s.inputs + s.units; ++n)
      for (int64_t gate = g; gate < g + s.gates / s.groups; ++gate, out += columns * W) {
        const bool input = n < s.inputs;
        const int64_t first = input ? n * W : (n - s.inputs) * W, count = (input ? s.F : s.H) - first;
        transpose((input ? w : u) + first * wide + gate * s.H, wide, count, s.H, out);
        std::memset(out + s.H * W, 0, (columns - s.H) * W * sizeof(float));
      }
}

inline void put_input(const Shape& s, const Masks& m, const float* x, int64_t b0, int64_t n, int64_t t, float* a) {
  for (int64_t r = 0; r < n; ++r, a += s.groups * s.S)
    for (int64_t g = 0; g < s.groups; ++g) {
      const float* from = x + ((b0 + r) * s.T + t) * s.F;
      float* to = a + g * s.S;
      if (m.x == nullptr) {
        std::memcpy(to, from, s.F * sizeof(float));
      } else {
        multiply(from, m.x + (g * s.B + b0 + r) * s.F, s.F, to);
      }
      for (int64_t k = s.F; k < s.state; ++k) to[k] = 1;
    }
}

inline void put_state(const Shape& s, const Masks& m, vec h, int64_t row, int64_t v, float* a) {
  float* to = a + s.state + v * W;
  const int64_t apart = s.B * s.H, left = s.H - v * W;
  const float* mask = m.h == nullptr ? nullptr : m.h + row * s.H + v * W;
  if (mask == nullptr)
    for (int64_t g = 0; g < s.groups; ++g) store(to + g * s.S, h);
  else if (left >= W)
    for (int64_t g = 0; g < s.groups; ++g) store(to + g * s.S, h * load(mask + g * apart));
  else
    for (int64_t g = 0; g < s.groups; ++g) store(to + g * s.S, h * load(mask + g * apart, left));
}

// The states of a block, `stride` floats from one row of the batch to the next.
inline void put_states(const Shape& s, const Masks& m, const float* h, int64_t stride, int64_t b0, int64_t n, float* a) {
  const int64_t full = s.H / W;
  for (int64_t r = 0; r < n; ++r, a += s.groups * s.S) {
    const float* from = h + (b0 + r) * stride;
    for (int64_t g = 0; g < s.groups; ++g) {
      const float* mask = m.h == nullptr ? nullptr : m.h + (g * s.B + b0 + r) * s.H;
      float* to = a + g * s.S + s.state;
      if (mask == nullptr)
        for (int64_t v = 0; v < full; ++v) store(to + v * W, load(from + v * W));
      else
        for (int64_t v = 0; v < full; ++v) store(to + v * W, load(from + v * W) * load(mask + v * W));
    }
    if (full < s.units) put_state(s, m, load(from + full * W, s.H - full * W), b0 + r, full, a);
  }
}

// A block of (B, H) to [vector][row][W], and back.
inline void take_rows(const Shape& s, const float* from, int64_t b0, int64_t n, float* to) {
  for (int64_t v = 0; v < s.units; ++v)
    for (int64_t r = 0; r < n; ++r, to += W) store(to, load(from + (b0 + r) * s.H + v * W, s.H - v * W));
}
inline void give_rows(const Shape& s, const float* from, int64_t b0, int64_t n, float* to) {
  for (int64_t v = 0; v < s.units; ++v)
    for (int64_t r = 0; r < n; ++r, from += W) store(to + (b0 + r) * s.H + v * W, load(from), s.H - v * W);
}

// z: [gate, vector][row][W], z_rows rows apart, from the first gate of the part on.
inline void project(const Shape& s, const Part& p, int64_t n, const float* a, const float* packed, float* z,
                    int64_t z_rows) {
  const int64_t each = s.groups == 1 ? p.gates : 1;
  for (int64_t g = p.gate; g < p.gate + p.gates; g += each, z += s.units * z_rows * W) {
    const Rows left{a + (s.groups == 1 ? 0 : g * s.S) + p.first, s.groups * s.S, p.depth};
    product<false>(n, each * s.units, left, packed + (g * s.units * s.K + p.first) * W, s.K * W, z, z_rows * W);
  }
}

// Adds the gradients of the part's weights, packed, over n rows; dz is laid out as z in `project`.
inline void add_weights(const Shape& s, const Part& p, int64_t n, const float* a, const float* dz, int64_t z_rows,
                        float* dwu) {
  const int64_t each = s.groups == 1 ? p.gates : 1;
  for (int64_t g = p.gate; g < p.gate + p.gates; g += each, dz += s.units * z_rows * W) {
    const Columns left{a + (s.groups == 1 ? 0 : g * s.S) + p.first, s.groups * s.S, n};
    product<true>(p.depth, each * s.units, left, dz, z_rows * W, dwu + (g * s.units * s.K + p.first) * W, s.K * W);
  }
}

// What flows back into the rows of group q, da: [vector of inputs then of states][row][W], goes on to dx, which the
// first group sets and which may be null, and is added to dh, through their dropout masks.
inline void give_back(const Shape& s, const Masks& m, int64_t q, const float* da, int64_t b0, int64_t n, int64_t t,
                      float* dx, float* dh) {
  for (int64_t r = 0; dx != nullptr && r < n; ++r)
    for (int64_t v = 0; v < s.inputs; ++v) {
      float* out = dx + ((b0 + r) * s.T + t) * s.F + v * W;
      vec d = load(da + (v * n + r) * W);
      if (m.x != nullptr) d *= load(m.x + (q * s.B + b0 + r) * s.F + v * W, s.F - v * W);
      store(out, q ? d + load(out, s.F - v * W) : d, s.F - v * W);
    }
  da += s.inputs * n * W;
  for (int64_t v = 0; v < s.units; ++v) {
    const int64_t left = s.H - v * W;
    const float* mask = m.h == nullptr ? nullptr : m.h + (q * s.B + b0) * s.H + v * W;
    for (int64_t r = 0; r < n; ++r, dh += W, da += W) {
      if (mask == nullptr)
        store(dh, load(dh) + load(da));
      else
        store(dh, load(dh) + load(da) * (left >= W ? load(mask + r * s.H) : load(mask + r * s.H, left)));
    }
  }
}

}  // namespace
