/**
 * Nested arrays, their numbers in runs: some hundred at a time first found, then read; as plain ones while they are, by the
 * general form where they are not, one by one where they have exponents.
 */
#include "codec.h"
#include "find.h"
#include "read-any.h"
#include "read-plain.h"

namespace {

/** What a run of numbers has come to. */
struct Run {
  /** Behind the last number and the space after it, or at what stopped it; nullptr as readNested. */
  const char* at;
  /** Behind the last one. */
  float* out;
  Stop stop;
};

/** Reads numbers with commas between them from the first one on, as far as they go. */
class RunReader {
 public:
  RunReader(const Tables& tables, const char* begin, const char* end, const float* outEnd, Rows& rows)
      : tables(tables), begin(begin), end(end), outEnd(outEnd), rows(rows) {}

  Run read(const char* from, float* to) {
    run = {from, to, Stop::end};
    for (;;) {
      if (full()) return run;
      // lanes begin before their numbers
      if (run.at - begin >= static_cast<ptrdiff_t>(LONG)) {
        // which readPlain would take for a minus
        Next next = run.at[-1] == '\r' ? Next::odd : block<PlainForm>(readPlain);
        if (next == Next::same) continue;
        if (next == Next::odd && full()) return run;
        if (next == Next::odd) next = block<AnyForm>(readAny);
        if (next == Next::same) continue;
        if (next == Next::nothing) return run;
      }
      if (!one()) return run;
    }
  }

 private:
  const Tables& tables;
  const char* const begin;
  const char* const end;
  const float* const outEnd;
  Rows& rows;
  Run run = {nullptr, nullptr, Stop::end};

  /** What there is to read next: numbers of the same form, others, or nothing that belongs to this run. */
  enum class Next { same, odd, nothing };

  bool full() {
    if (room() >= READ_ROOM) return false;
    run.stop = Stop::full;
    return true;
  }

  size_t room() const { return static_cast<size_t>(outEnd - run.out); }

  Next stop(const char* at, Stop why) {
    run.at = at;
    run.stop = why;
    return Next::nothing;
  }

  /** Some hundred numbers. @param values reads those that were found, up to one that only exact arithmetic rounds */
  template <class Form>
  Next block(size_t (*values)(const Tables&, const char*, const Places&, float*)) {
    Places places;
    const Rows before = rows;
    const char* const first = run.at;
    const bool easy = find<Form>(run.at, end, room(), places, rows);
    if (places.endCount > 0) {
      places.close();
      const size_t count = values(tables, first, places, run.out);
      run.out += count;
      if (count < places.endCount) {
        rows = before.after(static_cast<uint32_t>(count));
        return stop(Form::start(first + places.marks[count]), Stop::exact);
      }
    }
    if (run.at == nullptr || !beginsNumber(*run.at)) return Next::nothing;
    return easy ? Next::same : Next::odd;
  }

  /** The next number, in any form. @returns whether there may be more */
  bool one() {
    const char* at = readDecimal(tables, run.at, run.out);
    if (at == nullptr) return stop(nullptr, Stop::end) == Next::odd;
    if (std::isnan(*run.out)) return stop(run.at, Stop::exact) == Next::odd;
    run.out++;
    rows.inRow++;
    at = skipSpace(at);
    if (*at != ',') return stop(at, Stop::end) == Next::odd;
    at = skipSpace(at + 1);
    run.at = beginsNumber(*at) ? at : nullptr;
    return run.at != nullptr;
  }
};

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
      const Run run = RunReader(tables, begin, end, outEnd, rows).read(at, out);
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
