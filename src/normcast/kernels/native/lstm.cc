// The recurrence of an LSTM on the CPU, forward and backward, called by XLA through its foreign function interface.
//
// Rows of the batch are worked on in blocks that stay in the first-level cache, through all time steps. The input is
// projected inside the step. Besides h and c the forward pass keeps the gates (as vector.h writes them), if it is given room for them;
// otherwise the backward pass computes them again. Gate order i, f, g, o.
// Layer and RMS normalization divide parts of the rows before the product, see metric.h, and normalize the cell where
// it is read: h' = o * tanh(N(c')). Vectors are as wide as the CPU that this file is compiled for has them.
#include "cell.h"
#include "metric.h"

namespace {
namespace lstm {

// What normalizes: the parts of a row, and the cell. `use` finds the place of what they tell of a step of a block:
// behind the gates that are kept, or in room for one step.
struct Inside {
  const Shape& s;
  Fold w, u;
  Metric x, h;
  Cell cell;
  float* room;
  Inside(const Shape& s, bool joint, bool center, float epsilon, const F32& w, const F32& u, const F32& gamma_x,
         const F32& gamma_h, const F32& gamma, const F32& beta)
      : s(s), w(s, s.F, joint, center, w, gamma_x), u(s, s.H, joint, center, u, gamma_h),
        x(s, 0, s.F, joint, epsilon, gamma_x.element_count()), h(s, s.state, s.H, joint, epsilon, gamma_h.element_count()),
        cell(s, center, epsilon, gamma, beta) {}
  int64_t told() const { return x.told() + h.told() + cell.told(); }
  size_t floats(int64_t steps) const {
    return w.floats() + u.floats() + x.floats(steps) + h.floats(steps) + cell.floats() + told() * s.rows + 16;
  }
  void take(int64_t steps) {
    w.take(), u.take(), x.take(steps, w), h.take(steps, u), cell.take(), room = arena.take(told() * s.rows);
  }
  void use(float* kept, int64_t b0, int64_t n, int64_t t) {
    float* p = kept == nullptr ? room : kept + s.B * s.T * 4 * s.units * W + (b0 * s.T + n * t) * told();
    x.use(p, n), h.use(p + x.told() * n, n), cell.use(p + (x.told() + h.told()) * n, n);
  }
};

// What normalizes has its sizes, and a mode that exists: gates that read the same rows are normalized together.
void hold_norm(const Shape& s, const F32& gamma_x, const F32& gamma_h, const F32& gamma, const F32& beta, int64_t joint,
               int64_t center) {
  hold_all({{"gamma_x", gamma_x, {4 * s.H}, true},
            {"gamma_h", gamma_h, {4 * s.H}, true},
            {"gamma", gamma, {s.H}, true},
            {"beta", beta, {gamma.element_count() ? s.H : 0}, true}});
  hold_number("joint", joint, {1, s.groups == 1 ? 1 : 0}), hold_number("center", center, {0, 1});
}

void forward(F32 x, F32 h0, F32 c0, F32 w, F32 u, F32 bias, F32 mask_x, F32 mask_h, F32 keep_h, F32 keep_c,
                   F32 gamma_x, F32 gamma_h, F32 gamma, F32 beta, Out hs, Out cs, Out gates, int64_t groups,
                   int64_t joint, int64_t center, float epsilon) {
  const Shape s(x, u, 4, 1, groups);
  hold_inputs(s, h0, w, u, mask_x, mask_h, keep_h, keep_c);
  hold_all({{"c0", c0, {s.B, s.H}}, {"bias", bias, {4 * s.H}}});
  hold_norm(s, gamma_x, gamma_h, gamma, beta, joint, center);
  const bool all_h = hold_steps(s, "outputs", *hs), all_c = hold_steps(s, "cells", *cs);  // else the last are asked for
  if (keep_h.element_count()) hold({"outputs", *hs, {s.B, s.T, s.H}});  // the state before is read from them
  const Masks m(mask_x, mask_h, keep_h, keep_c);
  Inside in(s, joint, center, epsilon, w, u, gamma_x, gamma_h, gamma, beta);
  const int64_t lda = groups * s.S;
  float* kept = hold_room(*gates, s.B * s.T * (4 * s.units * W + in.told())) ? gates->typed_data() : nullptr;
  if (s.B == 0) return clear({&hs, &cs, &gates});
  arena.reset(4 * s.units * W * (s.K + s.rows) + s.rows * (lda + s.units * W) + in.floats(0) + 256);
  float* packed = arena.take(4 * s.units * s.K * W);
  float* z = arena.take(4 * s.units * s.rows * W);
  float* a = arena.take(s.rows * lda);
  float* c = arena.take(s.units * s.rows * W);
  Cell& cell = in.cell;
  in.take(0);
  pack(s, in.w.weights(), in.u.weights(), bias.typed_data(), packed);
  for (int64_t b0 = 0; b0 < s.B; b0 += s.rows) {
    const int64_t n = std::min(s.rows, s.B - b0), step = s.units * n * W;
    put_states(s, m, h0.typed_data(), s.H, b0, n, a);
    take_rows(s, c0.typed_data(), b0, n, c);
    for (int64_t t = 0; t < s.T; ++t) {
      // With the cell and the output gate of a row and vector known: the states.
      const auto finish = [&](int64_t v, int64_t r, vec c_new, vec y, vec o) {
        const int64_t at = ((b0 + r) * s.T + t) * s.H + v * W, last = (b0 + r) * s.H + v * W, left = s.H - v * W;
        float* cr = c + (v * n + r) * W;
        vec h = o * tanh_(y);
        if (m.keep_h != nullptr) {
          const vec k = load(m.keep_h + at, left);
          const float* before = t ? hs->typed_data() + at - s.H : h0.typed_data() + last;
          h = k * load(before, left) + (1.0f - k) * h;
        }
        if (m.keep_c != nullptr) {
          const vec k = load(m.keep_c + at, left);
          c_new = k * load(cr) + (1.0f - k) * c_new;
        }
        store(cr, c_new);
        if (all_c || t + 1 == s.T) store(cs->typed_data() + (all_c ? at : last), c_new, left);
        if (all_h || t + 1 == s.T) store(hs->typed_data() + (all_h ? at : last), h, left);
        put_state(s, m, h, b0 + r, v, a + r * lda);
      };
      put_input(s, m, x.typed_data(), b0, n, t, a);
      in.use(kept, b0, n, t);
      in.x.divide(n, a), in.h.divide(n, a);
      project(s, {0, 4, 0, s.K}, n, a, packed, z, n);
      for (int64_t v = 0; v < s.units; ++v)
        for (int64_t r = 0; r < n; ++r) {
          const int64_t at = (v * n + r) * W;
          float* zr = z + at;
          const vec in_i = sigmoid_code(load(zr)), in_f = sigmoid_code(load(zr + step));
          const vec in_g = tanh_code(load(zr + 2 * step)), in_o = sigmoid_code(load(zr + 3 * step));
          if (kept != nullptr) {
            float* to = kept + ((b0 * s.T + n * t) * s.units + v * n + r) * 4 * W;
            store(to, in_i), store(to + W, in_f), store(to + 2 * W, in_g), store(to + 3 * W, in_o);
          }
          const vec o = Sigmoid(in_o).value;
          const vec c_new = Sigmoid(in_f).value * load(c + at) + Sigmoid(in_i).value * Tanh(in_g).value;
          if (cell.on)
            cell.see(n, v, r, c_new), store(zr + 3 * step, o);
          else
            finish(v, r, c_new, c_new, o);
        }
      if (!cell.on) continue;
      cell.look(n);
      for (int64_t v = 0; v < s.units; ++v)
        for (int64_t r = 0; r < n; ++r) {
          const int64_t at = (v * n + r) * W;
          const vec c_new = load(cell.read + at);
          finish(v, r, c_new, cell.scaled(v, cell.normal(r, c_new)), load(z + at + 3 * step));
        }
    }
  }
}

void backward(F32 x, F32 h0, F32 c0, F32 w, F32 u, F32 bias, F32 mask_x, F32 mask_h, F32 keep_h, F32 keep_c,
                    F32 gamma_x, F32 gamma_h, F32 gamma, F32 beta, F32 hs, F32 cs, F32 gates, F32 d_hs, F32 d_h,
                    F32 d_c, Out dx, Out dh0, Out dc0, Out dw, Out du, Out db, Out d_gamma_x, Out d_gamma_h,
                    Out d_gamma, Out d_beta, int64_t groups, int64_t joint, int64_t center, float epsilon) {
  Shape s(x, u, 4, 1, groups);
  hold_inputs(s, h0, w, u, mask_x, mask_h, keep_h, keep_c);
  hold_norm(s, gamma_x, gamma_h, gamma, beta, joint, center);
  hold_all({{"c0", c0, {s.B, s.H}}, {"bias", bias, {4 * s.H}}, {"outputs", hs, {s.B, s.T, s.H}},
            {"cells", cs, {s.B, s.T, s.H}}, {"d_outputs", d_hs, {s.B, s.T, s.H}, true}, {"d_h", d_h, {s.B, s.H}},
            {"d_c", d_c, {s.B, s.H}}, {"d_x", *dx, {s.B, s.T, s.F}, true}, {"d_h0", *dh0, {s.B, s.H}},
            {"d_c0", *dc0, {s.B, s.H}}, {"d_kernel", *dw, {s.F, 4 * s.H}}, {"d_recurrent_kernel", *du, {s.H, 4 * s.H}},
            {"d_bias", *db, {4 * s.H}}, {"d_gamma_x", *d_gamma_x, {gamma_x.element_count()}},
            {"d_gamma_h", *d_gamma_h, {gamma_h.element_count()}}, {"d_gamma", *d_gamma, {gamma.element_count()}},
            {"d_beta", *d_beta, {beta.element_count()}}});
  if (s.B == 0) return clear({&dx, &dh0, &dc0, &dw, &du, &db, &d_gamma_x, &d_gamma_h, &d_gamma, &d_beta});
  if (!dx->element_count()) s.inputs = 0;
  const Masks m(mask_x, mask_h, keep_h, keep_c);
  Inside in(s, joint, center, epsilon, w, u, gamma_x, gamma_h, gamma, beta);
  const int64_t lda = groups * s.S, columns = 4 * s.units, N = s.inputs + s.units;
  const int64_t row_floats = s.rows * (lda + columns * W);
  const int64_t span = std::max<int64_t>(1, std::min<int64_t>(s.T, 40960 / row_floats));  // steps per weight product
  const int64_t z_rows = span * s.rows;
  const bool has_room = hold_room(gates, s.B * s.T * (4 * s.units * W + in.told()));
  float* kept = has_room ? const_cast<float*>(gates.typed_data()) : nullptr;  // read only
  const bool all_h = d_hs.element_count();  // else the last output alone has a gradient, d_h
  arena.reset(columns * W * (2 * s.K + N * W + z_rows) + z_rows * lda + s.rows * W * (groups * N + 2 * s.units) +
              in.floats(span) + 1024);
  float* packed = arena.take(columns * s.K * W);
  float* transposed = arena.take(N * columns * W * W);
  float* dwu = arena.take(columns * s.K * W);  // [gate, vector][k][W]
  float* z = arena.take(columns * z_rows * W);
  float* a = arena.take(z_rows * lda);
  float* da = arena.take(groups * N * s.rows * W);
  float* dh = arena.take(s.units * s.rows * W);
  float* dc = arena.take(s.units * s.rows * W);
  Cell& cell = in.cell;
  in.take(span);
  pack(s, in.w.weights(), in.u.weights(), bias.typed_data(), packed);
  pack_transposed(s, in.w.weights(), in.u.weights(), transposed);
  std::memset(dwu, 0, columns * s.K * W * sizeof(float));
  for (int64_t b0 = 0; b0 < s.B; b0 += s.rows) {
    const int64_t n = std::min(s.rows, s.B - b0), rows = span * n, step = s.units * rows * W;
    take_rows(s, d_h.typed_data(), b0, n, dh);
    take_rows(s, d_c.typed_data(), b0, n, dc);
    int64_t filled = 0;
    for (int64_t t = s.T - 1; t >= 0; --t) {
      float* at_a = a + filled * n * lda;
      float* at_z = z + filled * n * W;
      const float* h_old = t ? hs.typed_data() + (t - 1) * s.H : h0.typed_data();
      const float* c_old = t ? cs.typed_data() + (t - 1) * s.H : c0.typed_data();
      const int64_t stride = t ? s.T * s.H : s.H;
      // From what the output's tanh sees: the gradient of the output gate, returned is that of what was seen.
      const auto through_output = [&](int64_t v, int64_t r, vec y, const Sigmoid& o) {
        const int64_t at = ((b0 + r) * s.T + t) * s.H + v * W, left = s.H - v * W;
        float* dhr = dh + (v * n + r) * W;
        vec dh_new = load(dhr), dh_kept = vec{};
        if (all_h) dh_new += load(d_hs.typed_data() + at, left);
        if (m.keep_h != nullptr) dh_kept = dh_new * load(m.keep_h + at, left), dh_new -= dh_kept;
        const Tanh tc(tanh_code(y));
        store(at_z + 3 * step + (v * rows + r) * W, dh_new * tc.value * o.slope);
        store(dhr, dh_kept);
        return dh_new * o.value * tc.slope;
      };
      // From the gradient of the cell where it is read: those of its gates, and of the cell before.
      const auto through_cell = [&](int64_t v, int64_t r, vec d_read, vec before, const Sigmoid& i, const Sigmoid& f,
                                    const Tanh& g) {
        const int64_t at = ((b0 + r) * s.T + t) * s.H + v * W, left = s.H - v * W;
        float *dcr = dc + (v * n + r) * W, *to = at_z + (v * rows + r) * W;
        vec dc_new = load(dcr), dc_kept = vec{};
        if (m.keep_c != nullptr) dc_kept = dc_new * load(m.keep_c + at, left), dc_new -= dc_kept;
        dc_new += d_read;
        store(to, dc_new * g.value * i.slope);
        store(to + step, dc_new * before * f.slope);
        store(to + 2 * step, dc_new * i.value * g.slope);
        store(dcr, dc_new * f.value + dc_kept);
      };
      const auto cell_before = [&](int64_t v, int64_t r) {
        return load(c_old + (b0 + r) * stride + v * W, s.H - v * W);
      };
      put_input(s, m, x.typed_data(), b0, n, t, at_a);
      put_states(s, m, h_old, stride, b0, n, at_a);
      in.use(kept, b0, n, t);
      if (kept != nullptr) {
        in.x.scale(n, at_a), in.h.scale(n, at_a);
      } else {
        in.x.divide(n, at_a), in.h.divide(n, at_a);
        project(s, {0, 4, 0, s.K}, n, at_a, packed, at_z, rows);
        for (int64_t v = 0; v < s.units; ++v)
          for (int64_t r = 0; r < n; ++r) {
            float* zr = at_z + (v * rows + r) * W;
            const vec i = sigmoid_code(load(zr)), f = sigmoid_code(load(zr + step)), g = tanh_code(load(zr + 2 * step));
            store(zr, i), store(zr + step, f), store(zr + 2 * step, g);
            store(zr + 3 * step, sigmoid_code(load(zr + 3 * step)));
            if (cell.on)
              cell.see(n, v, r, Sigmoid(f).value * cell_before(v, r) + Sigmoid(i).value * Tanh(g).value);
          }
        if (cell.on) cell.look(n);
      }
      // Gates, `apart` floats one from the next: of row r and vector v at gates_at + v * wide + r * tall.
      const float* gates_at = kept == nullptr ? at_z : kept + (b0 * s.T + n * t) * s.units * 4 * W;
      const int64_t apart = kept == nullptr ? step : W, tall = kept == nullptr ? W : 4 * W;
      const int64_t wide = (kept == nullptr ? rows : n) * tall;
      for (int64_t v = 0; v < s.units; ++v)
        for (int64_t r = 0; r < n; ++r) {
          const float* from = gates_at + v * wide + r * tall;
          const Sigmoid i(load(from)), f(load(from + apart)), o(load(from + 3 * apart));
          const Tanh g(load(from + 2 * apart));
          const vec before = cell_before(v, r), c_new = f.value * before + i.value * g.value;
          if (cell.on) {
            const vec y = cell.normal(r, c_new);
            cell.flow(n, v, r, through_output(v, r, cell.scaled(v, y), o), y);
          } else {
            through_cell(v, r, through_output(v, r, c_new, o), before, i, f, g);
          }
        }
      if (cell.on) {
        cell.weigh(n);
        for (int64_t v = 0; v < s.units; ++v)
          for (int64_t r = 0; r < n; ++r) {
            const float* from = gates_at + v * wide + r * tall;
            const Sigmoid i(load(from)), f(load(from + apart));
            through_cell(v, r, cell.back(n, v, r), cell_before(v, r), i, f, Tanh(load(from + 2 * apart)));
          }
      }
      const int64_t group = N * n * W;
      for (int64_t q = 0; q < s.groups; ++q) {
        const Vectors left{at_z + q * s.per * rows * W, rows * W, s.per};
        product<false>(n, N, left, transposed + q * N * s.per * W * W, s.per * W * W, da + q * group, n * W);
      }
      if (s.inputs)
        in.x.back(n, at_a, da, group, filled * n, rows);
      else
        in.x.back_of_data(n, at_a, packed, at_z, filled * n, rows);
      in.h.back(n, at_a, da + s.inputs * n * W, group, filled * n, rows);
      for (int64_t q = 0; q < s.groups; ++q) give_back(s, m, q, da + q * group, b0, n, t, pointer(dx), dh);
      if (++filled == span || t == 0) {
        add_weights(s, {0, 4, 0, s.K}, filled * n, a, z, rows, dwu);
        in.x.add(filled * n, a, rows), in.h.add(filled * n, a, rows);
        filled = 0;
      }
    }
    give_rows(s, dh, b0, n, dh0->typed_data());
    give_rows(s, dc, b0, n, dc0->typed_data());
  }
  unpack(s, dwu, dw->typed_data(), du->typed_data(), db->typed_data());
  in.w.back(dw->typed_data(), in.x.unpack(), pointer(d_gamma_x));
  in.u.back(du->typed_data(), in.h.unpack(), pointer(d_gamma_h));
  cell.give(d_gamma, d_beta);
}

}  // namespace lstm
}  // namespace

extern "C" XLA_FFI_Error* normcast_lstm_forward(XLA_FFI_CallFrame* frame) {
  return call(*frame, "lstm", lstm::forward, {"groups", "joint", "center", "epsilon"});
}
extern "C" XLA_FFI_Error* normcast_lstm_backward(XLA_FFI_CallFrame* frame) {
  return call(*frame, "lstm's gradient", lstm::backward, {"groups", "joint", "center", "epsilon"});
}
