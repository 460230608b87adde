/**
 * The values of plain numbers, eight at a time: the digits behind the point as an integer, by a power of ten to a
 * fraction, and to that the digit before the point. Lanes end where numbers end, so that what counts is how many bytes lie
 * from the point on: none, or 2 and more.
 */
#pragma once

#include "codec.h"
#include "decimal.h"
#include "digits.h"
#include "forms.h"
#include "places.h"

/** From the point on, of numbers that lie in lanes of 16 and of 32 bytes with the digit before it and the sign. */
constexpr int FITS_16 = 14;
constexpr int FITS_32 = 30;

/** By the bytes from the point on: what the digits behind it are multiplied by. */
alignas(64) constexpr double FRACTIONS[32] = {1,     1,     1e-1,  1e-2,  1e-3,  1e-4,  1e-5,  1e-6,  1e-7,  1e-8,  1e-9,
                                              1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15, 1e-16, 1e-17, 1e-18, 1e-19, 1e-20,
                                              1e-21, 1e-22, 1e-23, 1e-24, 1e-25, 1e-26, 1e-27, 1e-28, 1e-29, 1e-30};

/** Eight values as float64s, and a bit for each of which it is not sure that it rounds to float32 as the number does. */
struct Rounded {
  __m512d values;
  uint32_t unsure;
};

/** Lanes of 16 or 32 bytes that end where numbers end, four or two of them. */
inline __m512i lanes(const char* begin, uint16_t a, uint16_t b, uint16_t c, uint16_t d) {
  const auto lane = [begin](uint16_t end) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin + end - 16)); };
  __m512i bytes = _mm512_castsi128_si512(lane(a));
  bytes = _mm512_inserti32x4(bytes, lane(b), 1);
  bytes = _mm512_inserti32x4(bytes, lane(c), 2);
  return _mm512_inserti32x4(bytes, lane(d), 3);
}

inline __m512i lanes(const char* begin, uint16_t a, uint16_t b) {
  const auto lane = [begin](uint16_t end) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(begin + end - 32)); };
  return _mm512_inserti64x4(_mm512_castsi256_si512(lane(a)), lane(b), 1);
}

/** The digits behind the point as numbers of four. @param fromEnd of each byte of a lane, how far it is from the end */
inline __m512i fourDigits(__m512i bytes, __m512i bytesFromPoint, __m512i fromEnd) {
  const __mmask64 fraction = _mm512_cmpgt_epi8_mask(bytesFromPoint, fromEnd);
  return fourDigits(_mm512_maskz_sub_epi8(fraction, bytes, _mm512_set1_epi8('0')));
}

/** Of numbers of four digits those of sixteen: in every 128 bits one of `first` and one of `second`. */
inline __m512i sixteenDigits(__m512i first, __m512i second) {
  const __m512i eights = _mm512_madd_epi16(_mm512_packus_epi32(first, second), _mm512_set1_epi32(0x00012710));
  return _mm512_add_epi64(_mm512_mul_epu32(eights, _mm512_set1_epi64(100000000)), _mm512_srli_epi64(eights, 32));
}

/**
 * The sum may be off by fewer than ULPS units of its last place: by 2 for a fraction below 2^53, whose power of ten, product
 * and sum are rounded, against one rounding of what `Number(text)` makes; by 4 for those of two halves.
 * @param integers, powers the digits behind the point, and what they are multiplied by
 * @param around of each number the digit before the point in the lowest byte, and in the highest what is before that
 */
template <int64_t ULPS>
inline Rounded rounded(__m512d integers, __m512d powers, __m512i around) {
  // by its lower half: the digits' values, 0 or less than 128 for what separates numbers but '\r', 128 for '-'
  const __m512i known = _mm512_set4_epi32(0x00008000, 0x00000908, 0x07060504, 0x03020100);
  const __m512i found = _mm512_shuffle_epi8(known, around);
  const __m512d units = _mm512_cvtepi64_pd(_mm512_and_si512(found, _mm512_set1_epi64(0xff)));
  const __m512d values = _mm512_fmadd_pd(integers, powers, units);
  // the middle between two float32s is where the lower 29 bits are 2^28
  const __m512i bits = _mm512_castpd_si512(values);
  const __m512i fromMiddle = _mm512_sub_epi64(bits, _mm512_set1_epi64((int64_t{1} << 28) - ULPS));
  const uint32_t unsure = _mm512_testn_epi64_mask(fromMiddle, _mm512_set1_epi64((int64_t{1} << 29) - 2 * ULPS));
  const __m512i sign = _mm512_set1_epi64(INT64_MIN);
  return {_mm512_castsi512_pd(_mm512_ternarylogic_epi64(bits, found, sign, 0xf8)), unsure};
}

/** Of at most FITS_16 bytes from the point on. */
inline Rounded shortPlain(const char* begin, const uint16_t* ends, __m128i fromPoint) {
  const __m512i even = lanes(begin, ends[0], ends[2], ends[4], ends[6]);
  const __m512i odd = lanes(begin, ends[1], ends[3], ends[5], ends[7]);
  const __m512i counts = _mm512_castsi128_si512(fromPoint);
  const __m512i toEven = _mm512_set_epi64(0x0c0c0c0c0c0c0c0c, 0x0c0c0c0c0c0c0c0c, 0x0808080808080808, 0x0808080808080808,
                                          0x0404040404040404, 0x0404040404040404, 0, 0);
  const __m512i toOdd = _mm512_or_si512(toEven, _mm512_set1_epi8(2));
  const __m512i fromEnd = _mm512_set4_epi32(0x01020304, 0x05060708, 0x090a0b0c, 0x0d0e0f10);
  const __m512i fractions = sixteenDigits(fourDigits(even, _mm512_permutexvar_epi8(toEven, counts), fromEnd),
                                          fourDigits(odd, _mm512_permutexvar_epi8(toOdd, counts), fromEnd));

  const __m512i wide = _mm512_cvtepu16_epi64(fromPoint);
  // where the digit before the point is, and the byte before that, of a point at the end
  const __m512i units = _mm512_set_epi64(0x7e0000000000007f, 0x3e0000000000003f, 0x6e0000000000006f, 0x2e0000000000002f,
                                         0x5e0000000000005f, 0x1e0000000000001f, 0x4e0000000000004f, 0x0e0000000000000f);
  const __m512i places = _mm512_sub_epi8(units, _mm512_or_si512(wide, _mm512_slli_epi64(wide, 56)));
  const __m512i around = _mm512_maskz_permutex2var_epi8(0x8181818181818181, even, places, odd);
  const __m512d powers = _mm512_permutex2var_pd(_mm512_load_pd(FRACTIONS), wide, _mm512_load_pd(FRACTIONS + 8));
  return rounded<4>(_mm512_cvtepi64_pd(fractions), powers, around);
}

/** Of at most FITS_32. */
inline Rounded longPlain(const char* begin, const uint16_t* ends, __m128i fromPoint) {
  const __m512i counts = _mm512_castsi128_si512(fromPoint);
  const __m512i fromEnd =
      _mm512_set_epi64(0x0102030405060708, 0x090a0b0c0d0e0f10, 0x1112131415161718, 0x191a1b1c1d1e1f20, 0x0102030405060708,
                       0x090a0b0c0d0e0f10, 0x1112131415161718, 0x191a1b1c1d1e1f20);
  const __m512i toFirst =
      _mm512_set_epi64(0x0202020202020202, 0x0202020202020202, 0x0202020202020202, 0x0202020202020202, 0, 0, 0, 0);
  const auto fours = [&](__m512i bytes, char first) {
    const __m512i to = _mm512_or_si512(toFirst, _mm512_set1_epi8(first));
    return fourDigits(bytes, _mm512_permutexvar_epi8(to, counts), fromEnd);
  };
  const __m512i bytes[] = {lanes(begin, ends[0], ends[1]), lanes(begin, ends[2], ends[3]), lanes(begin, ends[4], ends[5]),
                           lanes(begin, ends[6], ends[7])};
  // of numbers 0, 2, 0, 2, 1, 3, 1, 3: the upper digits, then the lower
  const __m512i first = sixteenDigits(fours(bytes[0], 0), fours(bytes[1], 4));
  const __m512i last = sixteenDigits(fours(bytes[2], 8), fours(bytes[3], 12));
  const __m512i upper = _mm512_permutex2var_epi64(first, _mm512_set_epi64(13, 9, 12, 8, 5, 1, 4, 0), last);
  const __m512i lower = _mm512_permutex2var_epi64(first, _mm512_set_epi64(15, 11, 14, 10, 7, 3, 6, 2), last);
  const __m512d fractions =
      _mm512_fmadd_pd(_mm512_cvtepi64_pd(upper), _mm512_set1_pd(1e16), _mm512_cvtepi64_pd(lower));

  const __m512i wide = _mm512_cvtepu16_epi64(fromPoint);
  const __m512i units = _mm512_set_epi64(0x7e0000000000007f, 0x5e0000000000005f, 0x3e0000000000003f, 0x1e0000000000001f,
                                         0x7e0000000000007f, 0x5e0000000000005f, 0x3e0000000000003f, 0x1e0000000000001f);
  const __m512i places = _mm512_sub_epi8(units, _mm512_or_si512(wide, _mm512_slli_epi64(wide, 56)));
  const __m512i around = _mm512_or_si512(_mm512_maskz_permutex2var_epi8(0x81818181, bytes[0], places, bytes[1]),
                                         _mm512_maskz_permutex2var_epi8(0x8181818100000000, bytes[2], places, bytes[3]));
  const __m512d high = _mm512_permutex2var_pd(_mm512_load_pd(FRACTIONS + 16), wide, _mm512_load_pd(FRACTIONS + 24));
  const __m512d low = _mm512_permutex2var_pd(_mm512_load_pd(FRACTIONS), wide, _mm512_load_pd(FRACTIONS + 8));
  const __mmask8 isHigh = _mm512_test_epi64_mask(wide, _mm512_set1_epi64(16));
  return rounded<32>(fractions, _mm512_mask_mov_pd(low, isHigh, high), around);
}

/**
 * Reads all numbers that were found, and writes some more places of `out`.
 * @returns how many of them, up to one that only exact arithmetic rounds
 */
inline size_t readPlain(const Tables& tables, const char* begin, const Places& places, float* out) {
  for (size_t i = 0; i < places.endCount; i += EIGHT) {
    const uint16_t* const ends = places.ends + i;
    const __m128i fromPoint = _mm_sub_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(ends)),
                                            _mm_loadu_si128(reinterpret_cast<const __m128i*>(places.marks + i)));
    Rounded read;
    if (_mm_cmpgt_epu16_mask(fromPoint, _mm_set1_epi16(FITS_16)) == 0) read = shortPlain(begin, ends, fromPoint);
    else read = longPlain(begin, ends, fromPoint);
    _mm256_storeu_ps(out + i, _mm512_cvtpd_ps(read.values));
    uint32_t unsure = read.unsure | _mm_cmpgt_epu16_mask(fromPoint, _mm_set1_epi16(FITS_32));
    for (; unsure != 0; unsure &= unsure - 1) {
      const size_t number = i + _tzcnt_u32(unsure);
      if (number >= places.endCount) break;
      readDecimal(tables, PlainForm::start(begin + places.marks[number]), out + number);
      if (std::isnan(out[number])) return number;
    }
  }
  return places.endCount;
}
