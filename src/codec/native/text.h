/** The bytes of a document. */
#pragma once

#include "intrinsics.h"

#include <cstdint>

#include "decimal.h"

/** So many bytes are looked at at once, each a bit of a mask. */
constexpr size_t WINDOW = 64;

inline bool isSpace(char byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

inline const char* skipSpace(const char* at) {
  while (isSpace(*at)) at++;
  return at;
}

inline bool beginsNumber(char byte) { return byte == '-' || isDigit(byte); }

/** The bits below bit `count`, all of them from 64 on. */
inline uint64_t below(uint64_t count) { return _bzhi_u64(~uint64_t{0}, static_cast<uint32_t>(count)); }

/** A window of text, with zeros from `end` on. */
inline __m512i load(const char* at, const char* end) {
  const auto left = static_cast<uint64_t>(end - at);
  return left >= WINDOW ? _mm512_loadu_si512(at) : _mm512_maskz_loadu_epi8(below(left), at);
}

inline uint64_t are(__m512i bytes, char byte) { return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte)); }

inline uint64_t areDigits(__m512i bytes) {
  return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8('0')), _mm512_set1_epi8(10));
}

/** The bytes behind those of a mask. @param last the mask of the window before; then this one */
inline uint64_t behind(uint64_t bits, uint64_t& last) {
  const uint64_t result = bits * 2 + (last >> 63);
  last = bits;
  return result;
}
