// Normalized terms of a recurrence: their moments, and the gradients through them.
#pragma once
#include <cmath>

#include "block.h"

namespace {

// Means of the input term, and 1 / standard deviations of it and of the recurrent term: [row], or [column][W] of a
// batch.
struct Moments {
  float *center_x, *inverse_x, *inverse_h;
};

// One normalized term of `gates` gates: z is [gate, vector][row][W].
struct Term {
  bool on;
  float epsilon;
  int64_t gates, units, H;
  const float* gamma;  // [gate, vector][W], 0 in lanes that hold no unit
  const float* lanes;  // [vector][W]: 1 where a lane holds a unit

  int64_t vectors() const { return gates * units; }
  float count() const { return static_cast<float>(gates * H); }

  // told: (mean, then variance, gates * H each) of a batch, may be null.
  template <bool Batch>
  void moments(const float* z, int64_t n, float* center, float* inverse, float* told) const {
    if (!on) {
      const int64_t scales = Batch ? vectors() * W : n;
      std::fill(center, center + scales, 0.0f), std::fill(inverse, inverse + scales, 1.0f);
    } else if (Batch) {
      of_batch(z, n, center, inverse, told);
    } else {
      of_rows(z, n, center, inverse);
    }
  }

  // In one pass, about the first value, so that a mean far from zero costs no digits.
  void of_rows(const float* z, int64_t n, float* center, float* inverse) const {
    const int64_t apart = n * W;
    const bool full = H % W == 0;
    for (int64_t r = 0; r < n; r += 2) {
      const int64_t other = std::min(r + 1, n - 1) - r;
      const float *p = z + r * W, *q = p + other * W;
      const vec first = all(p[0]), second = all(q[0]);
      vec s = {}, s2 = {}, t = {}, t2 = {};
      for (int64_t v = 0; v < vectors(); ++v) {
        vec d = load(p + v * apart), e = load(q + v * apart);
        d -= first, e -= second;
        if (!full) {
          const vec held = load(lanes + v % units * W);
          d *= held, e *= held;
        }
        s += d, t += e;
        s2 += d * d, t2 += e * e;
      }
      center[r] = sum(s), center[r + other] = sum(t);
      inverse[r] = sum(s2), inverse[r + other] = sum(t2);
    }
    const float share = 1.0f / count();
    for (int64_t r = 0; r < n; ++r) {
      const float shift = center[r] * share;
      inverse[r] = 1.0f / std::sqrt(no_less_than_zero(inverse[r] * share - shift * shift) + epsilon);
      center[r] = z[r * W] + shift;
    }
  }

  void of_batch(const float* z, int64_t n, float* center, float* inverse, float* told) const {
    const float share = 1.0f / n;
    for (int64_t v = 0; v < vectors(); ++v, z += n * W) {
      const vec first = load(z);
      vec s = {}, s2 = {}, t = {}, t2 = {};  // two sums each: one would wait for itself
      for (int64_t r = n % 2; r < n; r += 2) {  // the first row adds nothing
        const vec d = load(z + r * W) - first, e = load(z + (r + 1) * W) - first;
        s += d, t += e;
        s2 += d * d, t2 += e * e;
      }
      s = (s + t) * share;
      vec variance = (s2 + t2) * share - s * s, scale;
      for (int l = 0; l < W; ++l) variance[l] = no_less_than_zero(variance[l]);
      for (int l = 0; l < W; ++l) scale[l] = 1.0f / std::sqrt(variance[l] + epsilon);
      store(center + v * W, first + s), store(inverse + v * W, scale);
      if (told == nullptr) continue;
      const int64_t at = v / units * H + v % units * W, left = H - v % units * W;
      store(told + at, first + s, left), store(told + gates * H + at, variance, left);
    }
  }

  // z of one row and vector, normalized and scaled.
  template <bool Batch>
  vec scaled(vec z, int64_t v, int64_t r, const float* center, const float* inverse) const {
    if (Batch) return (z - load(center + v * W)) * load(inverse + v * W) * load(gamma + v * W);
    return (z - center[r]) * inverse[r] * load(gamma + v * W);
  }
};

// What flows back through two terms that were added, of one gradient d: d becomes that of what became x by
// normalization, and d_h that of what became h. All are [vector][row][W], `apart` floats from one vector to the next
// for the gradients, n * W for x and h, which are normalized. sum_d, sum_x, sum_h: [vector][W], grow by d, d * x, d * h.
struct Flow {
  const Term &x_term, &h_term;
  int64_t n, apart;
  const float *inverse_x, *inverse_h;
  float *sum_d, *sum_x, *sum_h;

  template <bool Batch>
  void back(float* d, float* d_h, const float* x, const float* h) const {
    if (Batch) return back_batch(d, d_h, x, h);
    for (int64_t r = 0; r < n; r += 2) {
      const auto run = r + 1 < n ? &Flow::back_rows<2> : &Flow::back_rows<1>;
      (this->*run)(d + r * W, d_h + r * W, x + r * W, h + r * W, r);
    }
  }

  template <int R>
  void back_rows(float* d, float* d_h, const float* x, const float* h, int64_t r) const {
    const Term &tx = x_term, &th = h_term;
    const int64_t z_apart = n * W;
    const float share = 1.0f / tx.count();
    vec ax[R] = {}, bx[R] = {}, ah[R] = {}, bh[R] = {};
    for (int64_t v = 0; v < tx.vectors(); ++v) {
      const vec gx = load(tx.gamma + v * W), gh = load(th.gamma + v * W);
      vec s = load(sum_d + v * W), sx = load(sum_x + v * W), sh = load(sum_h + v * W);
      for (int j = 0; j < R; ++j) {
        const vec y = load(d + v * apart + j * W);
        const vec yx = y * load(x + v * z_apart + j * W), yh = y * load(h + v * z_apart + j * W);
        s += y, sx += yx, sh += yh;
        bx[j] += yx * gx, bh[j] += yh * gh, ax[j] += y * gx, ah[j] += y * gh;
      }
      store(sum_d + v * W, s), store(sum_x + v * W, sx), store(sum_h + v * W, sh);
    }
    for (int j = 0; j < R; ++j) {
      bx[j] = all(tx.on ? sum(bx[j]) * share : 0), bh[j] = all(th.on ? sum(bh[j]) * share : 0);
      ax[j] = all(tx.on ? sum(ax[j]) * share : 0), ah[j] = all(th.on ? sum(ah[j]) * share : 0);
    }
    for (int64_t v = 0; v < tx.vectors(); ++v) {
      const vec gx = load(tx.gamma + v * W), gh = load(th.gamma + v * W);
      for (int j = 0; j < R; ++j) {
        const vec y = load(d + v * apart + j * W), ix = all(inverse_x[r + j]), ih = all(inverse_h[r + j]);
        store(d + v * apart + j * W, ix * (y * gx - ax[j] - load(x + v * z_apart + j * W) * bx[j]));
        store(d_h + v * apart + j * W, ih * (y * gh - ah[j] - load(h + v * z_apart + j * W) * bh[j]));
      }
    }
  }

  void back_batch(float* d, float* d_h, const float* x, const float* h) const {
    const float share = 1.0f / n, on_x = x_term.on ? share : 0.0f, on_h = h_term.on ? share : 0.0f;
    for (int64_t v = 0; v < x_term.vectors(); ++v, d += apart, d_h += apart, x += n * W, h += n * W) {
      vec s = {}, sx = {}, sh = {};
      for (int64_t r = 0; r < n; ++r) {
        const vec y = load(d + r * W);
        s += y, sx += y * load(x + r * W), sh += y * load(h + r * W);
      }
      store(sum_d + v * W, load(sum_d + v * W) + s);
      store(sum_x + v * W, load(sum_x + v * W) + sx), store(sum_h + v * W, load(sum_h + v * W) + sh);
      const vec gx = load(x_term.gamma + v * W) * load(inverse_x + v * W), ax = s * on_x, bx = sx * on_x;
      const vec gh = load(h_term.gamma + v * W) * load(inverse_h + v * W), ah = s * on_h, bh = sh * on_h;
      for (int64_t r = 0; r < n; ++r) {
        const vec y = load(d + r * W);
        store(d + r * W, gx * (y - ax - load(x + r * W) * bx));
        store(d_h + r * W, gh * (y - ah - load(h + r * W) * bh));
      }
    }
  }
};

// The same through one term: d, the gradient of gamma * z with z normalized, becomes that of what was normalized.
template <bool Batch>
void back_one(const Term& m, float* d, const float* z, int64_t n, const float* inverse, float* d_gamma) {
  const float share = 1.0f / (Batch ? static_cast<float>(n) : m.count());
  if (Batch) {
    for (int64_t v = 0; v < m.vectors(); ++v, d += n * W, z += n * W) {
      vec a = {}, b = {};
      for (int64_t r = 0; r < n; ++r) a += load(d + r * W), b += load(d + r * W) * load(z + r * W);
      store(d_gamma + v * W, load(d_gamma + v * W) + b);
      const vec g = load(m.gamma + v * W) * load(inverse + v * W);
      for (int64_t r = 0; r < n; ++r)
        store(d + r * W, g * (load(d + r * W) - a * share - load(z + r * W) * b * share));
    }
    return;
  }
  for (int64_t r = 0; r < n; ++r, d += W, z += W) {
    vec a = {}, b = {};
    for (int64_t v = 0; v < m.vectors(); ++v) {
      const vec seen = load(d + v * n * W) * load(z + v * n * W), g = load(m.gamma + v * W);
      a += load(d + v * n * W) * g, b += seen * g;
      store(d_gamma + v * W, load(d_gamma + v * W) + seen);
    }
    const float center = sum(a) * share, tilt = sum(b) * share;
    for (int64_t v = 0; v < m.vectors(); ++v) {
      const vec y = load(d + v * n * W) * load(m.gamma + v * W) - center - load(z + v * n * W) * tilt;
      store(d + v * n * W, y * inverse[r] * load(m.lanes + v * W));
    }
  }
}

// (gates * H,) to [gate, vector][W] and back; an empty source gives `otherwise` in lanes that hold a unit.
inline void spread(const Shape& s, const F32& from, int64_t gates, float otherwise, float* to) {
  for (int64_t g = 0; g < gates; ++g)
    for (int64_t v = 0; v < s.units; ++v, to += W)
      if (from.element_count())
        store(to, load(from.typed_data() + g * s.H + v * W, s.H - v * W));
      else
        for (int64_t l = 0; l < W; ++l) to[l] = v * W + l < s.H ? otherwise : 0;
}
inline void gather(const Shape& s, const float* from, int64_t gates, Out& to) {
  if (!to->element_count()) return;
  for (int64_t g = 0; g < gates; ++g)
    for (int64_t v = 0; v < s.units; ++v, from += W)
      store(to->typed_data() + g * s.H + v * W, load(from), s.H - v * W);
}

}  // namespace
