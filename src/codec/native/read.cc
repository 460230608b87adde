/**
 * Two steps, each over some hundred numbers: first where they begin and end, 64 bytes of text at a time, one bit of a
 * mask for each byte (Langdale and Lemire, Parsing gigabytes of JSON per second, The VLDB Journal 28, 2019); then their
 * values, four at a time.
 */
#include "intrinsics.h"

#include "codec.h"
#include "decimal.h"

namespace {

constexpr size_t WINDOW = 64;
/** Numbers of fewer characters have at most 15 digits: their quotient is Clinger's exact case. */
constexpr uint32_t SHORT = 16;
/** Numbers of fewer characters are read two at a time. */
constexpr uint32_t LONG = 32;
/** With fewer numbers in a row what stands between the rows takes the time, and the portable codec is faster. */
constexpr int32_t SHORTEST_ROW = 12;
/** So many numbers are found before they are read, and those of one more window. */
constexpr size_t BLOCK = 256;
constexpr size_t MOST = WINDOW / 2;
static_assert(READ_ROOM >= MOST + 4, "those of a window, and what readShort writes at once");

inline bool isSpace(char byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

inline const char* skipSpace(const char* at) {
  while (isSpace(*at)) at++;
  return at;
}

inline bool beginsNumber(char byte) { return byte == '-' || isDigit(byte); }

/** The bits below bit `count`, all of them from 64 on. */
inline uint64_t below(uint64_t count) { return _bzhi_u64(~uint64_t{0}, static_cast<uint32_t>(count)); }

/** Where numbers lie, from the beginning of the document on. The end of the last one may not have come yet. */
struct Places {
  uint32_t starts[BLOCK + MOST + 16];
  uint32_t ends[BLOCK + MOST + 16];
  size_t startCount = 0;
  size_t endCount = 0;

  /** Those of a window of text that begins at `from`. */
  void add(uint64_t startBits, uint64_t endBits, uint32_t from) {
    startCount += put(starts + startCount, startBits, from);
    endCount += put(ends + endCount, endBits, from);
  }

  /** Puts four that are empty behind those that are whole. */
  void close() {
    const __m128i last = _mm_set1_epi32(static_cast<int>(ends[endCount - 1]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(starts + endCount), last);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(ends + endCount), last);
  }

 private:
  static uint32_t put(uint32_t* to, uint64_t bits, uint32_t from) {
    const __m512i bytes =
        _mm512_set_epi64(0x3f3e3d3c3b3a3938, 0x3736353433323130, 0x2f2e2d2c2b2a2928, 0x2726252423222120,
                         0x1f1e1d1c1b1a1918, 0x1716151413121110, 0x0f0e0d0c0b0a0908, 0x0706050403020100);
    const __m512i places = _mm512_maskz_compress_epi8(bits, bytes);
    const __m512i base = _mm512_set1_epi32(static_cast<int>(from));
    const __m128i first = _mm512_castsi512_si128(places);
    _mm512_storeu_si512(to, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(first)));
    const auto count = static_cast<uint32_t>(_mm_popcnt_u64(bits));
    if (count > 16) {
      const __m128i second = _mm512_extracti32x4_epi32(places, 1);
      _mm512_storeu_si512(to + 16, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(second)));
    }
    return count;
  }
};

/** What a window of text has to know of the byte before it: bit 0, or nothing. */
struct Before {
  uint64_t inNumber = 0;
  uint64_t digit = 0;
  uint64_t minus = 0;
  uint64_t dot = 0;
  uint64_t firstZero = 0;
  /** A digit behind a point. */
  uint64_t inFraction = 0;
};

/** What lies in a window of text, a bit for each byte. */
struct Window {
  uint64_t starts;
  uint64_t ends;
  /** Where a number, or what is right behind it, shows that it is none that JSON allows. */
  uint64_t faults;
  /** Where a number has no comma right behind it, or a comma no number before it. */
  uint64_t gaps;
  /** Neither numbers nor commas nor space. */
  uint64_t others;
  uint64_t closingBrackets;
};

/** Looks at 64 bytes of text, of which those behind `end` count as something other than numbers. */
inline Window look(const char* at, const char* end, Before& before) {
  const auto left = static_cast<uint64_t>(end - at);
  const __m512i bytes = left >= WINDOW ? _mm512_loadu_si512(at) : _mm512_maskz_loadu_epi8(below(left), at);
  const auto are = [bytes](char byte) { return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte)); };
  const auto moved = [](uint64_t bits, uint64_t& first) {
    const uint64_t result = bits * 2 + first;
    first = bits >> 63;
    return result;
  };
  // '-', '.' and the digits, and between them the slash, which is sorted out below
  const __m512i fromMinus = _mm512_sub_epi8(bytes, _mm512_set1_epi8('-'));
  const uint64_t inNumbers = _mm512_cmple_epu8_mask(fromMinus, _mm512_set1_epi8('9' - '-'));
  const uint64_t commas = are(',');
  // each of the four at the place of its lower half
  const __m512i fourSpaces = _mm512_set4_epi32(0x0000'0dff, 0xff0a'09ff, -1, 0xffff'ff20);
  const uint64_t spaces = _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(fourSpaces, bytes), bytes);
  const uint64_t behindNumbers = moved(inNumbers, before.inNumber);
  const uint64_t starts = inNumbers & ~behindNumbers;
  const uint64_t ends = behindNumbers & ~inNumbers;

  const uint64_t minuses = are('-');
  const uint64_t dots = are('.');
  const uint64_t digits = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8('0')), _mm512_set1_epi8(10));
  const uint64_t behindDigits = moved(digits, before.digit);
  const uint64_t behindMinuses = moved(minuses, before.minus);
  const uint64_t behindDots = moved(dots, before.dot);
  const uint64_t firstZeros = ((starts & digits) | behindMinuses) & are('0');
  uint64_t faults = (inNumbers & ~(minuses | dots | digits)) | (minuses & ~starts);
  faults |= (dots & ~behindDigits) | ((behindMinuses | behindDots) & ~digits);
  // no digit behind a leading zero
  faults |= moved(firstZeros, before.firstZero) & digits;
  // added to the first digit behind a point, a one is carried to what follows the last: no other point
  faults |= before.inFraction & dots;
  uint64_t behindFractions;
  before.inFraction = __builtin_add_overflow(digits, (behindDots | before.inFraction) & digits, &behindFractions);
  faults |= behindFractions & ~digits & dots;
  return {starts, ends, faults, ends ^ commas, ~(inNumbers | commas | spaces), are(']')};
}

/**
 * Finds numbers with commas between them, as many as a block holds, `room` at most.
 * @param at the first one; then behind those that were found: a closing bracket, the next number, or nullptr if something
 * else is there
 * @returns whether they may go on like this
 */
inline bool find(const char* begin, const char*& at, const char* end, size_t room, Places& places) {
  const char* window = at;
  Before before;
  bool easy = true;
  while (places.startCount < BLOCK && places.startCount + READ_ROOM <= room) {
    const Window found = look(window, end, before);
    const uint64_t limit = _tzcnt_u64(found.others);
    const uint64_t known = below(limit);
    const auto from = static_cast<uint32_t>(window - begin);
    if (limit < WINDOW) {
      const uint64_t bracket = found.closingBrackets & (uint64_t{1} << limit);
      const bool good = ((found.faults & (known | bracket)) | (found.gaps & known)) == 0;
      if (bracket != 0 && good) {
        places.add(found.starts & known, found.ends & (known | bracket), from);
        // where the last number ends before the bracket there was a comma
        at = (found.ends & bracket) != 0 ? window + limit : nullptr;
        return true;
      }
      easy = false;
      if (bracket == 0 && good) places.add(found.starts & known, found.ends & known, from);
      break;
    }
    if ((found.faults | found.gaps) != 0) {
      easy = false;
      break;
    }
    places.add(found.starts, found.ends, from);
    window += WINDOW;
  }
  if (places.startCount > places.endCount) {
    at = begin + places.starts[places.endCount];
  } else {
    at = skipSpace(window);
    if (!beginsNumber(*at)) at = nullptr;
  }
  return easy;
}

/** Digits, one a byte, to numbers of eight digits, two in the lower half of every 128 bits. */
inline __m512i eightDigits(__m512i digits) {
  const __m512i pairs = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010a));
  const __m512i fours = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00010064));
  return _mm512_madd_epi16(_mm512_packus_epi32(fours, fours), _mm512_set1_epi32(0x00012710));
}

/** Of those the numbers of sixteen digits, one for every 128 bits. */
inline __m256i sixteenDigits(__m512i eights) {
  const __m512i even = _mm512_permutexvar_epi64(_mm512_set_epi64(0, 0, 0, 0, 6, 4, 2, 0), eights);
  const __m256i halves = _mm512_castsi512_si256(even);
  return _mm256_add_epi64(_mm256_mul_epu32(halves, _mm256_set1_epi64x(100000000)), _mm256_srli_epi64(halves, 32));
}

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

/** Four numbers of fewer than SHORT characters, or none. */
inline void readShort(const Tables& tables, const char* begin, const uint32_t* ends, __m128i lengths, float* out) {
  const auto lane = [begin, ends](int i) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin + ends[i] - 16));
  };
  __m512i bytes = _mm512_castsi128_si512(lane(0));
  bytes = _mm512_inserti32x4(bytes, lane(1), 1);
  bytes = _mm512_inserti32x4(bytes, lane(2), 2);
  bytes = _mm512_inserti32x4(bytes, lane(3), 3);
  const __m512i laneLengths = _mm512_permutexvar_epi8(
      _mm512_set_epi64(0x0c0c0c0c0c0c0c0c, 0x0c0c0c0c0c0c0c0c, 0x0808080808080808, 0x0808080808080808,
                       0x0404040404040404, 0x0404040404040404, 0, 0),
      _mm512_castsi128_si512(lengths));
  const __m512i fromEnd = _mm512_set4_epi32(0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f);
  const Characters characters = charactersOf(bytes, _mm512_cmpgt_epi8_mask(laneLengths, fromEnd));

  const __m128i dots = _mm_cvtepu16_epi32(_mm_cvtsi64_si128(static_cast<int64_t>(characters.dots)));
  const uint64_t lanes = _pdep_u64(_mm_test_epi32_mask(dots, dots), 0x0001000100010001);
  const __m512i places = _mm512_set4_epi32(0x0f0e0d0c, 0x0b0a0908, 0x07060504, 0x03020100);
  const __m512i order = moveOverPoints(places, characters.dots, lanes);
  const __m256i integers = sixteenDigits(eightDigits(_mm512_shuffle_epi8(characters.digits, order)));

  // digits behind the point: where there is none 32, of which the table sees 0
  const __m128i fraction = _mm_lzcnt_epi32(_mm_slli_epi32(dots, 16));
  const __m512i index = _mm512_castsi256_si512(_mm256_cvtepu32_epi64(fraction));
  const __m512d small = _mm512_loadu_pd(tables.powersOfTen);
  const __m512d large = _mm512_loadu_pd(tables.powersOfTen + 8);
  const __m256d powers = _mm512_castpd512_pd256(_mm512_permutex2var_pd(small, index, large));
  const __m128 values = _mm256_cvtpd_ps(_mm256_div_pd(_mm256_cvtepu64_pd(integers), powers));
  const __m128i minuses = _mm_cvtepu16_epi32(_mm_cvtsi64_si128(static_cast<int64_t>(characters.minuses)));
  const __m128i signs = _mm_maskz_set1_epi32(_mm_test_epi32_mask(minuses, minuses), static_cast<int>(0x80000000));
  _mm_storeu_ps(out, _mm_or_ps(values, _mm_castsi128_ps(signs)));
}

/**
 * Two numbers of fewer than LONG characters, or none.
 * @returns whether both round for sure
 */
inline bool readLong(const Tables& tables, const char* begin, const uint32_t* ends, const uint32_t (&&lengths)[2],
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
inline size_t readPlaces(const Tables& tables, const char* begin, const Places& places, float* out) {
  for (size_t i = 0; i < places.endCount;) {
    const uint32_t* const starts = places.starts + i;
    const uint32_t* const ends = places.ends + i;
    const __m128i lengths = _mm_sub_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(ends)),
                                          _mm_loadu_si128(reinterpret_cast<const __m128i*>(starts)));
    const __mmask8 notShort = _mm_cmpge_epu32_mask(lengths, _mm_set1_epi32(SHORT));
    if (notShort == 0) {
      readShort(tables, begin, ends, lengths, out + i);
      i += 4;
      continue;
    }
    const __mmask8 notLong = _mm_cmpge_epu32_mask(lengths, _mm_set1_epi32(LONG));
    if ((notLong & 3) == 0 && readLong(tables, begin, ends, {ends[0] - starts[0], ends[1] - starts[1]}, out + i)) {
      i += 2;
      continue;
    }
    readDecimal(tables, begin + starts[0], out + i);
    if (std::isnan(out[i])) return i;
    i++;
  }
  return places.endCount;
}

/** What a run of numbers has come to. */
struct Run {
  /** Behind the last number and the space after it, or at what stopped it; nullptr as readNested. */
  const char* at;
  /** Behind the last one. */
  float* out;
  Stop stop;
};

/** Reads numbers with commas between them from the first one on, as far as they go. */
inline Run readRun(const Tables& tables, const char* begin, const char* at, const char* end, float* out,
                   const float* outEnd) {
  for (;;) {
    const auto room = static_cast<size_t>(outEnd - out);
    if (room < READ_ROOM) return {at, out, Stop::full};
    bool easy = false;
    // lanes begin before their numbers
    if (at - begin >= static_cast<ptrdiff_t>(LONG)) {
      Places places;
      easy = find(begin, at, end, room, places);
      if (places.endCount > 0) {
        places.close();
        const size_t count = readPlaces(tables, begin, places, out);
        out += count;
        if (count < places.endCount) return {begin + places.starts[count], out, Stop::exact};
      }
      if (at == nullptr) return {nullptr, out, Stop::end};
      if (!beginsNumber(*at)) return {at, out, Stop::end};
      if (easy) continue;
    }
    const char* const start = at;
    at = readDecimal(tables, at, out);
    if (at == nullptr) return {nullptr, out, Stop::end};
    if (std::isnan(*out)) return {start, out, Stop::exact};
    out++;
    at = skipSpace(at);
    if (*at != ',') return {at, out, Stop::end};
    at = skipSpace(at + 1);
    if (!beginsNumber(*at)) return {nullptr, out, Stop::end};
  }
}

} // namespace

const char* readNested(const Tables& tables, const char* begin, const char* at, const char* end, uint32_t maxDepth,
                       float* out, size_t room, NestedState& state) {
  const float* const first = out;
  const float* const outEnd = out + room;
  int32_t& level = state.level;
  bool behindNumber = state.stop == Stop::exact;
  state.stop = Stop::end;
  state.count = 0;
  for (;;) {
    if (behindNumber) {
      state.counts[level]++;
      behindNumber = false;
    } else if (*at == '[') {
      if (level >= 0) {
        if (state.kinds[level] == Kind::numbers) return nullptr;
        state.kinds[level] = Kind::arrays;
      }
      level++;
      if (static_cast<uint32_t>(level) == maxDepth) return nullptr;
      if (static_cast<uint32_t>(level) == state.depth) {
        state.shape[level] = -1;
        state.kinds[level] = Kind::nothingYet;
        state.depth++;
      }
      state.counts[level] = 0;
      at = skipSpace(at + 1);
      if (*at != ']') continue;
    } else if (beginsNumber(*at)) {
      if (state.kinds[level] == Kind::arrays) return nullptr;
      state.kinds[level] = Kind::numbers;
      const Run run = readRun(tables, begin, at, end, out, outEnd);
      if (run.at == nullptr) return nullptr;
      state.counts[level] += static_cast<int32_t>(run.out - out);
      state.count = static_cast<uint32_t>(run.out - first);
      out = run.out;
      at = run.at;
      if (run.stop != Stop::end) {
        state.stop = run.stop;
        return at;
      }
    } else {
      return nullptr;
    }

    at = skipSpace(at);
    while (*at == ']') {
      if (state.shape[level] < 0) {
        state.shape[level] = state.counts[level];
        if (level > 0 && state.kinds[level] == Kind::numbers && state.shape[level] < SHORTEST_ROW) return nullptr;
      } else if (state.shape[level] != state.counts[level]) return nullptr;
      at++;
      level--;
      if (level < 0) return at;
      state.counts[level]++;
      at = skipSpace(at);
    }
    if (*at != ',') return nullptr;
    at = skipSpace(at + 1);
  }
}
