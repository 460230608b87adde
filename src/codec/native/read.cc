/**
 * Two steps, each over some hundred numbers: first where they begin and end, 64 bytes of text at a time, one bit of a
 * mask for each byte (Langdale and Lemire, Parsing gigabytes of JSON per second, The VLDB Journal 28, 2019); then their
 * values, eight at a time.
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
/** So many numbers are found before they are read, and those of one more window. */
constexpr size_t BLOCK = 256;
constexpr size_t MOST = WINDOW / 2;
/** So many short ones are read at once. */
constexpr size_t EIGHT = 8;
static_assert(READ_ROOM >= MOST + EIGHT, "those of a window, and what readShort writes at once");

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

  /** Puts eight that are empty behind those that are whole. */
  void close() {
    const __m256i last = _mm256_set1_epi32(static_cast<int>(ends[endCount - 1]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(starts + endCount), last);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(ends + endCount), last);
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
  uint64_t commas;
  /** Neither numbers nor commas nor space. */
  uint64_t others;
  __m512i bytes;
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
  return {starts, ends, faults, commas, ~(inNumbers | commas | spaces), bytes};
}

/** How far into the rows of its array a run of numbers has come. */
struct Rows {
  /** How many numbers each has; 0 where none may end, as the first one tells. */
  uint32_t length;
  /** How many numbers of the open row there are. */
  uint32_t inRow;
  /** How many have ended. */
  uint32_t ended;

  /** After so many numbers more, of which it is known that they end rows where they should. */
  Rows after(uint32_t count) const {
    const uint32_t all = inRow + count;
    if (length == 0) return {0, all, ended};
    return {length, all % length, ended + all / length};
  }

  /** So many numbers more, of which none ends the row. @returns false if one should */
  bool stay(size_t count) {
    inRow += static_cast<uint32_t>(count);
    return length == 0 || inRow < length || count == 0;
  }

  /** So many numbers more, 64 at most. @param last a bit for each that ends a row @returns false if others should */
  bool go(uint32_t count, uint64_t last) {
    if (last == 0) return stay(count);
    uint64_t expected = 0;
    for (uint32_t at = length - 1 - inRow; at < count; at += length) expected |= uint64_t{1} << at;
    inRow = count - (64 - static_cast<uint32_t>(_lzcnt_u64(last)));
    ended += static_cast<uint32_t>(_mm_popcnt_u64(last));
    return last == expected;
  }
};

/** Where rows end between two numbers of a window. */
struct RowEnds {
  /** The brackets, and what stands between them and the next number. */
  uint64_t brackets;
  uint64_t commas;
  uint64_t others;
};

/** "],[" or "], [" before a number. */
inline RowEnds rowEndsOf(const Window& window) {
  const uint64_t opening = _mm512_cmpeq_epi8_mask(window.bytes, _mm512_set1_epi8('['));
  const uint64_t closing = _mm512_cmpeq_epi8_mask(window.bytes, _mm512_set1_epi8(']')) & (window.commas >> 1);
  const uint64_t close = closing & (opening >> 2) & (window.starts >> 3);
  const uint64_t spaces = _mm512_cmpeq_epi8_mask(window.bytes, _mm512_set1_epi8(' '));
  const uint64_t apart = closing & (spaces >> 2) & (opening >> 3) & (window.starts >> 4);
  return {close | apart, (close | apart) << 1, close << 2 | apart << 3};
}

/**
 * Finds numbers with commas between them, as many as a block holds, `room` at most, and on into the next rows as long as
 * these stand close together: "],[" or "], [".
 * @param at the first one; then behind those that were found: a closing bracket, the next number, or nullptr if something
 * else is there
 * @returns whether they may go on like this
 */
inline bool find(const char* begin, const char*& at, const char* end, size_t room, Places& places, Rows& rows) {
  const char* window = at;
  Before before;
  bool easy = true;
  /** Of the numbers found those that the rows know of. */
  size_t counted = 0;
  const auto stop = [&at](bool good, const char* position) {
    at = good ? position : nullptr;
    return good;
  };
  if (rows.length != 0 && rows.inRow >= rows.length) return stop(false, at); // one more than the rows before have
  while (places.startCount < BLOCK && places.startCount + READ_ROOM <= room) {
    const Window found = look(window, end, before);
    const auto from = static_cast<uint32_t>(window - begin);
    const uint64_t gaps = found.ends ^ found.commas;
    if (found.others == 0) {
      easy = (found.faults | gaps) == 0;
      if (!easy) break;
      places.add(found.starts, found.ends, from);
      window += WINDOW;
      continue;
    }
    const RowEnds rowEnds = rows.length == 0 ? RowEnds{0, 0, 0} : rowEndsOf(found);
    const uint64_t limit = _tzcnt_u64(found.others & ~(rowEnds.brackets | rowEnds.others));
    const uint64_t known = below(limit);
    const uint64_t bracket = limit < WINDOW && window[limit] == ']' ? uint64_t{1} << limit : 0;
    const uint64_t faults = found.faults & (known | bracket);
    easy = (faults | ((gaps ^ rowEnds.brackets ^ rowEnds.commas) & known)) == 0;
    if (!easy) break;
    const uint64_t ends = found.ends & (known | bracket);
    // a row that ends at the bracket is for the caller to count
    const bool whole = (ends & bracket) != 0;
    const auto count = static_cast<uint32_t>(_mm_popcnt_u64(ends)) - whole;
    const uint64_t last = _pext_u64(rowEnds.brackets & known, ends);
    if (!rows.stay(places.endCount - counted) || !rows.go(count, last)) return stop(false, at);
    rows.inRow += whole;
    places.add(found.starts & known, ends, from);
    counted = places.endCount;
    // where the last number ends before the bracket there was a comma
    if (bracket != 0) return stop(whole, window + limit);
    easy = limit == WINDOW;
    if (!easy) break;
    window += WINDOW;
  }
  if (!rows.stay(places.endCount - counted)) return stop(false, at);
  if (places.startCount > places.endCount) {
    at = begin + places.starts[places.endCount];
    return easy;
  }
  const char* const behind = skipSpace(window);
  return stop(beginsNumber(*behind), behind) && easy;
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

/** Of four numbers, each at the end of a lane of 16 bytes. */
inline Characters shortCharacters(const char* begin, const uint32_t* ends, __m512i lengths) {
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
inline void readShort(const Tables& tables, const char* begin, const uint32_t* ends, __m256i lengths, float* out) {
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
    const __m256i lengths = _mm256_sub_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(ends)),
                                             _mm256_loadu_si256(reinterpret_cast<const __m256i*>(starts)));
    if (_mm256_cmpge_epu32_mask(lengths, _mm256_set1_epi32(SHORT)) == 0) {
      readShort(tables, begin, ends, lengths, out + i);
      i += EIGHT;
      continue;
    }
    const __mmask8 notLong = _mm256_cmpge_epu32_mask(lengths, _mm256_set1_epi32(LONG));
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
                   const float* outEnd, Rows& rows) {
  for (;;) {
    const auto room = static_cast<size_t>(outEnd - out);
    if (room < READ_ROOM) return {at, out, Stop::full};
    bool easy = false;
    // lanes begin before their numbers
    if (at - begin >= static_cast<ptrdiff_t>(LONG)) {
      Places places;
      const Rows before = rows;
      easy = find(begin, at, end, room, places, rows);
      if (places.endCount > 0) {
        places.close();
        const size_t count = readPlaces(tables, begin, places, out);
        out += count;
        if (count < places.endCount) {
          rows = before.after(static_cast<uint32_t>(count));
          return {begin + places.starts[count], out, Stop::exact};
        }
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
    rows.inRow++;
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
      const int32_t length = level > 0 && state.shape[level] > 0 ? state.shape[level] : 0;
      Rows rows = {static_cast<uint32_t>(length), static_cast<uint32_t>(state.counts[level]), 0};
      const Run run = readRun(tables, begin, at, end, out, outEnd, rows);
      if (run.at == nullptr) return nullptr;
      state.counts[level] = static_cast<int32_t>(rows.inRow);
      if (rows.ended > 0) state.counts[level - 1] += static_cast<int32_t>(rows.ended);
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
      if (state.shape[level] < 0) state.shape[level] = state.counts[level];
      else if (state.shape[level] != state.counts[level]) return nullptr;
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
