/** Where the numbers of a run of text lie. */
#pragma once

#include "forms.h"
#include "places.h"
#include "rows.h"

/**
 * Finds numbers of a form with commas between them, as many as a block holds, `room` at most, and on into the next rows
 * as long as these stand close together: "],[" or "], [".
 * @param at the first one; then behind those that were found: a closing bracket, the next number, or nullptr if something
 * else is there
 * @returns whether they may go on like this
 */
template <class Form>
inline bool find(const char*& at, const char* end, size_t room, Places& places, Rows& rows) {
  const char* const first = at;
  const char* window = at;
  Form form;
  bool easy = true;
  /** Of the numbers found those that the rows know of. */
  size_t counted = 0;
  const auto stop = [&at](bool good, const char* position) {
    at = good ? position : nullptr;
    return good;
  };
  if (rows.length != 0 && rows.inRow >= rows.length) return stop(false, at); // one more than the rows before have
  while (places.endCount < BLOCK && places.endCount + READ_ROOM <= room && window - first <= Places::REACH) {
    const Window found = form.look(load(window, end));
    const ptrdiff_t from = window - first;
    const uint64_t gaps = found.ends ^ found.commas;
    if (found.others == 0) {
      easy = (found.faults | gaps) == 0;
      if (!easy) break;
      places.add(found.marks, found.ends, from);
      window += WINDOW;
      continue;
    }
    const RowEnds rowEnds = rows.length == 0 ? RowEnds{0, 0, 0} : rowEndsOf(found.bytes, found.commas, found.starts);
    const uint64_t limit = _tzcnt_u64(found.others & ~(rowEnds.brackets | rowEnds.others));
    const uint64_t before = below(limit);
    const uint64_t bracket = limit < WINDOW && window[limit] == ']' ? uint64_t{1} << limit : 0;
    const uint64_t known = before | bracket;
    easy = ((found.faults & known) | ((gaps ^ rowEnds.brackets ^ rowEnds.commas) & before)) == 0;
    if (!easy) break;
    const uint64_t ends = found.ends & known;
    // a row that ends at the bracket is for the caller to count
    const bool whole = (ends & bracket) != 0;
    const auto count = static_cast<uint32_t>(_mm_popcnt_u64(ends)) - whole;
    const uint64_t last = _pext_u64(rowEnds.brackets & before, ends);
    if (!rows.stay(places.endCount - counted) || !rows.go(count, last)) return stop(false, at);
    rows.inRow += whole;
    places.add(found.marks & known, ends, from);
    counted = places.endCount;
    // where the last number ends before the bracket there was a comma
    if (bracket != 0) return stop(whole, window + limit);
    window += limit;
    easy = limit == WINDOW;
    if (!easy) break;
  }
  if (!rows.stay(places.endCount - counted)) return stop(false, at);
  // back to the start of a number whose end has not come
  const char* next = window;
  while (next > first && (beginsNumber(next[-1]) || next[-1] == '.')) next--;
  if (next == window) next = skipSpace(window);
  return stop(beginsNumber(*next), next) && easy && next > first;
}
