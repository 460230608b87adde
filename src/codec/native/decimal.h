/**
 * Any number of the JSON grammar to Math.fround(Number(text)). Up to 19 digits go into an integer; what comes after
 * them weighs less than 10^-18 of the value and only moves the decimal point. The exact case, an integer below 2^53 and
 * a power of ten up to 10^22, is Clinger's fast path (How to Read Floating Point Numbers Accurately, PLDI 1990).
 */
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "tables.h"

/**
 * Rounding is monotonic: when both ends of the interval round to one float32, so does everything between them. The
 * double may be off by 2^-49, 16 units of its rounding; making it of an integer, a power of ten, the scaling, what lies
 * behind the last digit kept, and `Number(text)` itself come to 5 or 6.
 */
inline bool roundsForSure(double approximation) {
  return static_cast<float>(approximation * (1 - 0x1p-49)) == static_cast<float>(approximation * (1 + 0x1p-49));
}

/** `integer` · 10^`exponent`, or NaN if it is too large or its rounding is not sure. */
inline float scaled(const Tables& tables, uint64_t integer, int64_t exponent) {
  // The integer has at most 19 digits, so here the outcome is far from what a float32 can hold.
  if (integer == 0 || exponent < -300) return 0;
  if (exponent > 300) return NAN;
  const double power = tables.powersOfTen[std::llabs(exponent)];
  const double value = exponent < 0 ? static_cast<double>(integer) / power : static_cast<double>(integer) * power;
  const float rounded = static_cast<float>(value);
  if (std::isinf(rounded)) return NAN;
  if (integer < (uint64_t{1} << 53) && std::llabs(exponent) <= 22) return rounded;
  return roundsForSure(value) ? rounded : NAN;
}

inline bool isDigit(char byte) { return static_cast<uint8_t>(byte - '0') <= 9; }

/**
 * @param at the first byte; the text ends with a byte that belongs to no number
 * @param value NaN if it overflows, or if only exact arithmetic knows how it rounds
 * @returns behind the number, or nullptr if it is none
 */
inline const char* readDecimal(const Tables& tables, const char* at, float* value) {
  constexpr uint64_t ROOM_FOR_ONE = 1000000000000000000;
  const bool negative = *at == '-';
  if (negative) at++;
  const char* const first = at;
  uint64_t integer = 0;
  int64_t exponent = 0;
  for (; isDigit(*at); at++) {
    if (integer < ROOM_FOR_ONE) integer = integer * 10 + static_cast<uint64_t>(*at - '0');
    else exponent++;
  }
  if (at == first || (at > first + 1 && *first == '0')) return nullptr;
  if (*at == '.') {
    const char* const point = ++at;
    for (; isDigit(*at); at++) {
      if (integer >= ROOM_FOR_ONE) continue;
      integer = integer * 10 + static_cast<uint64_t>(*at - '0');
      exponent--;
    }
    if (at == point) return nullptr;
  }
  if (*at == 'e' || *at == 'E') {
    const char sign = *++at;
    if (sign == '-' || sign == '+') at++;
    const char* const digits = at;
    int64_t written = 0;
    for (; isDigit(*at); at++) {
      if (written < 100000000) written = written * 10 + (*at - '0');
    }
    if (at == digits) return nullptr;
    exponent += sign == '-' ? -written : written;
  }
  const float magnitude = scaled(tables, integer, exponent);
  *value = negative ? -magnitude : magnitude;
  return at;
}
