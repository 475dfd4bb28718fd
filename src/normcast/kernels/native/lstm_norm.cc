// The recurrence of an LSTM with normalized terms: batch normalization (statistics per time step), or one layer
// normalization over gates that read rows of their own, of the input term, the recurrent term and the cell where it is
// read. Other layer normalization is done by lstm.cc.
//
//   z = N(x W) + N(h U) + b;   c' = f * c + i * g;   h' = o * tanh(N(c'))
//
// Blocks of rows as in lstm.cc; batch normalization needs all rows at once, and has one block. Moments are taken in one
// pass, and a term is normalized where it is used. For the backward pass the forward pass keeps the normalized
// recurrent term and the moments; the input term, which is cheap, and the gates are computed again.
#include "norms.h"

namespace {
namespace lstm_norm {

Shape whole(Shape s, bool batch) {
  if (batch) s.rows = s.B;
  return s;
}

// What the forward pass keeps: the normalized recurrent term, and the moments of a step, `scales` floats a row or step.
struct Kept {
  float* z;
  float* moments;
  int64_t T, columns, scales;
  bool batch;
  Kept(float* p, const Shape& s, bool batch)
      : z(p), moments(p + s.B * s.T * 4 * s.units * W), T(s.T), columns(4 * s.units), scales(3 * (batch ? columns * W : 1)),
        batch(batch) {}
  static int64_t floats(const Shape& s, bool batch) {
    return s.T * (s.B * 4 * s.units * W + 3 * (batch ? 4 * s.units * W : s.B));
  }
  float* term(int64_t b0, int64_t n, int64_t t) const { return z + (b0 * T + n * t) * columns * W; }
  Moments of(int64_t b0, int64_t n, int64_t t) const {
    float* p = moments + (batch ? t : b0 * T + n * t) * scales;
    const int64_t each = scales / 3 * (batch ? 1 : n);
    return {p, p + each, p + 2 * each};
  }
};

// What makes the input's term, which is without the bias, and the state's.
Part input_part(const Shape& s) { return {0, 4, 0, s.F}; }
Part state_part(const Shape& s) { return {0, 4, s.state, s.H}; }

// From both terms to the gates, (i, f, g, o) as vector.h writes them to out: [gate, vector][row][W], its vectors `apart` floats apart.
// Forward, zh becomes normalized, in `normal`, which may be null; backward, where there is no center_h, it is so
// already, and zx becomes normalized, in `normal`.
template <bool Batch, bool Forward>
void gates_of(const Shape& s, const Norms& m, int64_t n, Moments at, const float* center_h, const float* zx,
              const float* zh, float* normal, float* out, int64_t apart) {
  for (int64_t v = 0; v < s.units; ++v)
    for (int64_t r = 0; r < n; ++r) {
      vec z[4];
#pragma GCC unroll 4
      for (int64_t g = 0; g < 4; ++g) {
        const int64_t k = g * s.units + v, in = (k * n + r) * W;
        const auto of = [&](const float* p) { return Batch ? load(p + k * W) : all(p[r]); };
        const vec x = (load(zx + in) - of(at.center_x)) * of(at.inverse_x);
        const vec h = Forward ? (load(zh + in) - of(center_h)) * of(at.inverse_h) : load(zh + in);
        if (normal != nullptr) store(normal + in, Forward ? h : x);
        z[g] = x * load(m.x.gamma + k * W) + h * load(m.h.gamma + k * W) + load(m.bias + k * W);
      }
      float* to = out + v * apart + r * W;
#pragma GCC unroll 4
      for (int64_t g = 0; g < 4; ++g) store(to + g * s.units * apart, g == 2 ? tanh_code(z[g]) : sigmoid_code(z[g]));
    }
}

// The cell after a step, of gates as they are written.
vec cell_of(vec i, vec f, vec g, vec before) {
  return Sigmoid(f).value * before + Sigmoid(i).value * Tanh(g).value;
}

template <bool Batch>
void run_forward(const Shape& s, const Norms& norms, const Masks& m, const float* packed, const F32& x, const F32& h0,
                 const F32& c0, Out& hs, Out& cs, Kept* keep, Out& moments) {
  const int64_t lda = s.groups * s.S, columns = 4 * s.units, block = columns * s.rows * W, one = s.units * s.rows * W;
  float *zx = arena.take(block), *zh = arena.take(block), *gates = arena.take(block);
  float *c = arena.take(one), *read = arena.take(one);
  float* a = arena.take(s.rows * lda);
  const int64_t scales = Batch ? columns * W : s.rows;
  float *scratch = arena.take(4 * scales), *center_h = scratch + 3 * scales;
  float *center_c = arena.take(one), *inverse_c = arena.take(one);
  for (int64_t b0 = 0; b0 < s.B; b0 += s.rows) {
    const int64_t n = std::min(s.rows, s.B - b0), step = s.units * n * W;
    put_states(s, m, h0.typed_data(), s.H, b0, n, a);
    take_rows(s, c0.typed_data(), b0, n, c);
    for (int64_t t = 0; t < s.T; ++t) {
      float* told = Batch ? moments->typed_data() + t * 18 * s.H : nullptr;  // 2 x (4 + 4 + 1) H
      const Moments at = keep ? keep->of(b0, n, t) : Moments{scratch, scratch + scales, scratch + 2 * scales};
      put_input(s, m, x.typed_data(), b0, n, t, a);
      project(s, input_part(s), n, a, packed, zx, n);
      project(s, state_part(s), n, a, packed, zh, n);
      norms.x.moments<Batch>(zx, n, at.center_x, at.inverse_x, told);
      norms.h.moments<Batch>(zh, n, center_h, at.inverse_h, told ? told + 8 * s.H : told);
      gates_of<Batch, true>(s, norms, n, at, center_h, zx, zh, keep ? keep->term(b0, n, t) : nullptr, gates, n * W);
      for (int64_t i = 0; i < step; i += W)
        store(read + i, cell_of(load(gates + i), load(gates + step + i), load(gates + 2 * step + i), load(c + i)));
      if (norms.c.on) norms.c.moments<Batch>(read, n, center_c, inverse_c, told ? told + 16 * s.H : told);
      for (int64_t v = 0; v < s.units; ++v)
        for (int64_t r = 0; r < n; ++r) {
          const int64_t in = (v * n + r) * W, at = ((b0 + r) * s.T + t) * s.H + v * W, left = s.H - v * W;
          vec c_new = load(read + in), y = c_new;
          if (norms.c.on) y = norms.c.scaled<Batch>(y, v, r, center_c, inverse_c) + load(norms.beta + v * W);
          vec h = Sigmoid(load(gates + 3 * step + in)).value * tanh_(y);
          if (m.keep_h != nullptr) {
            const float* before = t ? hs->typed_data() + at - s.H : h0.typed_data() + (b0 + r) * s.H + v * W;
            const vec k = load(m.keep_h + at, left);
            h = k * load(before, left) + (1.0f - k) * h;
          }
          if (m.keep_c != nullptr) {
            const vec k = load(m.keep_c + at, left);
            c_new = k * load(c + in) + (1.0f - k) * c_new;
          }
          store(c + in, c_new);
          store(cs->typed_data() + (keep ? at : (b0 + r) * s.H + v * W), c_new, left);
          store(hs->typed_data() + at, h, left);
          put_state(s, m, h, b0 + r, v, a + r * lda);
        }
    }
  }
}

void forward(F32 x, F32 h0, F32 c0, F32 w, F32 u, F32 b, F32 mask_x, F32 mask_h, F32 keep_h, F32 keep_c, F32 gx,
                   F32 gh, F32 gc, F32 bc, Out hs, Out cs, Out room, Out moments, int64_t groups, int64_t batch,
                   float epsilon) {
  const Shape s = whole(Shape(x, u, 4, 1, groups), batch);
  hold_inputs(s, h0, w, u, mask_x, mask_h, keep_h, keep_c), hold_terms(s, c0, b, gx, gh, gc, bc, batch);
  const bool has_room = hold_room(*room, Kept::floats(s, batch));
  hold_all({{"outputs", *hs, {s.B, s.T, s.H}},
            {"cells", *cs, {s.B, has_room ? s.T : 1, s.H}},
            {"moments", *moments, {batch ? s.T : 0, 18 * s.H}}});
  if (s.B == 0) return clear({&hs, &cs, &room, &moments});
  const Masks m(mask_x, mask_h, keep_h, keep_c);
  const int64_t columns = 4 * s.units, one = s.units * s.rows * W;
  arena.reset(columns * s.K * W + 3 * columns * s.rows * W + 4 * one + s.rows * groups * s.S + 4 * 4 * s.rows +
              4 * columns * W + Norms::floats(s) + 2048);
  float* packed = arena.take(columns * s.K * W);
  const Norms norms(s, epsilon, b, gx, gh, gc, bc);
  pack(s, w.typed_data(), u.typed_data(), b.typed_data(), packed);
  Kept kept(room->typed_data(), s, batch);
  Kept* keep = has_room ? &kept : nullptr;
  (batch ? run_forward<true> : run_forward<false>)(s, norms, m, packed, x, h0, c0, hs, cs, keep, moments);
}

template <bool Batch>
void run_backward(const Shape& s, const Masks& m, F32& x, F32& h0, F32& c0, F32& w, F32& u, F32& b, F32& gx,
                        F32& gh, F32& gc, F32& bc, F32& hs, F32& cs, F32& room, F32& d_hs, F32& d_c, Out& dx, Out& dh0,
                        Out& dc0, Out& dw, Out& du, Out& db, Out& dgx, Out& dgh, Out& dgc, Out& dbc,
                        float epsilon) {
  const int64_t lda = s.groups * s.S, columns = 4 * s.units, N = s.inputs + s.units, one = s.units * s.rows * W;
  const int64_t row_floats = s.rows * (lda + 2 * columns * W);
  const int64_t span = std::max<int64_t>(1, std::min<int64_t>(s.T, 61440 / row_floats));  // steps per weight product
  const int64_t z_rows = span * s.rows, sums = columns * W;
  arena.reset(columns * W * (2 * s.K + N * W + 2 * z_rows + s.rows) + z_rows * lda + N * s.rows * W + 8 * one +
              4 * sums + Norms::floats(s) + 2048);
  float* packed = arena.take(columns * s.K * W);
  float* transposed = arena.take(N * columns * W * W);
  float* dwu = arena.take(columns * s.K * W);
  float *dzx = arena.take(columns * z_rows * W), *dzh = arena.take(columns * z_rows * W);
  float* zx = arena.take(columns * s.rows * W);
  float* a = arena.take(z_rows * lda);
  float* da = arena.take(N * s.rows * W);
  float *dh = arena.take(one), *dc = arena.take(one), *read = arena.take(one), *dread = arena.take(one);
  float *cell = arena.take(one), *center_c = arena.take(one), *inverse_c = arena.take(one);
  float* total = arena.take(4 * sums);
  float *sum_b = total, *sum_x = total + sums, *sum_h = total + 2 * sums, *sum_c = total + 3 * sums,
        *sum_beta = sum_c + s.units * W;
  const Norms norms(s, epsilon, b, gx, gh, gc, bc);
  pack(s, w.typed_data(), u.typed_data(), b.typed_data(), packed);
  pack_transposed(s, w.typed_data(), u.typed_data(), transposed);
  const Kept keep(const_cast<float*>(room.typed_data()), s, Batch);
  std::memset(dwu, 0, columns * s.K * W * sizeof(float));
  std::memset(total, 0, 4 * sums * sizeof(float));
  for (int64_t b0 = 0; b0 < s.B; b0 += s.rows) {
    const int64_t n = std::min(s.rows, s.B - b0), rows = span * n, wide = s.units * rows * W;
    std::memset(dh, 0, s.units * n * W * sizeof(float));
    take_rows(s, d_c.typed_data(), b0, n, dc);
    int64_t filled = 0;
    for (int64_t t = s.T - 1; t >= 0; --t) {
      float *at_a = a + filled * n * lda, *at_x = dzx + filled * n * W, *at_h = dzh + filled * n * W;
      const float* h_old = t ? hs.typed_data() + (t - 1) * s.H : h0.typed_data();
      const float* c_old = t ? cs.typed_data() + (t - 1) * s.H : c0.typed_data();
      const float* zh = keep.term(b0, n, t);
      const Moments moments = keep.of(b0, n, t);
      const int64_t stride = t ? s.T * s.H : s.H;
      put_input(s, m, x.typed_data(), b0, n, t, at_a);
      put_states(s, m, h_old, stride, b0, n, at_a);
      project(s, input_part(s), n, at_a, packed, zx, n);
      gates_of<Batch, false>(s, norms, n, moments, nullptr, zx, zh, zx, at_x, rows * W);
      for (int64_t v = 0; v < s.units; ++v)
        for (int64_t r = 0; r < n; ++r) {
          const int64_t in = (v * n + r) * W, gate = (v * rows + r) * W;
          const vec before = load(c_old + (b0 + r) * stride + v * W, s.H - v * W);
          store(cell + in, before);
          store(read + in,
                cell_of(load(at_x + gate), load(at_x + wide + gate), load(at_x + 2 * wide + gate), before));
        }
      if (norms.c.on) norms.c.moments<Batch>(read, n, center_c, inverse_c, nullptr);
      for (int64_t v = 0; v < s.units; ++v) {
        const vec gamma = load(norms.c.gamma + v * W), shift = load(norms.beta + v * W);
        vec beta = load(sum_beta + v * W);
        for (int64_t r = 0; r < n; ++r) {
          const int64_t in = (v * n + r) * W, at = ((b0 + r) * s.T + t) * s.H + v * W, left = s.H - v * W;
          float* gate = at_x + 3 * wide + (v * rows + r) * W;
          const Sigmoid o(load(gate));
          vec y = load(read + in), dh_new = load(dh + in) + load(d_hs.typed_data() + at, left), dh_kept = vec{};
          if (norms.c.on) {
            y = Batch ? (y - load(center_c + v * W)) * load(inverse_c + v * W) : (y - center_c[r]) * inverse_c[r];
            store(read + in, y);
            y = y * gamma + shift;
          }
          if (m.keep_h != nullptr) dh_kept = dh_new * load(m.keep_h + at, left), dh_new -= dh_kept;
          const Tanh tc(tanh_code(y));
          const vec dy = dh_new * o.value * tc.slope;
          beta += dy;
          store(dread + in, dy);
          store(dh + in, dh_kept);
          store(gate, dh_new * tc.value * o.slope);
        }
        store(sum_beta + v * W, beta);
      }
      if (norms.c.on) back_one<Batch>(norms.c, dread, read, n, inverse_c, sum_c);
      for (int64_t v = 0; v < s.units; ++v)
        for (int64_t r = 0; r < n; ++r) {
          const int64_t in = (v * n + r) * W, at = ((b0 + r) * s.T + t) * s.H + v * W, left = s.H - v * W;
          float* to = at_x + (v * rows + r) * W;
          const Sigmoid i(load(to)), f(load(to + wide));
          const Tanh g(load(to + 2 * wide));
          const vec before = load(cell + in);
          vec dc_new = load(dc + in), dc_kept = vec{};
          if (m.keep_c != nullptr) dc_kept = dc_new * load(m.keep_c + at, left), dc_new -= dc_kept;
          dc_new += load(dread + in);
          store(to, dc_new * g.value * i.slope);
          store(to + wide, dc_new * before * f.slope);
          store(to + 2 * wide, dc_new * i.value * g.slope);
          store(dc + in, dc_new * f.value + dc_kept);
        }
      const Flow flow{norms.x, norms.h, n, rows * W, moments.inverse_x, moments.inverse_h, sum_b, sum_x, sum_h};
      flow.back<Batch>(at_x, at_h, zx, zh);
      for (int64_t q = 0; q < s.groups; ++q) {
        const int64_t first = q * s.per * rows * W, deep = s.per * W * W;
        const float* back = transposed + q * N * deep;
        product<false>(n, s.inputs, Vectors{at_x + first, rows * W, s.per}, back, deep, da, n * W);
        product<false>(n, s.units, Vectors{at_h + first, rows * W, s.per}, back + s.inputs * deep, deep,
                da + s.inputs * n * W, n * W);
        give_back(s, m, q, da, b0, n, t, pointer(dx), dh);
      }
      if (++filled == span || t == 0) {
        add_weights(s, input_part(s), filled * n, a, dzx, rows, dwu);
        add_weights(s, state_part(s), filled * n, a, dzh, rows, dwu);
        filled = 0;
      }
    }
    give_rows(s, dh, b0, n, dh0->typed_data());
    give_rows(s, dc, b0, n, dc0->typed_data());
  }
  unpack(s, dwu, dw->typed_data(), du->typed_data(), nullptr);
  gather(s, sum_b, 4, db), gather(s, sum_x, 4, dgx), gather(s, sum_h, 4, dgh);
  gather(s, sum_c, 1, dgc), gather(s, sum_beta, 1, dbc);
}

void backward(F32 x, F32 h0, F32 c0, F32 w, F32 u, F32 b, F32 mask_x, F32 mask_h, F32 keep_h, F32 keep_c, F32 gx,
                    F32 gh, F32 gc, F32 bc, F32 hs, F32 cs, F32 room, F32 d_hs, F32 d_c, Out dx, Out dh0, Out dc0,
                    Out dw, Out du, Out db, Out dgx, Out dgh, Out dgc, Out dbc, int64_t groups, int64_t batch,
                    float epsilon) {
  Shape s = whole(Shape(x, u, 4, 1, groups), batch);
  hold_inputs(s, h0, w, u, mask_x, mask_h, keep_h, keep_c), hold_terms(s, c0, b, gx, gh, gc, bc, batch);
  hold_all({{"outputs", hs, {s.B, s.T, s.H}}, {"cells", cs, {s.B, s.T, s.H}}, {"room", room, {Kept::floats(s, batch)}},
            {"d_outputs", d_hs, {s.B, s.T, s.H}}, {"d_c", d_c, {s.B, s.H}}, {"d_x", *dx, {s.B, s.T, s.F}, true},
            {"d_h0", *dh0, {s.B, s.H}}, {"d_c0", *dc0, {s.B, s.H}}, {"d_kernel", *dw, {s.F, 4 * s.H}},
            {"d_recurrent_kernel", *du, {s.H, 4 * s.H}}, {"d_bias", *db, {4 * s.H}},
            {"d_gamma_x", *dgx, {gx.element_count()}}, {"d_gamma_h", *dgh, {gh.element_count()}},
            {"d_gamma_c", *dgc, {gc.element_count()}}, {"d_beta_c", *dbc, {bc.element_count()}}});
  if (s.B == 0) return clear({&dx, &dh0, &dc0, &dw, &du, &db, &dgx, &dgh, &dgc, &dbc});
  if (!dx->element_count()) s.inputs = 0;
  const Masks m(mask_x, mask_h, keep_h, keep_c);
  const auto run = batch ? run_backward<true> : run_backward<false>;
  return run(s, m, x, h0, c0, w, u, b, gx, gh, gc, bc, hs, cs, room, d_hs, d_c, dx, dh0, dc0, dw, du, db, dgx, dgh, dgc,
             dbc, epsilon);
}

}  // namespace lstm_norm
}  // namespace

extern "C" XLA_FFI_Error* normcast_lstm_norm_forward(XLA_FFI_CallFrame* frame) {
  return call(*frame, "lstm_norm", lstm_norm::forward, {"groups", "batch", "epsilon"});
}
extern "C" XLA_FFI_Error* normcast_lstm_norm_backward(XLA_FFI_CallFrame* frame) {
  return call(*frame, "lstm_norm's gradient", lstm_norm::backward, {"groups", "batch", "epsilon"});
}
