/**
 * out = init + W·in for a list of rows: the one matrix product of the kernel.
 *
 * W lies in panels of 4·LANES outputs, (K, 4, LANES): for a layer the gates f, i, c, o of LANES units side by side.
 * Every output is accumulated from init in the order k = 0 … K-1 by `madd`, in every tile alike: a row's bits do not
 * depend on the tile that it falls into.
 *
 * A panel may also be stored smaller, which pays where reading it takes longer than the arithmetic: what is read is
 * made float32 in registers, and everything is computed in float32.
 */
#pragma once

#include "vector.h"

namespace {

/** Where a row's values of a panel lie: at + row·rowStride + panel·panelStride, in floats. */
template <class Value>
struct Grid {
  Value* at;
  size_t rowStride;
  size_t panelStride;
  Value* of(size_t row, size_t panel) const { return at + row * rowStride + panel * panelStride; }
};

/** Offsets in bytes of the rows' inputs. */
struct Rows {
  const char* base;
  const uint32_t* offsets;
  const float* operator[](size_t row) const { return reinterpret_cast<const float*>(base + offsets[row]); }
};

/** (K, 4, LANES) floats */
struct Float32 {
  static constexpr size_t WORDS = PANEL; // of one k, 32 bits each
  static constexpr bool SCALED = false;
  static Floats gate(const uint32_t* k, int g) { return floatsOf(loadWords(k + g * LANES)); }
};

/** (K, 2, LANES) words, the upper halves of the floats of f | i << 16, then of c | o << 16 */
struct Bfloat16 {
  static constexpr size_t WORDS = 2 * LANES;
  static constexpr bool SCALED = false;
  static Floats gate(const uint32_t* k, int g) {
    const Words pair = loadWords(k + g / 2 * LANES);
    return floatsOf(g % 2 == 0 ? pair << 16 : pair & 0xffff0000u);
  }
};

/** (K, LANES) words, a byte for each of f, i, c, o that holds 128 more than how many times the scale the weight is. */
struct Int8 {
  static constexpr size_t WORDS = LANES;
  static constexpr bool SCALED = true;
  static Floats gate(const uint32_t* k, int g) {
    const Words word = loadWords(k);
    const Words pair = g < 2 ? word : word >> 16;
    // A byte at the end of the mantissa of 2^23, or 8 bits further up in that of 2^15, adds itself to the power.
    if (g % 2 == 0) return floatsOf(choose(pair, 0xff, 0x4b000000)) - (8388608.0f + 128.0f);
    return floatsOf(choose(pair, 0xff00, 0x47000000)) - (32768.0f + 128.0f);
  }
};

/** Panels one after the other. scales: (panels, 4, LANES), for Int8. */
template <class Storage>
struct Weights {
  const uint32_t* panels;
  const float* scales;
};

/** The panels at `values`, and the scales that go before them where there are any. */
template <class Storage>
inline Weights<Storage> weightsAt(const float* values, size_t panels) {
  const float* const first = Storage::SCALED ? values + panels * PANEL : values;
  return {reinterpret_cast<const uint32_t*>(first), values};
}

// Unrolled whole, so that the sums are in registers from their first value to their store: gcc puts them into memory else.
#if defined(__clang__)
#define EVERY_ONE // by itself
#else
#define EVERY_ONE _Pragma("GCC unroll 8")
#endif

/** ROWS rows from `row` on × PANELS panels from `panel` on. */
template <int ROWS, int PANELS, class Storage>
inline void tile(size_t K, Weights<Storage> W, Rows in, size_t row, size_t panel, Grid<const float> init,
                 Grid<float> out) {
  const float* rows[ROWS];
  const uint32_t* weights[PANELS]; // (K, WORDS)
  Floats sums[ROWS][PANELS][4];
  for (int p = 0; p < PANELS; p++) weights[p] = W.panels + (panel + p) * K * Storage::WORDS;
  EVERY_ONE for (int r = 0; r < ROWS; r++) {
    rows[r] = in[row + r];
    EVERY_ONE for (int p = 0; p < PANELS; p++) {
      EVERY_ONE for (int g = 0; g < 4; g++) {
        sums[r][p][g] = Storage::SCALED ? Floats{} : load(init.of(row + r, panel + p) + g * LANES);
      }
    }
  }
  for (size_t k = 0; k < K; k++) {
    for (int p = 0; p < PANELS; p++) {
      for (int g = 0; g < 4; g++) {
        const Floats loaded = Storage::gate(weights[p] + k * Storage::WORDS, g);
        const Floats w = ROWS > 1 ? inRegister(loaded) : loaded;
        for (int r = 0; r < ROWS; r++) sums[r][p][g] = madd(w, all(rows[r][k]), sums[r][p][g]);
      }
    }
  }
  EVERY_ONE for (int r = 0; r < ROWS; r++) {
    EVERY_ONE for (int p = 0; p < PANELS; p++) {
      EVERY_ONE for (int g = 0; g < 4; g++) {
        Floats sum = sums[r][p][g];
        if constexpr (Storage::SCALED) {
          const Floats scale = load(W.scales + (panel + p) * PANEL + g * LANES);
          sum = madd(scale, sum, load(init.of(row + r, panel + p) + g * LANES));
        }
        store(out.of(row + r, panel + p) + g * LANES, sum);
      }
    }
  }
}

/** One tile of `rows` rows, 1 to ROWS, and one panel. */
template <int ROWS, class Storage>
inline void tall(size_t rows, size_t K, Weights<Storage> W, Rows in, size_t row, size_t panel, Grid<const float> init,
                 Grid<float> out) {
  if (rows == ROWS) tile<ROWS, 1>(K, W, in, row, panel, init, out);
  else if constexpr (ROWS > 1) tall<ROWS - 1>(rows, K, W, in, row, panel, init, out);
}

/** One tile of ROWS rows and `panels` panels, 1 to PANELS. */
template <int ROWS, int PANELS, class Storage>
inline void wide(size_t panels, size_t K, Weights<Storage> W, Rows in, size_t panel, Grid<const float> init,
                 Grid<float> out) {
  if (panels == PANELS) tile<ROWS, PANELS>(K, W, in, 0, panel, init, out);
  else if constexpr (PANELS > 1) wide<ROWS, PANELS - 1>(panels, K, W, in, panel, init, out);
}

/** How many panels go well together for so many rows. */
inline size_t panelsAtOnce(size_t rows) { return rows == 1 ? LONE_PANELS : rows == 2 ? PAIR_PANELS : 1; }

/** All rows × `panels` panels from `panel` on, 1 to panelsAtOnce. */
template <class Storage>
inline void product(size_t rows, size_t K, Weights<Storage> W, Rows in, size_t panel, size_t panels,
                    Grid<const float> init, Grid<float> out) {
  if (rows == 1) return wide<1, LONE_PANELS>(panels, K, W, in, panel, init, out);
  if (rows == 2) return wide<2, PAIR_PANELS>(panels, K, W, in, panel, init, out);
  // tiles of nearly the same height: 8 rows are 4 + 4
  for (size_t row = 0, tiles = (rows + MOST_ROWS - 1) / MOST_ROWS; tiles > 0; tiles--) {
    const size_t height = (rows - row + tiles - 1) / tiles;
    tall<MOST_ROWS>(height, K, W, in, row, panel, init, out);
    row += height;
  }
}

} // namespace
