// The normalized terms of an LSTM, with their scales and shifts.
#pragma once
#include "terms.h"

namespace {

inline void hold_terms(const Shape& s, const F32& c0, const F32& b, const F32& gx, const F32& gh, const F32& gc,
                       const F32& bc, int64_t batch) {
  hold_all({{"c0", c0, {s.B, s.H}},
            {"bias", b, {4 * s.H}},
            {"gamma_x", gx, {4 * s.H}, true},
            {"gamma_h", gh, {4 * s.H}, true},
            {"gamma_c", gc, {s.H}, true},
            {"beta_c", bc, {s.H}, true}});
  hold_number("batch", batch, {0, 1});
}

// The three terms, with their scales and shifts; a term whose gamma is empty is not normalized: its gamma is 1.
struct Norms {
  Term x, h, c;
  float *bias, *beta;
  static int64_t floats(const Shape& s) { return 4 * s.units * W * 5 + 512; }
  Norms(const Shape& s, float epsilon, const F32& b, const F32& gx, const F32& gh, const F32& gc, const F32& bc) {
    float* lanes = arena.take(s.units * W);
    for (int64_t l = 0; l < s.units * W; ++l) lanes[l] = l < s.H;
    bias = arena.take(4 * s.units * W), beta = arena.take(s.units * W);
    spread(s, b, 4, 0, bias), spread(s, bc, 1, 0, beta);
    const F32* gammas[] = {&gx, &gh, &gc};
    Term* terms[] = {&x, &h, &c};
    for (int i = 0; i < 3; ++i) {
      const int64_t gates = i < 2 ? 4 : 1;
      float* gamma = arena.take(gates * s.units * W);
      spread(s, *gammas[i], gates, 1, gamma);
      const bool on = gammas[i]->element_count();
      *terms[i] = {on, epsilon, gates, s.units, s.H, gamma, lanes};
    }
  }
};

}  // namespace
