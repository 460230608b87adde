/**
 * exp, σ and tanh on vectors, over the whole float32 range, denormal results included; NaN stays NaN. Their largest
 * errors, measured against float64, stand in test/kernels/activations.test.ts.
 *
 * All reduce x = n·ln 2 + r, |r| ≤ ln 2 / 2, and use e^r = 1 + r + r²·q(r), q of degree 4. σ and tanh come as
 * fractions, so that the products of the state update divide once where the equations divide twice.
 */
#pragma once

#include "vector.h"

namespace {

struct Fraction {
  Floats top;
  Floats bottom;
};

inline Floats valueOf(Fraction fraction) { return fraction.top / fraction.bottom; }

// 1.5·2^23: adding it leaves the rounded value in the low bits of the sum.
constexpr float ROUND = 12582912.0f;
constexpr uint32_t SIGN = 0x80000000;
constexpr uint32_t ONE_BITS = 0x3f800000;

/** r²·q(r) + r = e^r − 1; q interpolates (e^r − 1 − r) / r² at the Chebyshev nodes of ±0.3468. */
inline Floats expMinusOne(Floats r) {
  const Floats square = r * r;
  const Floats low = madd(all(0.16666576266288757f), r, all(0.5f));
  const Floats middle = madd(all(0.008363212458789349f), r, all(0.041666556149721146f));
  const Floats high = madd(all(0.0013926224782063055f), square, middle);
  return madd(square, madd(high, square, low), r);
}

/** 2^n of a normal float's n; what stands above its lowest 9 bits, such as the bits of ROUND, falls away. */
inline Floats powerOfTwo(Words n) { return floatsOf((n << 23) + ONE_BITS); }

/** ROUND + round(x / ln 2) */
inline Floats rounded(Floats x) { return madd(x, all(1.44269504088896341f), all(ROUND)); }

/** x − n·ln 2, with ln 2 in two parts: the first has few enough bits that n times it is exact. */
inline Floats remainder(Floats x, Floats n) {
  return madd(n, all(2.1219444e-4f), madd(n, all(-0.693359375f), x));
}

/** e^(x + e) for x ≤ 0 and a tiny e, the rounding error of x; with gradual underflow. */
inline Floats expOfNegative(Floats x, Floats e) {
  // e^-104 is less than half of the smallest denormal. NaN is not less than it and stays.
  const Floats y = x < -104.0f ? all(-104.0f) : x;
  const Floats sum = rounded(y);
  const Floats n = sum - ROUND;
  const Floats p = expMinusOne(remainder(y, n) + e) + 1.0f;
#if defined(__AVX512F__)
  return _mm512_maskz_scalef_ps(0xffff, p, n); // unmasked, gcc 12's header warns of itself
#else
  // 2^n in two halves: the first product is exact, only the second can round into the denormals.
  const Ints exponent = reinterpret_cast<Ints>(bitsOf(sum) - bitsOf(all(ROUND)));
  const Ints half = exponent >> 1;
  return p * powerOfTwo(reinterpret_cast<Words>(half)) * powerOfTwo(reinterpret_cast<Words>(exponent - half));
#endif
}

/** σ(x) = 1 / (1 + e^−x); with z = e^−|x| it is 1 / (1 + z) or z / (1 + z), exact down to the denormals. */
inline Fraction sigmoid(Floats x) {
  const Floats z = expOfNegative(floatsOf(bitsOf(x) | SIGN), Floats{});
  return {reinterpret_cast<Ints>(x) < 0 ? z : all(1.0f), z + 1.0f};
}

/** tanh(x) = sign(x)·E / (E + 2), E = e^2|x| − 1, which keeps its relative error near 0. */
inline Fraction tanh(Floats x) {
  const Floats size = floatsOf(bitsOf(x) & ~SIGN);
  const Floats twice = size + size;
  const Floats y = twice > 20.0f ? all(20.0f) : twice; // tanh is 1 in float32 from 9.02 on
  const Floats sum = rounded(y);
  const Floats n = sum - ROUND;
  const Floats power = powerOfTwo(bitsOf(sum));
  const Floats E = madd(power, expMinusOne(remainder(y, n)), power - 1.0f);
  return {floatsOf(bitsOf(E) | (bitsOf(x) & SIGN)), E + 2.0f};
}

} // namespace
