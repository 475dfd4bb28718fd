// Vectors as wide as the CPU has them, and the activations of a vector.
#pragma once
#include <cstdint>
#include <cstring>
#if defined(__AVX__)
#include <immintrin.h>
#endif

namespace {

#ifdef __AVX512DQ__
constexpr int W = 16;
#else
constexpr int W = 8;
#endif
typedef float vec __attribute__((vector_size(W * 4)));
typedef float uvec __attribute__((vector_size(W * 4), aligned(4), may_alias));

inline vec load(const float* p) { return *reinterpret_cast<const uvec*>(p); }
inline void store(float* p, vec v) { *reinterpret_cast<uvec*>(p) = v; }
// The first n lanes, at least one; the others are 0, and stay as they are in memory.
inline vec load(const float* p, int64_t n) {
  if (n >= W) return load(p);
#if defined(__AVX512DQ__)
  return (vec)_mm512_maskz_loadu_ps((1u << n) - 1, p);
#else
  float tail[W] = {};
  std::memcpy(tail, p, n * sizeof(float));
  return load(tail);
#endif
}
inline void store(float* p, vec v, int64_t n) {
  if (n >= W) return store(p, v);
#if defined(__AVX512DQ__)
  _mm512_mask_storeu_ps(p, (1u << n) - 1, (__m512)v);
#else
  float tail[W];
  store(tail, v);
  std::memcpy(p, tail, n * sizeof(float));
#endif
}
inline vec all(float x) { return x - vec{}; }

inline float sum(vec v) {
#if defined(__AVX512DQ__)
  return _mm512_reduce_add_ps((__m512)v);
#elif defined(__AVX__)
  __m128 half = _mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
#else
  float total = 0;
  for (int l = 0; l < W; ++l) total += v[l];
  return total;
#endif
}

#if defined(__AVX512DQ__)
// 2^x, relative error below 2e-7, exact where x is whole; NaN stays NaN, and infinities need no care.
inline vec exp2_(vec x) {
  const vec f = (vec)_mm512_reduce_ps((__m512)x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  vec p = f * 1.867130279e-03f + 9.017029880e-03f;
  p = p * f + 5.579991342e-02f;
  p = p * f + 2.401644501e-01f;
  p = p * f + 6.931513118e-01f;
  p = p * f + 1.0f;
  return (vec)_mm512_scalef_ps((__m512)p, (__m512)x);
}
// Absolute errors below 2e-7 and 1e-7. Near zero tanh moves in steps of 1e-7: what it multiplies is of order one.
inline vec tanh_(vec x) { return 2.0f / (1.0f + exp2_(x * -2.885390082f)) - 1.0f; }
inline vec sigmoid(vec x) { return 1.0f / (1.0f + exp2_(x * -1.442695041f)); }
#else
// x between -top and top, NaN as it is. Compilers do not find the two instructions in the comparison.
inline vec between(vec x, vec top) {
#if defined(__AVX__)
  return (vec)_mm256_max_ps((__m256)-top, _mm256_min_ps((__m256)top, (__m256)x));
#else
  x = x > top ? top : x;
  return x < -top ? -top : x;
#endif
}
// The rational approximation that Eigen and XLA use: absolute error below 3e-7; NaN stays NaN.
inline vec tanh_(vec x) {
  x = between(x, all(7.90531110763549805f));
  const vec s = x * x;
  vec p = s * -2.76076847742355e-16f + 2.00018790482477e-13f;
  p = p * s + -8.60467152213735e-11f;
  p = p * s + 5.12229709037114e-08f;
  p = p * s + 1.48572235717979e-05f;
  p = p * s + 6.37261928875436e-04f;
  p = p * s + 4.89352455891786e-03f;
  vec q = s * 1.19825839466702e-06f + 1.18534705686654e-04f;
  q = q * s + 2.26843463243900e-03f;
  q = q * s + 4.89352518554385e-03f;
  return x * p / q;
}
inline vec sigmoid(vec x) { return tanh_(x * 0.5f) * 0.5f + 0.5f; }
#endif

}  // namespace
