/** Rows of an array that follow each other closely. */
#pragma once

#include "text.h"

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

/** "],[" or "], [" before a number. @param commas, starts of the window: the commas, and where numbers begin */
inline RowEnds rowEndsOf(__m512i bytes, uint64_t commas, uint64_t starts) {
  const uint64_t opening = are(bytes, '[');
  const uint64_t closing = are(bytes, ']') & (commas >> 1);
  const uint64_t close = closing & (opening >> 2) & (starts >> 3);
  const uint64_t apart = closing & (are(bytes, ' ') >> 2) & (opening >> 3) & (starts >> 4);
  return {close | apart, (close | apart) << 1, close << 2 | apart << 3};
}
