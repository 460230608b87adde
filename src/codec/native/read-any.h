/** The values of numbers without an exponent: eight at a time in lanes of 16 bytes, or two in lanes of 32. */
#pragma once

#include "codec.h"
#include "decimal.h"
#include "digits.h"
#include "places.h"

/** Numbers of fewer characters have at most 15 digits: their quotient is Clinger's exact case. */
constexpr uint32_t SHORT = 16;
/** Numbers of fewer characters are read two at a time. */
constexpr uint32_t LONG = 32;

/** The characters of some numbers, each at the end of its lane, by what they are. */
struct Characters {
  /** The digits, and 0 for everything else. */
  __m512i digits;
  uint64_t dots;
  uint64_t minuses;
};

/** @param used a bit for each byte that belongs to a number */
inline Characters charactersOf(__m512i bytes, __mmask64 used) {
  const __m512i values = _mm512_sub_epi8(bytes, _mm512_set1_epi8('0'));
  const __mmask64 digits = _mm512_mask_cmplt_epu8_mask(used, values, _mm512_set1_epi8(10));
  return {
      _mm512_maskz_mov_epi8(digits, values),
      _mm512_mask_cmpeq_epi8_mask(used, bytes, _mm512_set1_epi8('.')),
      _mm512_mask_cmpeq_epi8_mask(used, bytes, _mm512_set1_epi8('-')),
  };
}

/**
 * Where the digits of a lane come from: those before the point from one place further left.
 * @param lanes the first bit of each lane that has a point
 */
inline __m512i moveOverPoints(__m512i places, uint64_t dots, uint64_t lanes) {
  const __mmask64 upToThem = (dots << 1) - lanes;
  return _mm512_mask_sub_epi8(places, upToThem, places, _mm512_set1_epi8(1));
}

/** Of four numbers, each at the end of a lane of 16 bytes. */
inline Characters shortCharacters(const char* begin, const uint16_t* ends, __m512i lengths) {
  const auto lane = [begin, ends](int i) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin + ends[i] - 16));
  };
  __m512i bytes = _mm512_castsi128_si512(lane(0));
  bytes = _mm512_inserti32x4(bytes, lane(1), 1);
  bytes = _mm512_inserti32x4(bytes, lane(2), 2);
  bytes = _mm512_inserti32x4(bytes, lane(3), 3);
  const __m512i fromEnd = _mm512_set4_epi32(0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f);
  return charactersOf(bytes, _mm512_cmpgt_epi8_mask(lengths, fromEnd));
}

/** Eight numbers of fewer than SHORT characters, or none. */
inline void readShort(const Tables& tables, const char* begin, const uint16_t* ends, __m256i lengths, float* out) {
  // the length of a number in each byte of its lane
  const __m512i firstLanes =
      _mm512_set_epi64(0x0c0c0c0c0c0c0c0c, 0x0c0c0c0c0c0c0c0c, 0x0808080808080808, 0x0808080808080808,
                       0x0404040404040404, 0x0404040404040404, 0, 0);
  const __m512i lastLanes = _mm512_or_si512(firstLanes, _mm512_set1_epi8(16));
  const __m512i all = _mm512_castsi256_si512(lengths);
  const Characters first = shortCharacters(begin, ends, _mm512_permutexvar_epi8(firstLanes, all));
  const Characters last = shortCharacters(begin, ends + 4, _mm512_permutexvar_epi8(lastLanes, all));
  const auto perNumber = [](uint64_t first, uint64_t last) {
    return _mm256_cvtepu16_epi32(_mm_set_epi64x(static_cast<int64_t>(last), static_cast<int64_t>(first)));
  };
  const __m256i dots = perNumber(first.dots, last.dots);
  const uint32_t withPoint = _mm256_test_epi32_mask(dots, dots);
  const __m512i places = _mm512_set4_epi32(0x0f0e0d0c, 0x0b0a0908, 0x07060504, 0x03020100);
  const auto eights = [&places](const Characters& characters, uint32_t withPoint) {
    const uint64_t lanes = _pdep_u64(withPoint, 0x0001000100010001);
    return eightDigits(_mm512_shuffle_epi8(characters.digits, moveOverPoints(places, characters.dots, lanes)));
  };
  const __m512i halves = _mm512_permutex2var_epi64(eights(first, withPoint & 0xf),
                                                   _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0),
                                                   eights(last, withPoint >> 4));
  const __m512i integers = _mm512_add_epi64(_mm512_mul_epu32(halves, _mm512_set1_epi64(100000000)),
                                            _mm512_srli_epi64(halves, 32));

  // digits behind the point: where there is none 32, of which the table sees 0
  const __m256i fraction = _mm256_lzcnt_epi32(_mm256_slli_epi32(dots, 16));
  const __m512d small = _mm512_loadu_pd(tables.powersOfTen);
  const __m512d large = _mm512_loadu_pd(tables.powersOfTen + 8);
  const __m512d powers = _mm512_permutex2var_pd(small, _mm512_cvtepu32_epi64(fraction), large);
  const __m256 values = _mm512_cvtpd_ps(_mm512_div_pd(_mm512_cvtepu64_pd(integers), powers));
  const __m256i minuses = perNumber(first.minuses, last.minuses);
  const __m256i signs = _mm256_maskz_set1_epi32(_mm256_test_epi32_mask(minuses, minuses), static_cast<int>(0x80000000));
  _mm256_storeu_ps(out, _mm256_or_ps(values, _mm256_castsi256_ps(signs)));
}

/**
 * Two numbers of fewer than LONG characters, or none.
 * @returns whether both round for sure
 */
inline bool readLong(const Tables& tables, const char* begin, const uint16_t* ends, const uint32_t (&&lengths)[2],
                     float* out) {
  const auto lane = [begin, ends](int i) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(begin + ends[i] - 32));
  };
  const __m512i bytes = _mm512_inserti64x4(_mm512_castsi256_si512(lane(0)), lane(1), 1);
  const auto before = [&lengths](int i) { return uint64_t{0xffffffff} >> lengths[i]; };
  const Characters characters = charactersOf(bytes, ~(before(0) | before(1) << 32));

  const auto first = static_cast<uint32_t>(characters.dots);
  const auto second = static_cast<uint32_t>(characters.dots >> 32);
  const __m512i places = _mm512_set_epi64(0x3f3e3d3c3b3a3938, 0x3736353433323130, 0x2f2e2d2c2b2a2928, 0x2726252423222120,
                                          0x1f1e1d1c1b1a1918, 0x1716151413121110, 0x0f0e0d0c0b0a0908, 0x0706050403020100);
  const __m512i order = moveOverPoints(places, characters.dots, uint64_t{first != 0} | uint64_t{second != 0} << 32);
  // the first byte of a lane would come from the lane before it
  const __m512i moved = _mm512_maskz_permutexvar_epi8(~uint64_t{0x0000000100000001}, order, characters.digits);
  const __m256d halves = _mm256_cvtepu64_pd(sixteenDigits(eightDigits(moved)));
  const __m128d upper = _mm256_castpd256_pd128(_mm256_permute4x64_pd(halves, 0x08));
  const __m128d lower = _mm256_castpd256_pd128(_mm256_permute4x64_pd(halves, 0x0d));
  const __m128d integers = _mm_add_pd(_mm_mul_pd(upper, _mm_set1_pd(1e16)), lower);
  const auto power = [&tables](uint32_t dots) { return tables.powersOfTen[_lzcnt_u32(dots) & 31]; };
  const __m128d values = _mm_div_pd(integers, _mm_set_pd(power(second), power(first)));
  const __m128 least = _mm_cvtpd_ps(_mm_mul_pd(values, _mm_set1_pd(1 - 0x1p-49)));
  const __m128 most = _mm_cvtpd_ps(_mm_mul_pd(values, _mm_set1_pd(1 + 0x1p-49)));
  const auto sign = [&characters](int from) {
    return static_cast<int>(static_cast<uint32_t>(characters.minuses >> from) != 0 ? 0x80000000 : 0);
  };
  const __m128i signs = _mm_set_epi32(0, 0, sign(32), sign(0));
  _mm_storel_pi(reinterpret_cast<__m64*>(out), _mm_or_ps(least, _mm_castsi128_ps(signs)));
  return (_mm_movemask_ps(_mm_cmpneq_ps(least, most)) & 3) == 0;
}

/**
 * Reads all numbers that were found, and writes some more places of `out`.
 * @returns how many of them, up to one that only exact arithmetic rounds
 */
inline size_t readAny(const Tables& tables, const char* begin, const Places& places, float* out) {
  for (size_t i = 0; i < places.endCount;) {
    const uint16_t* const starts = places.marks + i;
    const uint16_t* const ends = places.ends + i;
    const __m256i lengths =
        _mm256_cvtepu16_epi32(_mm_sub_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(ends)),
                                            _mm_loadu_si128(reinterpret_cast<const __m128i*>(starts))));
    if (_mm256_cmpge_epu32_mask(lengths, _mm256_set1_epi32(SHORT)) == 0) {
      readShort(tables, begin, ends, lengths, out + i);
      i += EIGHT;
      continue;
    }
    const auto lengthOf = [starts, ends](int number) { return uint32_t{ends[number]} - starts[number]; };
    const __mmask8 notLong = _mm256_cmpge_epu32_mask(lengths, _mm256_set1_epi32(LONG));
    if ((notLong & 3) == 0 && readLong(tables, begin, ends, {lengthOf(0), lengthOf(1)}, out + i)) {
      i += 2;
      continue;
    }
    readDecimal(tables, begin + starts[0], out + i);
    if (std::isnan(out[i])) return i;
    i++;
  }
  return places.endCount;
}
