/** From digits to integers. */
#pragma once

#include "intrinsics.h"

/** Digits, one a byte, to numbers of four, one for every 32 bits. */
inline __m512i fourDigits(__m512i digits) {
  return _mm512_madd_epi16(_mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010a)), _mm512_set1_epi32(0x00010064));
}

/** Digits, one a byte, to numbers of eight digits, two in the lower half of every 128 bits. */
inline __m512i eightDigits(__m512i digits) {
  const __m512i fours = fourDigits(digits);
  return _mm512_madd_epi16(_mm512_packus_epi32(fours, fours), _mm512_set1_epi32(0x00012710));
}

/** Of those the numbers of sixteen digits, one for every 128 bits. */
inline __m256i sixteenDigits(__m512i eights) {
  const __m512i even = _mm512_permutexvar_epi64(_mm512_set_epi64(0, 0, 0, 0, 6, 4, 2, 0), eights);
  const __m256i halves = _mm512_castsi512_si256(even);
  return _mm256_add_epi64(_mm256_mul_epu32(halves, _mm256_set1_epi64x(100000000)), _mm256_srli_epi64(halves, 32));
}
