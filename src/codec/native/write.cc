#include "intrinsics.h"

#include "codec.h"
#include "exact.h"

namespace {

/** So many numbers are gathered at once where they do not lie side by side. */
constexpr size_t BLOCK = 256;

/** Of the exponent fields that the vectors know, 2^-15 to 2^17: activations and states are hardly ever outside. */
constexpr uint32_t LEAST_FIELD = 112;
constexpr uint32_t FIELDS = 32;

constexpr uint64_t HALF = uint64_t{1} << 51;
/** By how much a decimal may be off, in units of 2^-36 of its last digit; see json/wasm/assembly/decimals.ts. */
constexpr uint64_t ERROR = 1 << 24;
constexpr uint64_t FINE_ERROR = ERROR << 16;

/** The same 64 bits eight times. */
struct Vector {
  alignas(64) uint64_t lanes[8];
  constexpr Vector(uint64_t value) : lanes{value, value, value, value, value, value, value, value} {}
  constexpr Vector(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h)
      : lanes{a, b, c, d, e, f, g, h} {}
  operator __m512i() const { return _mm512_load_si512(lanes); }
};

/** 2^52 / n, rounded up: the upper 52 bits of its product with a number below 2^28 are the quotient. */
constexpr uint64_t reciprocal(uint64_t n) { return (uint64_t{1} << 52) / n + 1; }

/**
 * Constants that the compiler shall read from memory, as a part of the operation that needs them, and not put together
 * from integers each time.
 */
struct Constants {
  Vector fraction = 0x7fffff;
  /** The leading bit of a float32, and the 16 bits by which the product is moved up. */
  Vector leading = uint64_t{0x800000} << 16;
  Vector five = 5;
  Vector ten = 10;
  Vector reciprocalOfTen = reciprocal(10);
  Vector distanceBits = (uint64_t{1} << 52) - 1;
  Vector error = ERROR;
  Vector toRest = FINE_ERROR - HALF;
  Vector fineErrors = 2 * FINE_ERROR;
  Vector hundredMillion = 100000000;
  Vector tenMillion = 10000000;
  Vector reciprocalOfTenThousand = reciprocal(10000);
  /** high + (low << 32) = (number << 32) - high · this, where number = 10000 · high + low */
  Vector tenThousand = (uint64_t{10000} << 32) - 1;
  Vector upperHundredth = 0x147b'0000'147b;
  Vector hundred = uint64_t{100} << 32 | 100;
  Vector tenth = 0x199a'199a'199a'199a;
  Vector tenEach = 0x000a'000a'000a'000a;
  /** Behind the digits what becomes the point when '0' is added. */
  Vector point = 0xfe00;
  Vector one = 1;
  Vector two = 2;
  Vector three = 3;
  Vector nine = 9;
  Vector comma = 0x8000;
  Vector zeros = 0x3030303030303030;
  Vector signAndComma = {'-', 0x2c00000000000000, '-', 0x2c00000000000000, '-', 0x2c00000000000000, '-', 0x2c00000000000000};
  Vector firstFour = {0, 8, 1, 9, 2, 10, 3, 11};
  Vector lastFour = {4, 12, 5, 13, 6, 14, 7, 15};
};
constexpr Constants CONSTANTS;

/** By exponent field: the distance of neighbours, as in Binade, and from bit 52 on the place of the point, plus 3. */
struct Window {
  alignas(64) uint64_t of[FIELDS];

  explicit Window(const Tables& tables) {
    for (uint32_t i = 0; i < FIELDS; i++) {
      const Binade& binade = tables.binades[LEAST_FIELD + i];
      of[i] = binade.distance | static_cast<uint64_t>(binade.point + 3) << 52;
    }
  }
};

/** Eight numbers as text: each in a lane of 16 bytes, of which `used` has a bit for those that are written. */
struct Texts {
  __m512i first;
  __m512i second;
  uint64_t used[2];
  /** A bit for each number that has to be written exactly. */
  uint32_t unknown;
};

/** Numbers of eight digits to their digits, one a byte from 0 to 9, the first in the lowest. */
inline __m512i digitsOf(__m512i eight, const Constants& c) {
  const __m512i high = _mm512_madd52hi_epu64(_mm512_setzero_si512(), eight, c.reciprocalOfTenThousand);
  const __m512i fours = _mm512_sub_epi64(_mm512_slli_epi64(eight, 32), _mm512_mullo_epi64(high, c.tenThousand));
  const __m512i hundreds = _mm512_srli_epi32(_mm512_mulhi_epu16(fours, c.upperHundredth), 3);
  const __m512i ones = _mm512_sub_epi32(fours, _mm512_mullo_epi16(hundreds, c.hundred));
  const __m512i pairs = _mm512_or_si512(hundreds, _mm512_slli_epi32(ones, 16));
  const __m512i tens = _mm512_mulhi_epu16(pairs, c.tenth);
  const __m512i units = _mm512_sub_epi16(pairs, _mm512_mullo_epi16(tens, c.tenEach));
  return _mm512_or_si512(tens, _mm512_slli_epi16(units, 8));
}

/** Eight decimals. */
struct Decimals {
  /** Of the float32s. */
  __m256i bits;
  /** Of each an element of Window. */
  __m512i binade;
  __m512i decimal;
  /** Which of them are right. */
  __mmask8 known;
};

/** Of eight decimals the last eight digits, and how many of nine are missing at the front. */
struct Digits {
  __m256i bits;
  __m512i binade;
  __m512i eight;
  __m512i missing;
  __mmask8 hasNine;
  __mmask8 known;
};

/**
 * The shortest decimals that read back to eight float32s, and of the shortest the closest, as in
 * json/wasm/assembly/decimals.ts: with its exponent's scale a value becomes a number of 28 bits and a fraction of 52, in
 * whose units the interval that reads back to it is 1 to 10 wide.
 */
inline Decimals decimalsOf(const Window& window, const Constants& c, __m256i bits) {
  const __m256i field = _mm256_sub_epi32(_mm256_and_si256(_mm256_srli_epi32(bits, 23), _mm256_set1_epi32(0xff)),
                                         _mm256_set1_epi32(LEAST_FIELD));
  const __mmask8 inside = _mm256_cmplt_epu32_mask(field, _mm256_set1_epi32(FIELDS));
  const __m512i index = _mm512_cvtepu32_epi64(field);
  const __m512i lower = _mm512_permutex2var_epi64(_mm512_load_si512(window.of), index, _mm512_load_si512(window.of + 8));
  const __m512i upper =
      _mm512_permutex2var_epi64(_mm512_load_si512(window.of + 16), index, _mm512_load_si512(window.of + 24));
  const __mmask8 isUpper = _mm256_cmpge_epu32_mask(field, _mm256_set1_epi32(FIELDS / 2));
  const __m512i binade = _mm512_mask_mov_epi64(lower, isUpper, upper);

  const __m512i fraction = _mm512_and_si512(_mm512_cvtepu32_epi64(bits), c.fraction);
  const __m512i significand = _mm512_or_si512(_mm512_slli_epi64(fraction, 16), c.leading);
  const __m512i zero = _mm512_setzero_si512();
  const __m512i whole = _mm512_madd52hi_epu64(zero, significand, binade);
  const __m512i rest = _mm512_madd52lo_epu64(zero, significand, binade);

  const __m512i tenth = _mm512_madd52hi_epu64(zero, _mm512_add_epi64(whole, c.five), c.reciprocalOfTen);
  const __m512i ten = _mm512_mul_epu32(tenth, c.ten);
  const __m512i units = _mm512_slli_epi64(_mm512_sub_epi64(whole, ten), 36);
  const __m512i away = _mm512_abs_epi64(_mm512_add_epi64(units, _mm512_srli_epi64(rest, 16)));
  const __m512i half = _mm512_srli_epi64(_mm512_and_si512(binade, c.distanceBits), 1);
  const __m512i error = c.error;
  const __mmask8 near = _mm512_cmple_epi64_mask(away, _mm512_sub_epi64(half, error));
  const __mmask8 far = _mm512_cmpge_epi64_mask(away, _mm512_add_epi64(half, error));
  const __mmask8 apart = _mm512_cmpge_epu64_mask(_mm512_add_epi64(rest, c.toRest), c.fineErrors);
  const __m512i rounded = _mm512_add_epi64(whole, _mm512_srli_epi64(rest, 51));
  const __m512i decimal = _mm512_mask_mov_epi64(rounded, near, ten);
  // below a power of two the interval is narrower
  const __mmask8 regular = _mm512_test_epi64_mask(fraction, fraction);
  const __mmask8 known = inside & regular & apart & (near | far);
  return {bits, binade, decimal, known};
}

inline Digits digitsFrom(const Constants& c, const Decimals& decimals) {
  const auto [bits, binade, decimal, known] = decimals;
  // less than 2 · 10^8 and at least 2^23 - 10: of nine digits the first is 1 or missing, like perhaps the second
  const __mmask8 hasNine = _mm512_cmpge_epu64_mask(decimal, c.hundredMillion);
  const __mmask8 hasEight = _mm512_cmpge_epu64_mask(decimal, c.tenMillion);
  __m512i missing = _mm512_mask_sub_epi64(c.two, hasEight, c.two, c.one);
  missing = _mm512_mask_sub_epi64(missing, hasNine, missing, c.one);
  const __m512i eight = digitsOf(_mm512_mask_sub_epi64(decimal, hasNine, decimal, c.hundredMillion), c);
  return {bits, binade, eight, missing, hasNine, known};
}

inline Texts textsOf(const Tables& tables, const Constants& c, const Digits& digits) {
  const auto [bits, binade, eight, missing, hasNine, known] = digits;
  const __m512i front = _mm512_or_si512(_mm512_slli_epi64(eight, 8), _mm512_maskz_mov_epi64(hasNine, c.one));
  const __m512i back = _mm512_or_si512(_mm512_srli_epi64(eight, 56), c.point);

  const __m512i place = _mm512_srli_epi64(binade, 52);
  const __m512i point = _mm512_sub_epi64(place, _mm512_add_epi64(missing, c.three));
  // a zero has no bit: the zeros at the end are those at the top
  const __m512i zeros = _mm512_srli_epi64(_mm512_lzcnt_epi64(eight), 3);
  const __m512i count = _mm512_sub_epi64(_mm512_sub_epi64(c.nine, missing), zeros);
  const __m512i withPoint = _mm512_add_epi64(count, _mm512_max_epi64(c.one, _mm512_sub_epi64(c.two, point)));
  const __m512i length = _mm512_mask_mov_epi64(point, _mm512_cmpgt_epi64_mask(count, point), withPoint);

  // a lane: the sign, the text, up to 14 characters, and the comma
  const __m512i characters = _mm512_sub_epi64(_mm512_sllv_epi64(c.two, length), c.two);
  const auto negative = static_cast<__mmask8>(_mm256_movemask_ps(_mm256_castsi256_ps(bits)));
  const __m512i used =
      _mm512_or_si512(_mm512_or_si512(characters, c.comma), _mm512_maskz_mov_epi64(negative, c.one));
  const __m128i lanes = _mm512_cvtepi64_epi16(used);

  // the form that leaves out the missing digits, three for each place of the point
  alignas(64) uint64_t forms[8];
  const __m512i third = _mm512_add_epi64(place, _mm512_slli_epi64(place, 1));
  _mm512_store_si512(forms, _mm512_slli_epi64(_mm512_add_epi64(third, missing), 4));
  const auto form = [&tables, &forms](int i) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(&tables.forms[0][0] + forms[i]));
  };
  const auto text = [&form, &c](__m512i bytes, int from) {
    __m512i order = _mm512_castsi128_si512(form(from));
    order = _mm512_inserti32x4(order, form(from + 1), 1);
    order = _mm512_inserti32x4(order, form(from + 2), 2);
    order = _mm512_inserti32x4(order, form(from + 3), 3);
    const __m512i text = _mm512_add_epi8(_mm512_shuffle_epi8(bytes, order), c.zeros);
    return _mm512_mask_mov_epi8(_mm512_bslli_epi128(text, 1), 0x8001800180018001, c.signAndComma);
  };
  return {
      text(_mm512_permutex2var_epi64(front, c.firstFour, back), 0),
      text(_mm512_permutex2var_epi64(front, c.lastFour, back), 4),
      {static_cast<uint64_t>(_mm_extract_epi64(lanes, 0)), static_cast<uint64_t>(_mm_extract_epi64(lanes, 1))},
      static_cast<uint8_t>(~known),
  };
}

/** Writes what is used of four lanes; up to 64 bytes are written over. */
inline char* put(char* at, __m512i lanes, uint64_t used) {
  _mm512_storeu_si512(at, _mm512_maskz_compress_epi8(used, lanes));
  return at + _mm_popcnt_u64(used);
}

/** Writes each number by itself. Returns nullptr if one is NaN or infinite. */
char* writeOneByOne(const Tables& tables, char* at, __m256i eight, size_t count, const Texts& texts) {
  alignas(64) char lanes[128];
  alignas(32) uint32_t bits[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(bits), eight);
  _mm512_store_si512(lanes, texts.first);
  _mm512_store_si512(lanes + 64, texts.second);
  for (size_t i = 0; i < count; i++) {
    if ((texts.unknown >> i & 1) == 0) {
      const auto used = static_cast<__mmask16>(texts.used[i / 4] >> (i % 4 * 16));
      const __m128i lane = _mm_load_si128(reinterpret_cast<const __m128i*>(lanes + 16 * i));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(at), _mm_maskz_compress_epi8(used, lane));
      at += _mm_popcnt_u32(used);
      continue;
    }
    if ((bits[i] & 0x7f800000) == 0x7f800000) return nullptr;
    *at = '-';
    at = writeExactly(tables, at + (bits[i] >> 31), bits[i] & 0x7fffffff);
    *at++ = ',';
  }
  return at;
}

/** Writes numbers with commas between them and behind the last. Returns nullptr if one is NaN or infinite. */
inline char* writeNumbers(const Tables& tables, const Window& window, const Constants& constants, char* at,
                          const float* values, size_t count) {
  const auto takenFrom = [count](size_t i) { return static_cast<__mmask8>((1u << std::min(count - i, size_t{8})) - 1); };
  const auto decimalsFrom = [&](size_t i) {
    return decimalsOf(window, constants, _mm256_maskz_loadu_epi32(takenFrom(i), values + i));
  };
  // Three steps of different eights side by side: the processor holds fewer operations than twice eight numbers take, and
  // most of them wait for the one before.
  Decimals next = decimalsFrom(0);
  Digits now = digitsFrom(constants, next);
  if (count > 8) next = decimalsFrom(8);
  for (size_t i = 0; i < count; i += 8) {
    const size_t group = count - i < 8 ? count - i : 8;
    const __mmask8 taken = takenFrom(i);
    const Digits digits = now;
    if (i + 8 < count) now = digitsFrom(constants, next);
    if (i + 16 < count) next = decimalsFrom(i + 16);
    const Texts texts = textsOf(tables, constants, digits);
    if ((texts.unknown & taken) != 0) {
      at = writeOneByOne(tables, at, digits.bits, group, texts);
      if (at == nullptr) return nullptr;
    } else if (group == 8) {
      at = put(put(at, texts.first, texts.used[0]), texts.second, texts.used[1]);
    } else {
      const uint64_t first = group < 4 ? _bzhi_u64(texts.used[0], static_cast<uint32_t>(16 * group)) : texts.used[0];
      const uint64_t second = group < 4 ? 0 : _bzhi_u64(texts.used[1], static_cast<uint32_t>(16 * (group - 4)));
      at = put(put(at, texts.first, first), texts.second, second);
    }
  }
  return at;
}

char* repeat(char* at, char byte, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) *at++ = byte;
  return at;
}

} // namespace

char* writeNested(const Tables& tables, const float* values, const Layout& layout, size_t index, size_t count, char* at) {
  const auto [outer, middle, inner] = layout.lengths;
  const size_t all = size_t{outer} * middle * inner;
  const size_t end = index + count;
  const Window window(tables);
  const Constants* constants = &CONSTANTS;
  asm("" : "+r"(constants)); // the compiler does not know any more what lies there
  size_t column = index % inner;
  size_t row = index / inner;
  if (index == 0) at = repeat(at, '[', layout.axes);
  while (index < end) {
    const size_t left = std::min(inner - column, end - index);
    const float* const from = values + static_cast<ptrdiff_t>(row / middle) * layout.strides[0] +
                              static_cast<ptrdiff_t>(row % middle) * layout.strides[1] +
                              static_cast<ptrdiff_t>(column) * layout.strides[2];
    const size_t taken = std::min(left, BLOCK);
    const ptrdiff_t stride = layout.strides[2];
    alignas(64) float gathered[BLOCK];
    if (stride != 1) {
      for (size_t i = 0; i < taken; i++) gathered[i] = from[static_cast<ptrdiff_t>(i) * stride];
    }
    at = writeNumbers(tables, window, *constants, at, stride == 1 ? from : gathered, taken);
    if (at == nullptr) return nullptr;
    index += taken;
    column += taken;
    if (column < inner) continue;
    column = 0;
    row++;
    // in the place of the comma
    const uint32_t closing = index == all ? layout.axes : row % middle == 0 ? 2 : 1;
    at = repeat(at - 1, ']', closing);
    if (index == all) break;
    *at++ = ',';
    at = repeat(at, '[', closing);
  }
  return at;
}
