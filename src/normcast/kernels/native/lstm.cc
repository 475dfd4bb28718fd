// The recurrence of an LSTM on the CPU, forward and backward, called by XLA through its foreign function interface.
//
// Rows of the batch are worked on in blocks that stay in the first-level cache, through all time steps. The input is
// projected inside the step. Besides h and c the forward pass keeps the gates, if it is given room for them;
// otherwise the backward pass computes them again. Gate order i, f, g, o.
// Vectors are as wide as the CPU that this file is compiled for has them.
#include "block.h"

namespace {

ffi::Error forward(F32 x, F32 h0, F32 c0, F32 w, F32 u, F32 bias, F32 mask_x, F32 mask_h, F32 keep_h, F32 keep_c,
                   Out hs, Out cs, Out gates, int64_t groups) {
  const Shape s(x, u, 4, 1, groups);
  const Masks m(mask_x, mask_h, keep_h, keep_c);
  const int64_t lda = groups * s.S;
  const bool whole = cs->dimensions()[1] == s.T;  // else only the last cell is asked for
  float* kept = gates->element_count() ? gates->typed_data() : nullptr;
  arena.reset(4 * s.units * W * (s.K + s.rows) + s.rows * (lda + s.units * W) + 256);
  float* packed = arena.take(4 * s.units * s.K * W);
  float* z = arena.take(4 * s.units * s.rows * W);
  float* a = arena.take(s.rows * lda);
  float* c = arena.take(s.units * s.rows * W);
  pack(s, w.typed_data(), u.typed_data(), bias.typed_data(), packed);
  for (int64_t b0 = 0; b0 < s.B; b0 += s.rows) {
    const int64_t n = std::min(s.rows, s.B - b0);
    put_states(s, m, h0.typed_data(), s.H, b0, n, a);
    take_rows(s, c0.typed_data(), b0, n, c);
    for (int64_t t = 0; t < s.T; ++t) {
      put_input(s, m, x.typed_data(), b0, n, t, a);
      project(s, {0, 4, 0, s.K}, n, a, packed, z, n);
      for (int64_t v = 0; v < s.units; ++v)
        for (int64_t r = 0; r < n; ++r) {
          const int64_t step = s.units * n * W, at = ((b0 + r) * s.T + t) * s.H + v * W, left = s.H - v * W;
          const float* zr = z + (v * n + r) * W;
          const vec i = sigmoid(load(zr)), f = sigmoid(load(zr + step));
          const vec g = tanh_(load(zr + 2 * step)), o = sigmoid(load(zr + 3 * step));
          if (kept != nullptr) {
            float* to = kept + (b0 * s.T + n * t) * 4 * s.units * W + (v * n + r) * W;
            store(to, i), store(to + step, f), store(to + 2 * step, g), store(to + 3 * step, o);
          }
          float* cr = c + (v * n + r) * W;
          const vec c_old = load(cr);
          vec c_new = f * c_old + i * g;
          vec h = o * tanh_(c_new);
          if (m.keep_h != nullptr) {
            const vec k = load(m.keep_h + at, left);
            const float* before = t ? hs->typed_data() + at - s.H : h0.typed_data() + (b0 + r) * s.H + v * W;
            h = k * load(before, left) + (1.0f - k) * h;
          }
          if (m.keep_c != nullptr) {
            const vec k = load(m.keep_c + at, left);
            c_new = k * c_old + (1.0f - k) * c_new;
          }
          store(cr, c_new);
          store(cs->typed_data() + (whole ? at : (b0 + r) * s.H + v * W), c_new, left);
          store(hs->typed_data() + at, h, left);
          put_state(s, m, h, b0 + r, v, a + r * lda);
        }
    }
  }
  return ffi::Error::Success();
}

ffi::Error backward(F32 x, F32 h0, F32 c0, F32 w, F32 u, F32 bias, F32 mask_x, F32 mask_h, F32 keep_h, F32 keep_c,
                    F32 hs, F32 cs, F32 gates, F32 d_hs, F32 d_h, F32 d_c, Out dx, Out dh0, Out dc0, Out dw, Out du, Out db,
                    int64_t groups) {
  const Shape s(x, u, 4, 1, groups);
  const Masks m(mask_x, mask_h, keep_h, keep_c);
  const int64_t lda = groups * s.S, columns = 4 * s.units, N = s.inputs + s.units;
  const int64_t row_floats = s.rows * (lda + columns * W);
  const int64_t span = std::max<int64_t>(1, std::min<int64_t>(s.T, 40960 / row_floats));  // steps per weight product
  const int64_t z_rows = span * s.rows;
  const float* kept = gates.element_count() ? gates.typed_data() : nullptr;
  arena.reset(columns * W * (2 * s.K + N * W + z_rows) + z_rows * lda + s.rows * W * (N + 2 * s.units) + 1024);
  float* packed = arena.take(columns * s.K * W);
  float* transposed = arena.take(N * columns * W * W);
  float* dwu = arena.take(columns * s.K * W);  // [gate, vector][k][W]
  float* z = arena.take(columns * z_rows * W);
  float* a = arena.take(z_rows * lda);
  float* da = arena.take(N * s.rows * W);
  float* dh = arena.take(s.units * s.rows * W);
  float* dc = arena.take(s.units * s.rows * W);
  pack(s, w.typed_data(), u.typed_data(), bias.typed_data(), packed);
  pack_transposed(s, w.typed_data(), u.typed_data(), transposed);
  std::memset(dwu, 0, columns * s.K * W * sizeof(float));
  for (int64_t b0 = 0; b0 < s.B; b0 += s.rows) {
    const int64_t n = std::min(s.rows, s.B - b0), rows = span * n;
    take_rows(s, d_h.typed_data(), b0, n, dh);
    take_rows(s, d_c.typed_data(), b0, n, dc);
    int64_t filled = 0;
    for (int64_t t = s.T - 1; t >= 0; --t) {
      float* at_a = a + filled * n * lda;
      float* at_z = z + filled * n * W;
      const float* h_old = t ? hs.typed_data() + (t - 1) * s.H : h0.typed_data();
      const float* c_old = t ? cs.typed_data() + (t - 1) * s.H : c0.typed_data();
      const int64_t stride = t ? s.T * s.H : s.H;
      put_input(s, m, x.typed_data(), b0, n, t, at_a);
      put_states(s, m, h_old, stride, b0, n, at_a);
      if (kept == nullptr) project(s, {0, 4, 0, s.K}, n, at_a, packed, at_z, rows);
      for (int64_t v = 0; v < s.units; ++v)
        for (int64_t r = 0; r < n; ++r) {
          const int64_t step = s.units * rows * W, at = ((b0 + r) * s.T + t) * s.H + v * W, left = s.H - v * W;
          float* zr = at_z + (v * rows + r) * W;
          float *dhr = dh + (v * n + r) * W, *dcr = dc + (v * n + r) * W;
          vec i, f, g, o;
          if (kept != nullptr) {
            const int64_t apart = s.units * n * W;
            const float* from = kept + (b0 * s.T + n * t) * columns * W + (v * n + r) * W;
            i = load(from), f = load(from + apart), g = load(from + 2 * apart), o = load(from + 3 * apart);
          } else {
            i = sigmoid(load(zr)), f = sigmoid(load(zr + step));
            g = tanh_(load(zr + 2 * step)), o = sigmoid(load(zr + 3 * step));
          }
          const vec before = load(c_old + (b0 + r) * stride + v * W, left);
          const vec tc = tanh_(f * before + i * g);
          vec dh_new = load(dhr) + load(d_hs.typed_data() + at, left), dh_kept = vec{};
          vec dc_new = load(dcr), dc_kept = vec{};
          if (m.keep_h != nullptr) dh_kept = dh_new * load(m.keep_h + at, left), dh_new -= dh_kept;
          if (m.keep_c != nullptr) dc_kept = dc_new * load(m.keep_c + at, left), dc_new -= dc_kept;
          dc_new += dh_new * o * (1.0f - tc * tc);
          store(zr, dc_new * g * i * (1.0f - i));
          store(zr + step, dc_new * before * f * (1.0f - f));
          store(zr + 2 * step, dc_new * i * (1.0f - g * g));
          store(zr + 3 * step, dh_new * tc * o * (1.0f - o));
          store(dcr, dc_new * f + dc_kept);
          store(dhr, dh_kept);
        }
      for (int64_t q = 0; q < s.groups; ++q) {
        const Left left{at_z + q * s.per * rows * W, W, 1, W, s.per, rows * W};
        product(n, N, left, transposed + q * N * s.per * W * W, s.per * W * W, da, n * W, false);
        give_back(s, m, q, da, b0, n, t, dx->typed_data(), dh);
      }
      if (++filled == span || t == 0) {
        add_weights(s, {0, 4, 0, s.K}, filled * n, a, z, rows, dwu);
        filled = 0;
      }
    }
    give_rows(s, dh, b0, n, dh0->typed_data());
    give_rows(s, dc, b0, n, dc0->typed_data());
  }
  unpack(s, dwu, dw->typed_data(), du->typed_data(), db->typed_data());
  return ffi::Error::Success();
}

}  // namespace

extern "C" int64_t normcast_vector_width() { return W; }

// clang-format off
XLA_FFI_DEFINE_HANDLER_SYMBOL(normcast_lstm_forward, forward,
    ffi::Ffi::Bind()
        .Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>()
        .Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>()
        .Ret<F32>().Ret<F32>().Ret<F32>()
        .Attr<int64_t>("groups"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(normcast_lstm_backward, backward,
    ffi::Ffi::Bind()
        .Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>()
        .Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>()
        .Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>()
        .Ret<F32>().Ret<F32>().Ret<F32>().Ret<F32>().Ret<F32>().Ret<F32>()
        .Attr<int64_t>("groups"));
