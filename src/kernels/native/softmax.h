/**
 * softmax of one row. The difference to the largest value is kept in two parts, since e^d would magnify its rounding
 * |d| times, and the sum is taken in float64, so that the error does not grow with n_y.
 */
#pragma once

#include "activations.h"

namespace {

/** z: (ceil(n_y / LANES), LANES), overwritten; lanes behind n_y hold the lowest finite float. y: (n_y) */
inline void softmax(size_t n_y, float* z, float* y) {
  float* const end = z + (n_y + LANES - 1) / LANES * LANES;
  Floats largest = load(z);
  for (const float* at = z + LANES; at < end; at += LANES) {
    const Floats x = load(at);
    largest = x < largest ? largest : x; // a NaN becomes the largest, and stays so or makes others NaN
  }
  float most = largest[0];
  for (size_t lane = 1; lane < LANES; lane++) most = largest[lane] < most ? most : largest[lane];

  HalfDoubles low{};
  HalfDoubles high{};
  for (float* at = z; at < end; at += LANES) {
    const Floats x = load(at);
    const Floats d = x - most;
    // x − most = d + e exactly (Knuth's TwoSum).
    const Floats part = d - x;
    const Floats e = (x - (d - part)) - (most + part);
    store(at, expOfNegative(d, d > -104.0f ? e : Floats{}));
    HalfFloats halves[2];
    std::memcpy(halves, at, sizeof halves);
    low += __builtin_convertvector(halves[0], HalfDoubles);
    high += __builtin_convertvector(halves[1], HalfDoubles);
  }
  low += high;
  double sum = 0;
  for (size_t lane = 0; lane < LANES / 2; lane++) sum += low[lane];
  const Floats divisor = all(static_cast<float>(sum));

  for (; n_y >= LANES; n_y -= LANES, z += LANES, y += LANES) store(y, load(z) / divisor);
  if (n_y > 0) storeFirst(y, load(z) / divisor, n_y);
}

} // namespace
