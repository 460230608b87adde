/**
 * Base64 (RFC 4648 section 4) in blocks of 64 characters for 48 bytes (Muła and Lemire, Base64 encoding and decoding at
 * almost the speed of a memory copy, Software: Practice and Experience 50, 2020).
 */
#include "intrinsics.h"

#include <algorithm>

#include "codec.h"

namespace {

constexpr size_t CHARACTERS = 64;
constexpr size_t FLOATS = 12;

constexpr __mmask16 ALL_FLOATS = (1 << FLOATS) - 1;

alignas(64) constexpr char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** By the lower seven bits of a character: its six bits, or 0x80 where it is not in the alphabet. */
struct Sixes {
  alignas(64) uint8_t of[128] = {};
  constexpr Sixes() {
    for (int i = 0; i < 128; i++) of[i] = 0x80;
    for (uint8_t i = 0; i < 64; i++) of[static_cast<uint8_t>(ALPHABET[i])] = i;
  }
};
constexpr Sixes SIXES;

/** A byte for each 8 bits of the 24 that a group of four characters is, in the order of memory. */
struct Order {
  alignas(64) uint8_t of[64] = {};
  constexpr Order(int from, int to, const int (&pattern)[4]) {
    // groups of `from` bytes become groups of `to`
    for (int i = 0; i < 64; i++) of[i] = static_cast<uint8_t>(i / to * from % 64 + pattern[i % to]);
  }
};
constexpr Order FROM_WORDS(4, 3, {2, 1, 0, 0});
constexpr Order TO_WORDS(3, 4, {1, 0, 2, 1});

__mmask16 nonFinite16(__m512i floats) {
  const __m512i exponents = _mm512_set1_epi32(0x7f800000);
  return _mm512_cmpeq_epi32_mask(_mm512_and_si512(floats, exponents), exponents);
}

} // namespace

uint32_t decodeBase64(const char* from, size_t length, float* to) {
  const __m512i low = _mm512_load_si512(SIXES.of);
  const __m512i high = _mm512_load_si512(SIXES.of + 64);
  const __m512i order = _mm512_load_si512(FROM_WORDS.of);
  __m512i wrong = _mm512_setzero_si512();
  uint32_t faults = 0;
  for (size_t done = 0; done < length; done += CHARACTERS, to += FLOATS) {
    const size_t left = std::min(length - done, CHARACTERS);
    // what is not there counts as A, which is six zeros
    const __m512i none = _mm512_set1_epi8('A');
    const __m512i characters = _mm512_mask_loadu_epi8(none, _bzhi_u64(~uint64_t{0}, static_cast<uint32_t>(left)), from + done);
    const __m512i sixes = _mm512_permutex2var_epi8(low, characters, high);
    wrong = _mm512_or_si512(wrong, _mm512_or_si512(sixes, characters));
    const __m512i twelves = _mm512_maddubs_epi16(sixes, _mm512_set1_epi16(0x0140));
    const __m512i words = _mm512_madd_epi16(twelves, _mm512_set1_epi32(0x00011000));
    const __m512i bytes = _mm512_permutexvar_epi8(order, words);
    const auto floats = static_cast<uint32_t>(left * 6 / 8 / sizeof(float));
    const auto written = static_cast<__mmask16>(_bzhi_u32(ALL_FLOATS, floats));
    if ((nonFinite16(bytes) & written) != 0) faults |= nonFinite;
    if (floats < FLOATS && (_mm512_test_epi32_mask(bytes, bytes) & ALL_FLOATS & ~written) != 0) faults |= bitsLeftOver;
    _mm512_mask_storeu_epi32(to, written, bytes);
  }
  if (_mm512_movepi8_mask(wrong) != 0) faults |= notOfTheAlphabet;
  return faults;
}

bool encodeBase64(const float* from, size_t count, char* to) {
  const __m512i alphabet = _mm512_load_si512(ALPHABET);
  const __m512i order = _mm512_load_si512(TO_WORDS.of);
  // of the two bytes twice, as 1 0 2 1: bits 10, 4, 22 and 16 on are the sixes
  const __m512i shifts = _mm512_set1_epi64(0x3036242a1016040a);
  __mmask16 infinite = 0;
  for (size_t done = 0; done < count; done += FLOATS) {
    const size_t left = std::min(count - done, FLOATS);
    const auto taken = static_cast<__mmask16>(_bzhi_u32(ALL_FLOATS, static_cast<uint32_t>(left)));
    const __m512i floats = _mm512_maskz_loadu_epi32(taken, from + done);
    infinite |= nonFinite16(floats);
    const __m512i sixes = _mm512_multishift_epi64_epi8(shifts, _mm512_permutexvar_epi8(order, floats));
    const __m512i characters = _mm512_permutexvar_epi8(sixes, alphabet);
    if (left == FLOATS) {
      _mm512_storeu_si512(to, characters);
      to += CHARACTERS;
      continue;
    }
    const size_t bytes = left * sizeof(float);
    const size_t length = (bytes + 2) / 3 * 4;
    const size_t padding = (3 - bytes % 3) % 3;
    const auto text = _bzhi_u64(~uint64_t{0}, static_cast<uint32_t>(length));
    const auto meaningful = _bzhi_u64(~uint64_t{0}, static_cast<uint32_t>(length - padding));
    _mm512_mask_storeu_epi8(to, text, _mm512_mask_mov_epi8(_mm512_set1_epi8('='), meaningful, characters));
  }
  return infinite == 0;
}
