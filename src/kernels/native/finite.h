/** Whether values are numbers: float32s of which all bits of the exponent are 1 are infinite or NaN. */
#pragma once

#include "vector.h"

namespace {

/** One unit of the exponent, added to a magnitude, reaches the sign bit only if all bits of the exponent are 1. */
inline Words overflowing(Floats values) { return (bitsOf(values) & 0x7fffffffu) + 0x00800000u; }

inline bool noneOverflowing(Words found) {
  uint32_t any = 0;
  for (size_t lane = 0; lane < LANES; lane++) any |= found[lane];
  return any >> 31 == 0;
}

inline bool allFinite(const float* values, size_t count) {
  Words found{};
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) found |= overflowing(load(values + i));
  if (i < count) found |= overflowing(loadFirst(values + i, count - i));
  return noneOverflowing(found);
}

/** The same of values that are copied. */
inline bool copyFinite(const float* values, float* target, size_t count) {
  Words found{};
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    const Floats piece = load(values + i);
    store(target + i, piece);
    found |= overflowing(piece);
  }
  if (i < count) {
    const Floats piece = loadFirst(values + i, count - i);
    storeFirst(target + i, piece, count - i);
    found |= overflowing(piece);
  }
  return noneOverflowing(found);
}

} // namespace
