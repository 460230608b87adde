/** The table of the runs that a call moves, and where the rows of a step lie. */
#pragma once

#include "cell.h"

namespace {

/** One run in the table; the offsets point at the next step, a gate's is 0 when nobody asked for it. */
struct Run {
  uint32_t m;      // rows of the run in memory, the distance between two steps
  uint32_t active; // (steps) rows to compute at each step, never growing
  uint32_t x;      // (…, m, n_x)
  uint32_t a;      // (…, m, n_h), the state before the step
  uint32_t c;      // (…, m, n_a)
  uint32_t ft;     // (…, m, n_a) or 0
  uint32_t it;
  uint32_t cct;
  uint32_t ot;
};

template <class Value>
inline Value* at(char* base, size_t offset) {
  return reinterpret_cast<Value*>(base + offset);
}

inline size_t least(size_t a, size_t b) { return a < b ? a : b; }

/** The offsets of the rows that step t reads, from `first` of each run on with n values a row. Returns how many. */
inline size_t listRows(char* base, const Run* runs, size_t runCount, size_t t, uint32_t Run::*first, size_t n,
                       uint32_t* offsets) {
  size_t rows = 0;
  for (const Run* run = runs; run < runs + runCount; run++) {
    const size_t active = at<const uint32_t>(base, run->active)[t];
    const size_t from = run->*first + t * run->m * n * sizeof(float);
    for (size_t r = 0; r < active; r++) offsets[rows++] = static_cast<uint32_t>(from + r * n * sizeof(float));
  }
  return rows;
}

/** Of a row that begins at `row` in the arrays of n_a values, at `next` one step later. */
inline RowOutputs outputsOf(char* base, const Run& run, size_t row, size_t next, float* a_next) {
  const auto gate = [&](uint32_t offset) { return offset ? at<float>(base, offset) + row : nullptr; };
  return {at<const float>(base, run.c) + row, at<float>(base, run.c) + next, a_next,
          gate(run.ft), gate(run.it), gate(run.cct), gate(run.ot)};
}

} // namespace
