/** Where numbers lie in some kilobytes of text. */
#pragma once

#include "codec.h"
#include "text.h"

/** So many numbers are found before they are read, and those of one more window. */
constexpr size_t BLOCK = 256;
/** So many a window has at most. */
constexpr size_t MOST = WINDOW / 2;
/** So many are read at once. */
constexpr size_t EIGHT = 8;
static_assert(READ_ROOM >= MOST + EIGHT, "those of a window, and what is written of eight that are not whole");

/** From the block's first byte on: a place within each number, and where it ends. The last end may not have come yet. */
struct Places {
  uint16_t marks[BLOCK + 2 * MOST];
  uint16_t ends[BLOCK + 2 * MOST];
  size_t markCount = 0;
  size_t endCount = 0;

  /** How far behind the first byte a window may begin. */
  static constexpr ptrdiff_t REACH = 0x10000 - static_cast<ptrdiff_t>(WINDOW);

  /** Those of a window of text that begins at `from`. */
  void add(uint64_t markBits, uint64_t endBits, ptrdiff_t from) {
    const __m512i base = _mm512_set1_epi16(static_cast<short>(from));
    markCount += put(marks + markCount, markBits, base);
    endCount += put(ends + endCount, endBits, base);
  }

  /** Puts eight that are empty behind those that are whole. */
  void close() {
    const __m128i last = _mm_set1_epi16(static_cast<short>(ends[endCount - 1]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(marks + endCount), last);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(ends + endCount), last);
  }

 private:
  static size_t put(uint16_t* to, uint64_t bits, __m512i base) {
    const __m512i bytes =
        _mm512_set_epi64(0x3f3e3d3c3b3a3938, 0x3736353433323130, 0x2f2e2d2c2b2a2928, 0x2726252423222120,
                         0x1f1e1d1c1b1a1918, 0x1716151413121110, 0x0f0e0d0c0b0a0908, 0x0706050403020100);
    const __m256i places = _mm512_castsi512_si256(_mm512_maskz_compress_epi8(bits, bytes));
    _mm512_storeu_si512(to, _mm512_add_epi16(base, _mm512_cvtepu8_epi16(places)));
    return static_cast<size_t>(_mm_popcnt_u64(bits));
  }
};
