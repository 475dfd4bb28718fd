// The recurrence of a GRU on the CPU, forward and backward; the reset gate acts on the product of the state.
//
//   z, r = sigmoid(x W + b + h U + b');   g = tanh(x W_g + b_g + r * (h U_g + b'_g));   h' = z * h + (1 - z) * g
//
// Blocks of rows as in lstm.cc. The candidate's two terms come from different rows of its weights, and stand apart:
// four columns for three gates. For the backward pass the forward pass keeps z, r, g and the candidate's term of the
// state, if it is given room for them; otherwise the backward pass computes them again.
#include "block.h"

namespace {
namespace gru {

constexpr int64_t kColumns = 4;  // z, r, the candidate's term of the input, and that of the state

Part update_and_reset(const Shape& s) { return {0, 2, 0, s.K}; }
Part candidate_of_input(const Shape& s) { return {2, 1, 0, s.F + 1}; }
Part candidate_of_state(const Shape& s) { return {2, 1, s.F + 1, 1 + s.H}; }

struct Codes {
  vec z, r, g, state;  // state: the candidate's term of it
};

// Columns are `apart` floats from one to the next.
Codes gates_of(const float* p, int64_t apart) {
  const vec r = sigmoid_code(load(p + apart)), state = load(p + 3 * apart);
  return {sigmoid_code(load(p)), r, tanh_code(load(p + 2 * apart) + Sigmoid(r).value * state), state};
}

void project_all(const Shape& s, int64_t n, const float* a, const float* packed, float* z, int64_t z_rows) {
  const int64_t apart = s.units * z_rows * W;
  project(s, update_and_reset(s), n, a, packed, z, z_rows);
  project(s, candidate_of_input(s), n, a, packed, z + 2 * apart, z_rows);
  project(s, candidate_of_state(s), n, a, packed, z + 3 * apart, z_rows);
}

void forward(F32 x, F32 h0, F32 w, F32 u, F32 bias, F32 mask_x, F32 mask_h, F32 keep_h, F32 keep_c, Out hs,
                   Out room, int64_t groups) {
  const Shape s(x, u, 3, 2, groups);
  hold_inputs(s, h0, w, u, mask_x, mask_h, keep_h, keep_c);
  hold_all({{"bias", bias, {2, 3 * s.H}}, {"outputs", *hs, {s.B, s.T, s.H}}});
  const bool has_room = hold_room(*room, s.B * s.T * kColumns * s.units * W);
  if (s.B == 0) return clear({&hs, &room});
  const Masks m(mask_x, mask_h, keep_h, keep_c);
  const int64_t lda = groups * s.S, one = s.units * s.rows * W;
  float* kept = has_room ? room->typed_data() : nullptr;
  arena.reset(3 * s.units * W * s.K + (kColumns + 1) * one + s.rows * lda + 256);
  float* packed = arena.take(3 * s.units * s.K * W);
  float* z = arena.take(kColumns * one);
  float* a = arena.take(s.rows * lda);
  float* h = arena.take(one);
  pack(s, w.typed_data(), u.typed_data(), bias.typed_data(), packed);
  for (int64_t b0 = 0; b0 < s.B; b0 += s.rows) {
    const int64_t n = std::min(s.rows, s.B - b0), apart = s.units * n * W;
    put_states(s, m, h0.typed_data(), s.H, b0, n, a);
    take_rows(s, h0.typed_data(), b0, n, h);
    for (int64_t t = 0; t < s.T; ++t) {
      put_input(s, m, x.typed_data(), b0, n, t, a);
      project_all(s, n, a, packed, z, n);
      for (int64_t v = 0; v < s.units; ++v)
        for (int64_t r = 0; r < n; ++r) {
          const int64_t in = (v * n + r) * W, at = ((b0 + r) * s.T + t) * s.H + v * W, left = s.H - v * W;
          const Codes of = gates_of(z + in, apart);
          if (kept != nullptr) {
            float* to = kept + (b0 * s.T + n * t) * kColumns * s.units * W + in;
            store(to, of.z), store(to + apart, of.r), store(to + 2 * apart, of.g), store(to + 3 * apart, of.state);
          }
          const vec h_old = load(h + in);
          const Sigmoid update(of.z);
          vec h_new = update.value * h_old + update.rest * Tanh(of.g).value;
          if (m.keep_h != nullptr) {
            const vec k = load(m.keep_h + at, left);
            h_new = k * h_old + (1.0f - k) * h_new;
          }
          store(h + in, h_new);
          store(hs->typed_data() + at, h_new, left);
          put_state(s, m, h_new, b0 + r, v, a + r * lda);
        }
    }
  }
}

void backward(F32 x, F32 h0, F32 w, F32 u, F32 bias, F32 mask_x, F32 mask_h, F32 keep_h, F32 keep_c, F32 hs,
                    F32 room, F32 d_hs, Out dx, Out dh0, Out dw, Out du, Out db, int64_t groups) {
  Shape s(x, u, 3, 2, groups);
  hold_inputs(s, h0, w, u, mask_x, mask_h, keep_h, keep_c);
  hold_all({{"bias", bias, {2, 3 * s.H}}, {"outputs", hs, {s.B, s.T, s.H}}, {"d_outputs", d_hs, {s.B, s.T, s.H}},
            {"d_x", *dx, {s.B, s.T, s.F}, true}, {"d_h0", *dh0, {s.B, s.H}}, {"d_kernel", *dw, {s.F, 3 * s.H}},
            {"d_recurrent_kernel", *du, {s.H, 3 * s.H}}, {"d_bias", *db, {2, 3 * s.H}}});
  const bool has_room = hold_room(room, s.B * s.T * kColumns * s.units * W);
  if (s.B == 0) return clear({&dx, &dh0, &dw, &du, &db});
  if (!dx->element_count()) s.inputs = 0;
  const Masks m(mask_x, mask_h, keep_h, keep_c);
  const int64_t lda = groups * s.S, N = s.inputs + s.units, one = s.units * s.rows * W;
  const int64_t row_floats = s.rows * (lda + kColumns * s.units * W);
  const int64_t span = std::max<int64_t>(1, std::min<int64_t>(s.T, 40960 / row_floats));  // steps per weight product
  const int64_t weights = 3 * s.units * W * s.K;
  const float* kept = has_room ? room.typed_data() : nullptr;
  arena.reset(2 * weights + 3 * s.units * W * N * W + span * (kColumns * one + s.rows * lda) + s.rows * W * N + one + 1024);
  float* packed = arena.take(weights);
  float* transposed = arena.take(N * 3 * s.units * W * W);
  float* dwu = arena.take(weights);  // [gate, vector][k][W]
  float* z = arena.take(span * kColumns * one);
  float* a = arena.take(span * s.rows * lda);
  float* da = arena.take(N * s.rows * W);
  float* dh = arena.take(one);
  pack(s, w.typed_data(), u.typed_data(), bias.typed_data(), packed);
  pack_transposed(s, w.typed_data(), u.typed_data(), transposed);
  std::memset(dwu, 0, weights * sizeof(float));
  for (int64_t b0 = 0; b0 < s.B; b0 += s.rows) {
    const int64_t n = std::min(s.rows, s.B - b0), rows = span * n, apart = s.units * rows * W;
    std::memset(dh, 0, s.units * n * W * sizeof(float));
    int64_t filled = 0;
    for (int64_t t = s.T - 1; t >= 0; --t) {
      float* at_a = a + filled * n * lda;
      float* at_z = z + filled * n * W;
      const float* h_old = t ? hs.typed_data() + (t - 1) * s.H : h0.typed_data();
      const int64_t stride = t ? s.T * s.H : s.H;
      put_input(s, m, x.typed_data(), b0, n, t, at_a);
      put_states(s, m, h_old, stride, b0, n, at_a);
      if (kept == nullptr) project_all(s, n, at_a, packed, at_z, rows);
      for (int64_t v = 0; v < s.units; ++v)
        for (int64_t r = 0; r < n; ++r) {
          const int64_t in = (v * n + r) * W, at = ((b0 + r) * s.T + t) * s.H + v * W, left = s.H - v * W;
          float* to = at_z + (v * rows + r) * W;
          Codes of;
          if (kept != nullptr) {
            const int64_t block = s.units * n * W;
            const float* from = kept + (b0 * s.T + n * t) * kColumns * s.units * W + in;
            of = {load(from), load(from + block), load(from + 2 * block), load(from + 3 * block)};
          } else {
            of = gates_of(to, apart);
          }
          const vec before = load(h_old + (b0 + r) * stride + v * W, left);
          vec dh_new = load(dh + in) + load(d_hs.typed_data() + at, left), dh_kept = vec{};
          if (m.keep_h != nullptr) dh_kept = dh_new * load(m.keep_h + at, left), dh_new -= dh_kept;
          const Sigmoid update(of.z), reset(of.r);
          const Tanh g(of.g);
          const vec dg = dh_new * update.rest * g.slope;
          store(to, dh_new * (before - g.value) * update.slope);
          store(to + apart, dg * of.state * reset.slope);
          store(to + 2 * apart, dg);
          store(to + 3 * apart, dg * reset.value);
          store(dh + in, dh_new * update.value + dh_kept);
        }
      const int64_t deep = s.per * W * W;
      for (int64_t q = 0; q < groups; ++q) {
        // All gates of the group reach the input; the state is reached by the candidate's last column instead.
        const float *to_x = transposed + q * N * deep, *to_h = to_x + s.inputs * deep, *dz = at_z + q * apart;
        const int64_t both = groups == 1 ? 2 * s.units : q < 2 ? s.units : 0;
        product<false>(n, s.inputs, Vectors{dz, rows * W, s.per}, to_x, deep, da, n * W);
        product<false>(n, s.units, Vectors{dz, rows * W, both}, to_h, deep, da + s.inputs * n * W, n * W);
        if (q == groups - 1)
          product<true>(n, s.units, Vectors{at_z + 3 * apart, rows * W, s.units}, to_h + both * W * W, deep,
                  da + s.inputs * n * W, n * W);
        give_back(s, m, q, da, b0, n, t, pointer(dx), dh);
      }
      if (++filled == span || t == 0) {
        add_weights(s, update_and_reset(s), filled * n, a, z, rows, dwu);
        add_weights(s, candidate_of_input(s), filled * n, a, z + 2 * apart, rows, dwu);
        add_weights(s, candidate_of_state(s), filled * n, a, z + 3 * apart, rows, dwu);
        filled = 0;
      }
    }
    give_rows(s, dh, b0, n, dh0->typed_data());
  }
  unpack(s, dwu, dw->typed_data(), du->typed_data(), db->typed_data());
}

}  // namespace gru
}  // namespace

extern "C" XLA_FFI_Error* normcast_gru_forward(XLA_FFI_CallFrame* frame) {
  return call(*frame, "gru", gru::forward, {"groups"});
}
extern "C" XLA_FFI_Error* normcast_gru_backward(XLA_FFI_CallFrame* frame) {
  return call(*frame, "gru's gradient", gru::backward, {"groups"});
}
