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
typedef int32_t ivec __attribute__((vector_size(W * 4)));
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
// to = a * b, of n floats each.
inline void multiply(const float* a, const float* b, int64_t n, float* to) {
  int64_t i = 0;
  for (; i + W <= n; i += W) store(to + i, load(a + i) * load(b + i));
#if defined(__AVX512DQ__)
  if (i < n) store(to + i, load(a + i, n - i) * load(b + i, n - i), n - i);
#else
  for (; i < n; ++i) to[i] = a[i] * b[i];  // faster than a tail by way of memory
#endif
}

// x, or 0 where rounding made it negative; NaN as it is.
inline float no_less_than_zero(float x) { return x < 0 ? 0 : x; }
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

inline vec at_least(vec x, float least) {  // NaN as it is
#if defined(__AVX512DQ__)
  return (vec)_mm512_max_ps((__m512)all(least), (__m512)x);
#elif defined(__AVX__)
  return (vec)_mm256_max_ps((__m256)all(least), (__m256)x);
#else
  return x < least ? all(least) : x;
#endif
}
inline vec size_of(vec x) { return (vec)((ivec)x & 0x7fffffff); }
inline vec with_sign(vec size, vec x) { return (vec)((ivec)size | ((ivec)x & INT32_MIN)); }
// yes where the sign bit of `by` is set, which is all that blends look at, else no.
inline vec choose(ivec by, vec yes, vec no) { return by < 0 ? yes : no; }

// 2^x and 2^x - 1 for x <= 0, each with a relative error below 2e-7; 0 and -1 below -126; NaN stays NaN.
struct Power {
  vec value, less_one;
};
inline Power power_of_two(vec x) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: added, it leaves the nearest whole number in the lowest bits
  x = at_least(x, -127.0f);
  const vec shifted = x + kRound, f = x - (shifted - kRound);
  vec p = f * 1.540351239e-04f + 1.339096454e-03f;
  p = p * f + 9.618238365e-03f;
  p = p * f + 5.550357005e-02f;
  p = p * f + 2.402264978e-01f;
  p = p * f + 6.931471880e-01f;
  const vec scale = (vec)(((ivec)shifted << 23) + 0x3f800000), more = scale * (p * f);
  return {scale + more, more + (scale - 1.0f)};
}

// What a gate did, so written that both it and its complement are known to all their digits, also where one of them is
// tiny: derivatives are products with complements, and 1 - s of a rounded s is nothing but its rounding.

// A sigmoid s: the smaller of s and 1 - s, with the sign of its argument.
inline vec sigmoid_code(vec x) {
  const vec e = power_of_two(size_of(x) * -1.442695041f).value;
  return with_sign(e / (1.0f + e), x);
}
struct Sigmoid {
  vec value, rest, slope;  // s, 1 - s, and their product
  explicit Sigmoid(vec code) {
    const vec least = size_of(code), most = 1.0f - least;
    value = choose((ivec)code, least, most), rest = choose((ivec)code, most, least), slope = least * most;
  }
};

// A tanh t: t itself where it is below a half, with the last bit 0; else 1 - |t| with the sign of t, and the last bit 1.
struct Tanh {
  vec value, slope;
  explicit Tanh(vec code) {
    const ivec far = (ivec)code << 31;
    const vec kept = (vec)((ivec)size_of(code) & ~1), other = 1.0f - kept;
    value = with_sign(choose(far, other, kept), code);
    slope = choose(far, kept * (1.0f + other), (1.0f + kept) * other);  // 1 - t^2
  }
};
inline vec tanh_code(vec x) {
  const Power e = power_of_two(size_of(x) * -2.885390082f);
  const vec part = 1.0f / (2.0f + e.less_one), t = -e.less_one * part, rest = 2.0f * e.value * part;
  const vec near = (vec)((ivec)t & ~1), far = (vec)((ivec)rest | 1);
  return with_sign(t < 0.5f ? near : far, x);
}
inline vec tanh_(vec x) {
  const vec less = power_of_two(size_of(x) * -2.885390082f).less_one;
  return with_sign(-less / (2.0f + less), x);
}

}  // namespace
