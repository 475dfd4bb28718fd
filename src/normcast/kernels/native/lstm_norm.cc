// The recurrence of an LSTM with normalized terms: layer, RMS or batch normalization (statistics per time step) of the
// input term, the recurrent term and the cell where it is read.
//
//   z = N(x W) + N(h U) + b;   c' = f * c + i * g;   h' = o * tanh(N(c'))
//
// Blocks of rows as in lstm.cc; batch normalization needs all rows at once, and has one block. The backward pass forms
// the products and the normalized terms again; the gates it is given.
#include <cmath>

#include "block.h"

namespace {

enum Kind : int64_t { kLayer = 1, kRms = 2, kBatch = 3 };

// One normalized term of `gates` gates: z is [gate, vector][row][W], `apart` floats from one vector to the next.
struct Term {
  Kind kind;
  float epsilon;
  int64_t gates, parts, units, H;  // parts: how many groups of gates have statistics of their own
  const float* gamma;              // [gate, vector][W], 0 in lanes that hold no unit
  const float* lanes;              // [vector][W]: 1 where a lane holds a unit
  float* scale;                    // 1 / standard deviation: [part][row], or [gate, vector][W] of a batch

  int64_t vectors() const { return gates * units; }
  static float sum(vec v) {
    float lanes[W], s = 0;
    store(lanes, v);
    for (float x : lanes) s += x;
    return s;
  }

  // z becomes (z - mean) * scale. mean, variance: (gates * H,) of a batch, may be null.
  void normalize(float* z, int64_t n, int64_t apart, float* mean, float* variance) const {
    if (kind == kBatch) return normalize_batch(z, n, apart, mean, variance);
    const int64_t per = vectors() / parts;
    const float count = per / units * H;
    for (int64_t p = 0; p < parts; ++p)
      for (int64_t r = 0; r < n; ++r) {
        float* at = z + p * per * apart + r * W;
        float center = 0;
        if (kind == kLayer) {
          vec s = {};
          for (int64_t v = 0; v < per; ++v) s += load(at + v * apart);
          center = sum(s) / count;
        }
        vec q = {};
        for (int64_t v = 0; v < per; ++v) {
          const vec d = (load(at + v * apart) - center) * load(lanes + v % units * W);
          q += d * d;
          store(at + v * apart, d);
        }
        const float inverse = 1.0f / std::sqrt(sum(q) / count + epsilon);
        scale[p * n + r] = inverse;
        for (int64_t v = 0; v < per; ++v) store(at + v * apart, load(at + v * apart) * inverse);
      }
  }

  void normalize_batch(float* z, int64_t n, int64_t apart, float* mean, float* variance) const {
    for (int64_t v = 0; v < vectors(); ++v) {
      float* at = z + v * apart;
      vec s = {}, q = {};
      for (int64_t r = 0; r < n; ++r) s += load(at + r * W);
      s /= static_cast<float>(n);
      for (int64_t r = 0; r < n; ++r) {
        const vec d = load(at + r * W) - s;
        q += d * d;
        store(at + r * W, d);
      }
      q /= static_cast<float>(n);
      vec inverse;
      for (int l = 0; l < W; ++l) inverse[l] = 1.0f / std::sqrt(q[l] + epsilon);
      store(scale + v * W, inverse);
      for (int64_t r = 0; r < n; ++r) store(at + r * W, load(at + r * W) * inverse);
      const int64_t first = v / units * H + v % units * W, left = H - v % units * W;
      if (mean != nullptr) store(mean + first, s, left);
      if (variance != nullptr) store(variance + first, q, left);
    }
  }

  // d, the gradient of gamma * z with z normalized, becomes that of what was normalized; sums gamma's into d_gamma.
  void backward(float* d, const float* z, int64_t n, int64_t apart, int64_t z_apart, float* d_gamma) const {
    for (int64_t v = 0; v < vectors(); ++v) {
      const vec g = load(gamma + v * W);
      vec s = load(d_gamma + v * W), a = {}, b = {};
      for (int64_t r = 0; r < n; ++r) {
        float* at = d + v * apart + r * W;
        const vec y = load(at), x = load(z + v * z_apart + r * W);
        s += y * x;
        a += y * g;
        b += y * g * x;
        store(at, y * g);
      }
      store(d_gamma + v * W, s);
      if (kind != kBatch) continue;
      const vec inverse = load(scale + v * W);
      a /= static_cast<float>(n), b /= static_cast<float>(n);
      for (int64_t r = 0; r < n; ++r) {
        float* at = d + v * apart + r * W;
        store(at, inverse * (load(at) - a - load(z + v * z_apart + r * W) * b));
      }
    }
    if (kind == kBatch) return;
    const int64_t per = vectors() / parts;
    const float count = per / units * H;
    for (int64_t p = 0; p < parts; ++p)
      for (int64_t r = 0; r < n; ++r) {
        float* at = d + p * per * apart + r * W;
        const float* x = z + p * per * z_apart + r * W;
        vec a = {}, b = {};
        for (int64_t v = 0; v < per; ++v) {
          a += load(at + v * apart);
          b += load(at + v * apart) * load(x + v * z_apart);
        }
        const float center = kind == kLayer ? sum(a) / count : 0, tilt = sum(b) / count, inverse = scale[p * n + r];
        for (int64_t v = 0; v < per; ++v) {
          const vec y = (load(at + v * apart) - center - load(x + v * z_apart) * tilt) * inverse;
          store(at + v * apart, y * load(lanes + v % units * W));
        }
      }
  }
};

// (gates * H,) to [gate, vector][W] and back; an empty source gives zeros.
void spread(const Shape& s, const F32& from, int64_t gates, float* to) {
  for (int64_t g = 0; g < gates; ++g)
    for (int64_t v = 0; v < s.units; ++v, to += W)
      store(to, from.element_count() ? load(from.typed_data() + g * s.H + v * W, s.H - v * W) : vec{});
}
void gather(const Shape& s, const float* from, int64_t gates, Out& to) {
  if (!to->element_count()) return;
  for (int64_t g = 0; g < gates; ++g)
    for (int64_t v = 0; v < s.units; ++v, from += W)
      store(to->typed_data() + g * s.H + v * W, load(from), s.H - v * W);
}

// The three terms, with their scales and shifts; a term whose gamma is empty is not normalized.
struct Norms {
  bool x, h, c;
  Term on_x, on_h, on_c;
  float *bias, *beta, *lanes;
  static int64_t floats(const Shape& s) { return 4 * s.units * W * 8 + 16 * s.rows + 512; }
  Norms(const Shape& s, int64_t kind, int64_t parts, float epsilon, const F32& b, const F32& gx, const F32& gh,
        const F32& gc, const F32& bc)
      : x(gx.element_count()), h(gh.element_count()), c(gc.element_count()) {
    lanes = arena.take(s.units * W);
    for (int64_t l = 0; l < s.units * W; ++l) lanes[l] = l < s.H;
    bias = arena.take(4 * s.units * W), beta = arena.take(s.units * W);
    spread(s, b, 4, bias), spread(s, bc, 1, beta);
    const F32* gammas[] = {&gx, &gh, &gc};
    Term* terms[] = {&on_x, &on_h, &on_c};
    for (int i = 0; i < 3; ++i) {
      const int64_t gates = i < 2 ? 4 : 1;
      float* gamma = arena.take(gates * s.units * W);
      spread(s, *gammas[i], gates, gamma);
      float* scale = arena.take(std::max(gates * s.units * W, 4 * s.rows));
      *terms[i] = {Kind(kind), epsilon, gates, i < 2 ? parts : 1, s.units, s.H, gamma, lanes, scale};
    }
  }
};

Shape whole(Shape s, int64_t kind) {
  if (kind == kBatch) s.rows = s.B;
  return s;
}

// Both terms of z, normalized where they are to be.
void terms(const Shape& s, const Norms& m, int64_t n, const float* a, const float* packed, float* zx, float* zh,
           float* mean_x, float* var_x, float* mean_h, float* var_h) {
  for (int64_t g = 0; g < s.groups; ++g) {
    const float* b = packed + g * s.per * s.K * W;
    const int64_t to = g * s.per * n * W, lda = s.groups * s.S;
    product(n, s.per, {a + g * s.S, lda, 1, s.F, 1, 0}, b, s.K * W, zx + to, n * W, false);
    product(n, s.per, {a + g * s.S + s.F + 1, lda, 1, s.H, 1, 0}, b + (s.F + 1) * W, s.K * W, zh + to, n * W, false);
  }
  if (m.x) m.on_x.normalize(zx, n, n * W, mean_x, var_x);
  if (m.h) m.on_h.normalize(zh, n, n * W, mean_h, var_h);
}

inline vec scaled(bool normalized, const Term& term, int64_t v, const float* z) {
  return normalized ? load(z) * load(term.gamma + v * W) : load(z);
}

ffi::Error forward(F32 x, F32 h0, F32 c0, F32 w, F32 u, F32 b, F32 mask_x, F32 mask_h, F32 keep_h, F32 keep_c, F32 gx,
                   F32 gh, F32 gc, F32 bc, Out hs, Out cs, Out gates, Out moments, int64_t groups, int64_t kind,
                   int64_t parts, float epsilon) {
  const Shape s = whole(Shape(x, u, groups), kind);
  const Masks m(mask_x, mask_h, keep_h, keep_c);
  const int64_t lda = groups * s.S, columns = 4 * s.units, block = columns * s.rows * W, one = s.units * s.rows * W;
  arena.reset(columns * s.K * W + 2 * block + 4 * one + s.rows * lda + Norms::floats(s) + 1024);
  float* packed = arena.take(columns * s.K * W);
  float *zx = arena.take(block), *zh = arena.take(block);
  float *c = arena.take(one), *read = arena.take(one), *out = arena.take(one);
  float* a = arena.take(s.rows * lda);
  const Norms norms(s, kind, parts, epsilon, b, gx, gh, gc, bc);
  pack(s, w.typed_data(), u.typed_data(), b.typed_data(), packed);
  for (int64_t b0 = 0; b0 < s.B; b0 += s.rows) {
    const int64_t n = std::min(s.rows, s.B - b0), step = s.units * n * W;
    for (int64_t r = 0; r < n; ++r)
      for (int64_t v = 0; v < s.units; ++v) {
        const int64_t at = (b0 + r) * s.H + v * W, left = s.H - v * W;
        put_state(s, m, load(h0.typed_data() + at, left), b0 + r, v, a + r * lda);
        store(c + (v * n + r) * W, load(c0.typed_data() + at, left));
      }
    for (int64_t t = 0; t < s.T; ++t) {
      float* told = moments->element_count() ? moments->typed_data() + t * 18 * s.H : nullptr;  // 2 x (4 + 4 + 1) H
      put_input(s, m, x.typed_data(), b0, n, t, a);
      terms(s, norms, n, a, packed, zx, zh, told, told ? told + 4 * s.H : told, told ? told + 8 * s.H : told,
            told ? told + 12 * s.H : told);
      for (int64_t v = 0; v < s.units; ++v)
        for (int64_t r = 0; r < n; ++r) {
          vec z[4];
          const int64_t at = (v * n + r) * W;
          for (int64_t g = 0; g < 4; ++g) {
            const int64_t k = g * s.units + v;
            z[g] = scaled(norms.x, norms.on_x, k, zx + g * step + at) +
                   scaled(norms.h, norms.on_h, k, zh + g * step + at) + load(norms.bias + k * W);
          }
          const vec i = sigmoid(z[0]), f = sigmoid(z[1]), g = tanh_(z[2]), o = sigmoid(z[3]);
          if (gates->element_count()) {
            float* to = gates->typed_data() + (b0 * s.T + n * t) * columns * W + at;
            store(to, i), store(to + step, f), store(to + 2 * step, g), store(to + 3 * step, o);
          }
          store(out + at, o);
          store(read + at, f * load(c + at) + i * g);
        }
      std::memcpy(zx, read, step * sizeof(float));  // the cell itself is carried on as it is
      if (norms.c)
        norms.on_c.normalize(read, n, n * W, told ? told + 16 * s.H : told, told ? told + 17 * s.H : told);
      for (int64_t v = 0; v < s.units; ++v)
        for (int64_t r = 0; r < n; ++r) {
          const int64_t in = (v * n + r) * W, at = ((b0 + r) * s.T + t) * s.H + v * W, left = s.H - v * W;
          vec y = load(read + in), c_new = load(zx + in);
          if (norms.c) y = y * load(norms.on_c.gamma + v * W) + load(norms.beta + v * W);
          vec h = load(out + in) * tanh_(y);
          if (m.keep_h != nullptr) {
            const float* before = t ? hs->typed_data() + at - s.H : h0.typed_data() + (b0 + r) * s.H + v * W;
            h += load(m.keep_h + at, left) * (load(before, left) - h);
          }
          if (m.keep_c != nullptr) c_new += load(m.keep_c + at, left) * (load(c + in) - c_new);
          store(c + in, c_new);
          store(cs->typed_data() + at, c_new, left);
          store(hs->typed_data() + at, h, left);
          put_state(s, m, h, b0 + r, v, a + r * lda);
        }
    }
  }
  return ffi::Error::Success();
}

ffi::Error backward(F32 x, F32 h0, F32 c0, F32 w, F32 u, F32 b, F32 mask_x, F32 mask_h, F32 keep_h, F32 keep_c, F32 gx,
                    F32 gh, F32 gc, F32 bc, F32 hs, F32 cs, F32 gates, F32 d_hs, F32 d_c, Out dx, Out dh0, Out dc0,
                    Out dw, Out du, Out db, Out dgx, Out dgh, Out dgc, Out dbc, int64_t groups, int64_t kind,
                    int64_t parts, float epsilon) {
  const Shape s = whole(Shape(x, u, groups), kind);
  const Masks m(mask_x, mask_h, keep_h, keep_c);
  const int64_t lda = groups * s.S, columns = 4 * s.units, N = s.inputs + s.units, one = s.units * s.rows * W;
  const int64_t row_floats = s.rows * (lda + 2 * columns * W);
  const int64_t span = std::max<int64_t>(1, std::min<int64_t>(s.T, 40960 / row_floats));  // steps per weight product
  const int64_t z_rows = span * s.rows, sums = columns * W;
  arena.reset(columns * W * (2 * s.K + N * W + 2 * z_rows + 2 * s.rows) + z_rows * lda + N * s.rows * W + 5 * one +
              4 * sums + Norms::floats(s) + 2048);
  float* packed = arena.take(columns * s.K * W);
  float* transposed = arena.take(N * columns * W * W);
  float* dwu = arena.take(columns * s.K * W);
  float *dzx = arena.take(columns * z_rows * W), *dzh = arena.take(columns * z_rows * W);
  float *zx = arena.take(columns * s.rows * W), *zh = arena.take(columns * s.rows * W);
  float* a = arena.take(z_rows * lda);
  float* da = arena.take(N * s.rows * W);
  float *dh = arena.take(one), *dc = arena.take(one), *read = arena.take(one), *dread = arena.take(one);
  float* total = arena.take(4 * sums);
  float *sum_b = total, *sum_x = total + sums, *sum_h = total + 2 * sums, *sum_c = total + 3 * sums,
        *sum_beta = sum_c + s.units * W;
  const Norms norms(s, kind, parts, epsilon, b, gx, gh, gc, bc);
  pack(s, w.typed_data(), u.typed_data(), b.typed_data(), packed);
  pack_transposed(s, w.typed_data(), u.typed_data(), transposed);
  std::memset(dwu, 0, columns * s.K * W * sizeof(float));
  std::memset(total, 0, 4 * sums * sizeof(float));
  for (int64_t b0 = 0; b0 < s.B; b0 += s.rows) {
    const int64_t n = std::min(s.rows, s.B - b0), rows = span * n, step = s.units * n * W, wide = s.units * rows * W;
    for (int64_t v = 0; v < s.units; ++v)
      for (int64_t r = 0; r < n; ++r) {
        store(dh + (v * n + r) * W, vec{});
        store(dc + (v * n + r) * W, load(d_c.typed_data() + (b0 + r) * s.H + v * W, s.H - v * W));
      }
    int64_t filled = 0;
    for (int64_t t = s.T - 1; t >= 0; --t) {
      float *at_a = a + filled * n * lda, *at_x = dzx + filled * n * W, *at_h = dzh + filled * n * W;
      const float* h_old = t ? hs.typed_data() + (t - 1) * s.H : h0.typed_data();
      const float* c_old = t ? cs.typed_data() + (t - 1) * s.H : c0.typed_data();
      const float* kept = gates.typed_data() + (b0 * s.T + n * t) * columns * W;
      const int64_t stride = t ? s.T * s.H : s.H;
      put_input(s, m, x.typed_data(), b0, n, t, at_a);
      for (int64_t r = 0; r < n; ++r)
        for (int64_t v = 0; v < s.units; ++v)
          put_state(s, m, load(h_old + (b0 + r) * stride + v * W, s.H - v * W), b0 + r, v, at_a + r * lda);
      if (norms.x || norms.h) terms(s, norms, n, at_a, packed, zx, zh, nullptr, nullptr, nullptr, nullptr);
      for (int64_t v = 0; v < s.units; ++v)
        for (int64_t r = 0; r < n; ++r) {
          const int64_t in = (v * n + r) * W;
          const vec before = load(c_old + (b0 + r) * stride + v * W, s.H - v * W);
          store(read + in, load(kept + step + in) * before + load(kept + in) * load(kept + 2 * step + in));
        }
      if (norms.c) norms.on_c.normalize(read, n, n * W, nullptr, nullptr);
      for (int64_t v = 0; v < s.units; ++v) {
        vec beta = load(sum_beta + v * W);
        for (int64_t r = 0; r < n; ++r) {
          const int64_t in = (v * n + r) * W, at = ((b0 + r) * s.T + t) * s.H + v * W, left = s.H - v * W;
          const vec o = load(kept + 3 * step + in);
          vec y = load(read + in), dh_new = load(dh + in) + load(d_hs.typed_data() + at, left), dh_kept = vec{};
          if (norms.c) y = y * load(norms.on_c.gamma + v * W) + load(norms.beta + v * W);
          if (m.keep_h != nullptr) dh_kept = dh_new * load(m.keep_h + at, left), dh_new -= dh_kept;
          const vec tc = tanh_(y), dy = dh_new * o * (1.0f - tc * tc);
          beta += dy;
          store(dread + in, dy);
          store(dh + in, dh_kept);
          store(at_x + 3 * wide + (v * rows + r) * W, dh_new * tc * o * (1.0f - o));
        }
        store(sum_beta + v * W, beta);
      }
      if (norms.c) norms.on_c.backward(dread, read, n, n * W, n * W, sum_c);
      for (int64_t v = 0; v < s.units; ++v)
        for (int64_t r = 0; r < n; ++r) {
          const int64_t in = (v * n + r) * W, at = ((b0 + r) * s.T + t) * s.H + v * W, left = s.H - v * W;
          const vec i = load(kept + in), f = load(kept + step + in), g = load(kept + 2 * step + in);
          const vec before = load(c_old + (b0 + r) * stride + v * W, left);
          vec dc_new = load(dc + in), dc_kept = vec{};
          if (m.keep_c != nullptr) dc_kept = dc_new * load(m.keep_c + at, left), dc_new -= dc_kept;
          dc_new += load(dread + in);
          float* to = at_x + (v * rows + r) * W;
          store(to, dc_new * g * i * (1.0f - i));
          store(to + wide, dc_new * before * f * (1.0f - f));
          store(to + 2 * wide, dc_new * i * (1.0f - g * g));
          store(dc + in, dc_new * f + dc_kept);
        }
      for (int64_t k = 0; k < columns; ++k) {
        vec bias = load(sum_b + k * W);
        for (int64_t r = 0; r < n; ++r) {
          const vec d = load(at_x + (k * rows + r) * W);
          bias += d;
          store(at_h + (k * rows + r) * W, d);
        }
        store(sum_b + k * W, bias);
      }
      if (norms.x) norms.on_x.backward(at_x, zx, n, rows * W, n * W, sum_x);
      if (norms.h) norms.on_h.backward(at_h, zh, n, rows * W, n * W, sum_h);
      for (int64_t q = 0; q < s.groups; ++q) {
        const int64_t first = q * s.per * rows * W, deep = s.per * W * W;
        const float* back = transposed + q * N * deep;
        product(n, s.inputs, {at_x + first, W, 1, W, s.per, rows * W}, back, deep, da, n * W, false);
        product(n, s.units, {at_h + first, W, 1, W, s.per, rows * W}, back + s.inputs * deep, deep,
                da + s.inputs * n * W, n * W, false);
        for (int64_t r = 0; r < n; ++r) {
          for (int64_t v = 0; v < s.inputs; ++v) {
            float* out = dx->typed_data() + ((b0 + r) * s.T + t) * s.F + v * W;
            vec d = load(da + (v * n + r) * W);
            if (m.x != nullptr) d *= load(m.x + (q * s.B + b0 + r) * s.F + v * W, s.F - v * W);
            store(out, q ? d + load(out, s.F - v * W) : d, s.F - v * W);
          }
          for (int64_t v = 0; v < s.units; ++v) {
            float* out = dh + (v * n + r) * W;
            vec d = load(da + ((s.inputs + v) * n + r) * W);
            if (m.h != nullptr) d *= load(m.h + (q * s.B + b0 + r) * s.H + v * W, s.H - v * W);
            store(out, load(out) + d);
          }
        }
      }
      if (++filled == span || t == 0) {
        for (int64_t q = 0; q < s.groups; ++q) {
          const int64_t first = q * s.per;
          float* to = dwu + first * s.K * W;
          product(s.F, s.per, {a + q * s.S, 1, lda, filled * n, 1, 0}, dzx + first * rows * W, rows * W, to, s.K * W,
                  true);
          product(s.H, s.per, {a + q * s.S + s.F + 1, 1, lda, filled * n, 1, 0}, dzh + first * rows * W, rows * W,
                  to + (s.F + 1) * W, s.K * W, true);
        }
        filled = 0;
      }
    }
    for (int64_t v = 0; v < s.units; ++v)
      for (int64_t r = 0; r < n; ++r) {
        const int64_t at = (b0 + r) * s.H + v * W, left = s.H - v * W;
        store(dh0->typed_data() + at, load(dh + (v * n + r) * W), left);
        store(dc0->typed_data() + at, load(dc + (v * n + r) * W), left);
      }
  }
  for (int64_t g = 0; g < 4; ++g)
    for (int64_t v = 0; v < s.units; ++v)
      for (int64_t k = 0; k < s.K; ++k, dwu += W) {
        if (k == s.F) continue;
        float* to = k < s.F ? dw->typed_data() + k * 4 * s.H : du->typed_data() + (k - s.F - 1) * 4 * s.H;
        store(to + g * s.H + v * W, load(dwu), s.H - v * W);
      }
  gather(s, sum_b, 4, db), gather(s, sum_x, 4, dgx), gather(s, sum_h, 4, dgh);
  gather(s, sum_c, 1, dgc), gather(s, sum_beta, 1, dbc);
  return ffi::Error::Success();
}

}  // namespace

// clang-format off
XLA_FFI_DEFINE_HANDLER_SYMBOL(normcast_lstm_norm_forward, forward,
    ffi::Ffi::Bind()
        .Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>()
        .Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>()
        .Ret<F32>().Ret<F32>().Ret<F32>().Ret<F32>()
        .Attr<int64_t>("groups").Attr<int64_t>("kind").Attr<int64_t>("parts").Attr<float>("epsilon"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(normcast_lstm_norm_backward, backward,
    ffi::Ffi::Bind()
        .Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>()
        .Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>()
        .Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>()
        .Ret<F32>().Ret<F32>().Ret<F32>().Ret<F32>().Ret<F32>().Ret<F32>()
        .Ret<F32>().Ret<F32>().Ret<F32>().Ret<F32>()
        .Attr<int64_t>("groups").Attr<int64_t>("kind").Attr<int64_t>("parts").Attr<float>("epsilon"));
