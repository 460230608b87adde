/**
 * What a window of text has of numbers, a bit for each byte, with their grammar checked (Langdale and Lemire, Parsing
 * gigabytes of JSON per second, The VLDB Journal 28, 2019): any number without an exponent, and the plain ones.
 */
#pragma once

#include "text.h"

struct Window {
  __m512i bytes;
  uint64_t starts;
  uint64_t ends;
  /** A place within each number, of those that may end here. */
  uint64_t marks;
  /** Where a number, or what is right behind it, shows that it is none of this form. */
  uint64_t faults;
  uint64_t commas;
  /** Neither numbers nor commas nor space. */
  uint64_t others;
};

/** Any number without an exponent, marked where it begins; any space. What is kept is of the window before. */
struct AnyForm {
  uint64_t numbers = 0;
  uint64_t digits = 0;
  uint64_t minuses = 0;
  uint64_t points = 0;
  uint64_t firstZeros = 0;
  /** Bit 0: it ends with a digit behind a point. */
  uint64_t inFraction = 0;

  /** Where the number with this mark begins. */
  static const char* start(const char* mark) { return mark; }

  Window look(__m512i bytes) {
    // '-', '.' and the digits, and between them the slash, which is sorted out below
    const __m512i fromMinus = _mm512_sub_epi8(bytes, _mm512_set1_epi8('-'));
    const uint64_t inNumbers = _mm512_cmple_epu8_mask(fromMinus, _mm512_set1_epi8('9' - '-'));
    const uint64_t commas = are(bytes, ',');
    // each of the four at the place of its lower half
    const __m512i fourSpaces = _mm512_set4_epi32(0x0000'0dff, 0xff0a'09ff, -1, 0xffff'ff20);
    const uint64_t spaces = _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(fourSpaces, bytes), bytes);
    const uint64_t behindNumbers = behind(inNumbers, numbers);
    const uint64_t starts = inNumbers & ~behindNumbers;

    const uint64_t minus = are(bytes, '-');
    const uint64_t point = are(bytes, '.');
    const uint64_t digit = areDigits(bytes);
    const uint64_t behindDigits = behind(digit, digits);
    const uint64_t behindMinuses = behind(minus, minuses);
    const uint64_t behindPoints = behind(point, points);
    const uint64_t zero = ((starts & digit) | behindMinuses) & are(bytes, '0');
    uint64_t faults = (inNumbers & ~(minus | point | digit)) | (minus & ~starts);
    faults |= (point & ~behindDigits) | ((behindMinuses | behindPoints) & ~digit);
    // no digit behind a leading zero
    faults |= behind(zero, firstZeros) & digit;
    // added to the first digit behind a point, a one is carried to what follows the last: no other point
    faults |= inFraction & point;
    uint64_t behindFractions;
    inFraction = __builtin_add_overflow(digit, (behindPoints | inFraction) & digit, &behindFractions);
    faults |= behindFractions & ~digit & point;
    return {bytes, starts, behindNumbers & ~inNumbers, starts, faults, commas, ~(inNumbers | commas | spaces)};
  }
};

/**
 * Numbers with one digit before the point or without a point, as nearly all are that models take: marked where the point
 * is or would be. No space but ' '.
 */
struct PlainForm {
  uint64_t numbers = 0;
  uint64_t digits = 0;
  uint64_t minuses = 0;
  uint64_t points = 0;
  uint64_t units = 0;

  static const char* start(const char* mark) { return mark[-2] == '-' ? mark - 2 : mark - 1; }

  Window look(__m512i bytes) {
    const uint64_t digit = areDigits(bytes);
    const uint64_t minus = are(bytes, '-');
    const uint64_t point = are(bytes, '.');
    const uint64_t commas = are(bytes, ',');
    const uint64_t spaces = are(bytes, ' ');
    const uint64_t inNumbers = digit | minus | point;
    const uint64_t behindNumbers = behind(inNumbers, numbers);
    const uint64_t behindDigits = behind(digit, digits);
    const uint64_t behindMinuses = behind(minus, minuses);
    const uint64_t behindPoints = behind(point, points);
    const uint64_t behindUnits = behind(digit & ~(behindDigits | behindPoints), units);
    const uint64_t faults = (digit & behindUnits) | (point & ~behindUnits) | (minus & behindNumbers) |
                            ((behindMinuses | behindPoints) & ~digit);
    return {bytes,  inNumbers & ~behindNumbers, behindNumbers & ~inNumbers, behindUnits,
            faults, commas,                     ~(inNumbers | commas | spaces)};
  }
};
