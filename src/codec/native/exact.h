/**
 * Any finite float32 as Number::toString of ECMA-262 writes it, from the shortest decimal that reads back to it, and of
 * the shortest the closest: Schubfach (Raffaello Giulietti, The Schubfach way to render doubles, 2021).
 */
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "tables.h"

struct Decimal {
  /** The value is digits · 10^exponent. */
  uint32_t digits;
  int exponent;
};

/**
 * The upper 64 bits of the product of a scale and `factor` less 32, the last bit set if what is cut off is not 0: as
 * good as the exact product where it is compared with integers.
 */
inline uint32_t roundToOdd(uint64_t scale, uint64_t factor) {
  const uint64_t middle = (scale >> 32) * factor + (((scale & 0xffffffff) * factor) >> 32);
  return static_cast<uint32_t>(middle >> 32) | static_cast<uint32_t>(static_cast<uint32_t>(middle) > 1);
}

/** @param magnitude the bits of a positive float32, neither 0 nor infinite */
inline Decimal shortestDecimal(const Tables& tables, uint32_t magnitude) {
  constexpr int LEAST_SCALE = -31;
  const uint32_t fraction = magnitude & 0x7fffff;
  const int field = static_cast<int>(magnitude >> 23);
  const int normal = field != 0;
  // The value is c · 2^q. Below a power of two the float32s lie twice as near.
  const uint32_t c = fraction | (static_cast<uint32_t>(normal) << 23);
  const int q = field - normal - 149;
  const uint32_t irregular = fraction == 0 && field > 1;
  const uint32_t odd = c & 1;

  // k = floor(log10(2^q)), of 3/4 · 2^q if irregular.
  const int k = (q * 1262611 - static_cast<int>(irregular) * 524031) >> 22;
  const int h = q + ((-k * 1741647) >> 19) + 1;
  const uint64_t scale = tables.scales[-k - LEAST_SCALE];
  const uint32_t value = roundToOdd(scale, static_cast<uint64_t>(4 * c) << h);
  const uint32_t lower = roundToOdd(scale, static_cast<uint64_t>(4 * c - 2 + irregular) << h) + odd;
  const uint32_t upper = roundToOdd(scale, static_cast<uint64_t>(4 * c + 2) << h) - odd;

  // In units of 10^k the candidates are `below`, the one above it, and the two multiples of ten around the value.
  const uint32_t below = value >> 2;
  const uint32_t ten = below / 10 * 10;
  const bool tenInside = lower <= 4 * ten;
  const bool nextTenInside = 4 * ten + 40 <= upper;
  const bool belowInside = lower <= 4 * below;
  const bool aboveInside = 4 * below + 4 <= upper;
  // Of two that are as near, the larger, as Number::toPrecision chooses.
  const bool closer = value >= 4 * below + 2;
  if (below >= 10 && tenInside != nextTenInside) return {ten + (nextTenInside ? 10 : 0), k};
  return {below + (belowInside != aboveInside ? aboveInside : closer), k};
}

/**
 * Writes the magnitude of a float32; of 22 bytes some behind the text may be written over.
 * @param magnitude the bits of a finite float32 without its sign
 * @returns behind the text
 */
inline char* writeExactly(const Tables& tables, char* at, uint32_t magnitude) {
  if (magnitude == 0) {
    *at = '0';
    return at + 1;
  }
  Decimal decimal = shortestDecimal(tables, magnitude);
  // 7.038531e-26 is the one short decimal that a float64 cannot tell from the middle between two float32s: whoever reads
  // it by way of float64 gets the upper one, for which it is therefore the shortest, and not the lower one, to which it
  // is nearer.
  constexpr uint32_t BELOW_THE_MIDDLE = 0x15ae43fd;
  if (magnitude == BELOW_THE_MIDDLE) decimal = {70385307, -33};
  if (magnitude == BELOW_THE_MIDDLE + 1) decimal = {70385310, -33};

  char digits[10];
  int count = 0;
  for (uint32_t rest = decimal.digits; rest > 0; rest /= 10) digits[9 - count++] = static_cast<char>('0' + rest % 10);
  const char* const first = digits + 10 - count;
  /** The decimal point stands behind so many digits. */
  const int point = count + decimal.exponent;
  while (first[count - 1] == '0') count--;
  const auto write = [&at](const char* from, int length) {
    memcpy(at, from, static_cast<size_t>(length));
    at += length;
  };
  const auto zeros = [&at](int length) {
    memset(at, '0', static_cast<size_t>(length));
    at += length;
  };

  if (point > 21 || point <= -6) {
    write(first, 1);
    if (count > 1) *at++ = '.';
    write(first + 1, count - 1);
    *at++ = 'e';
    *at++ = point < 1 ? '-' : '+';
    const int power = std::abs(point - 1);
    if (power >= 10) *at++ = static_cast<char>('0' + power / 10);
    *at++ = static_cast<char>('0' + power % 10);
  } else if (point <= 0) {
    write("0.", 2);
    zeros(-point);
    write(first, count);
  } else {
    const int whole = std::min(count, point);
    write(first, whole);
    zeros(point - whole);
    if (count > point) *at++ = '.';
    write(first + whole, count - whole);
  }
  return at;
}
