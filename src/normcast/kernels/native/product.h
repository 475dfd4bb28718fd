// Products of matrices that fit the caches, in tiles that stay in registers.
#pragma once
#include "vector.h"

namespace {

constexpr int kRows = 6;  // rows of a register tile: 6 x 2 vectors leave room for the operands

// Left operands of a product: element (r, k) of the first `inner` k is p[r * row() + k * step()], and so on after each
// jump(). Each is a type of its own, so that the loops of a tile know the strides.
struct Rows {  // row by row
  const float* p;
  int64_t apart, depth;
  int64_t row() const { return apart; }
  int64_t step() const { return 1; }
  int64_t inner() const { return depth; }
  int64_t outer() const { return 1; }
  int64_t jump() const { return 0; }
};
struct Columns {  // column by column: the transpose of what is laid out row by row
  const float* p;
  int64_t apart, depth;
  int64_t row() const { return 1; }
  int64_t step() const { return apart; }
  int64_t inner() const { return depth; }
  int64_t outer() const { return 1; }
  int64_t jump() const { return 0; }
};
struct Vectors {  // [vector][row][W], `apart` floats from one vector to the next
  const float* p;
  int64_t apart, count;
  int64_t row() const { return W; }
  int64_t step() const { return 1; }
  int64_t inner() const { return W; }
  int64_t outer() const { return count; }
  int64_t jump() const { return apart; }
};

// c[v][r] (+)= sum over k of left(r, k) * b[v][k], all vectors W wide; b and c are [vector][k or r][W].
// Unrolled and inlined by decree: compilers otherwise keep the sums in memory before and after the loop over k, which
// costs up to a fourth of a product.
template <int R, int V, bool Add, class Left>
__attribute__((always_inline)) inline void tile(Left a, const float* b, int64_t b_vec, float* c, int64_t c_vec) {
  vec acc[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) acc[r][v] = Add ? load(c + v * c_vec + r * W) : vec{};
  for (int64_t j = 0; j < a.outer(); ++j) {
    const float* p = a.p + j * a.jump();
    for (int64_t k = 0; k < a.inner(); ++k, p += a.step(), b += W) {
      vec w[V];
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) w[v] = load(b + v * b_vec);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const vec x = all(p[r * a.row()]);
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) acc[r][v] += x * w[v];
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) store(c + v * c_vec + r * W, acc[r][v]);
}

template <int V, bool Add, class Left>
void tile_rows(int rows, const Left& a, const float* b, int64_t b_vec, float* c, int64_t c_vec) {
  switch (rows) {
    case 1: return tile<1, V, Add>(a, b, b_vec, c, c_vec);
    case 2: return tile<2, V, Add>(a, b, b_vec, c, c_vec);
    case 3: return tile<3, V, Add>(a, b, b_vec, c, c_vec);
    case 4: return tile<4, V, Add>(a, b, b_vec, c, c_vec);
    case 5: return tile<5, V, Add>(a, b, b_vec, c, c_vec);
    default: return tile<6, V, Add>(a, b, b_vec, c, c_vec);
  }
}

// The product of V vectors.
template <int V, bool Add, class Left>
void strip(int64_t rows, const Left& a, const float* b, int64_t b_vec, float* c, int64_t c_vec) {
  const int64_t tiles = (rows + kRows - 1) / kRows;
  for (int64_t i = 0; i < tiles; ++i) {
    const int64_t first = rows * i / tiles, count = rows * (i + 1) / tiles - first;
    Left part = a;
    part.p += first * a.row();
    tile_rows<V, Add>(count, part, b, b_vec, c + first * W, c_vec);
  }
}

template <bool Add, class Left>
void product(int64_t rows, int64_t vectors, const Left& a, const float* b, int64_t b_vec, float* c, int64_t c_vec) {
  int64_t v = 0;
  for (; v + 1 < vectors; v += 2) strip<2, Add>(rows, a, b + v * b_vec, b_vec, c + v * c_vec, c_vec);
  if (v < vectors) strip<1, Add>(rows, a, b + v * b_vec, b_vec, c + v * c_vec, c_vec);
}

}  // namespace
