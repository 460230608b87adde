/** The kernel, compiled once for each variant; variant.h says what the functions do. */
#pragma once

#include "cell.h"
#include "crew.h"
#include "finite.h"
#include "general.h"
#include "head.h"
#include "product.h"
#include "runs.h"
#include "variant.h"

namespace {

/** Units of `panels` panels from `panel` on, of all rows of step t. */
inline void updateStates(char* base, const Run* runs, size_t runCount, size_t t, size_t n_a, size_t panel,
                         size_t panels, Grid<float> z) {
  size_t zRow = 0;
  for (const Run* run = runs; run < runs + runCount; run++) {
    const size_t active = at<const uint32_t>(base, run->active)[t];
    for (size_t r = 0; r < active; r++, zRow++) {
      const size_t row = (t * run->m + r) * n_a;
      const size_t next = row + run->m * n_a;
      const RowOutputs outputs = outputsOf(base, *run, row, next, at<float>(base, run->a) + next);
      for (size_t p = panel; p < panel + panels; p++) {
        cell(z.of(zRow, p), outputs, p * LANES, least(LANES, n_a - p * LANES));
      }
    }
  }
}

/** The panels that are `team`'s. Returns how many steps it has made, fewer where somebody gave up. */
template <class Storage, class Team>
inline size_t advanceWith(const Team& team, char* base, size_t n_x, size_t n_a, size_t packed, size_t runTable,
                          size_t runCount, size_t steps, size_t rowTable, size_t scratch) {
  const size_t blocks = (n_a + LANES - 1) / LANES;
  const float* const bias = at<const float>(base, packed);
  const auto Wx = weightsAt<Float32>(bias + blocks * PANEL, blocks);
  const auto Wa = weightsAt<Storage>(bias + blocks * PANEL * (1 + n_x), blocks);
  const Run* const runs = at<const Run>(base, runTable);
  uint32_t* const offsets = at<uint32_t>(base, rowTable);
  const size_t first = team.first(blocks);
  const size_t end = team.end(blocks);

  size_t rows = 0;
  for (size_t t = 0; t < steps; t++) rows += listRows(base, runs, runCount, t, &Run::x, n_x, offsets + rows);
  Grid<float> z = {at<float>(base, scratch), PANEL, rows * PANEL};
  const size_t group = panelsAtOnce(rows);
  for (size_t p = first; p < end; p += group) {
    product(rows, n_x, Wx, {base, offsets}, p, least(group, end - p), {bias, 0, PANEL}, z);
  }

  for (size_t t = 0; t < steps; t++) {
    const size_t active = listRows(base, runs, runCount, t, &Run::a, n_a, offsets);
    const size_t together = panelsAtOnce(active);
    // there and back: the panels that a step has read last are still in the cache for the next step
    for (size_t done = 0; done < end - first; done += together) {
      const size_t panels = least(together, end - first - done);
      const size_t p = t % 2 == 0 ? first + done : end - done - panels;
      product(active, n_a, Wa, {base, offsets}, p, panels, {z.at, z.rowStride, z.panelStride}, z);
      updateStates(base, runs, runCount, t, n_a, p, panels, z);
    }
    if (!team.meet(t)) return t;
    z.at += active * PANEL;
  }
  return steps;
}

template <class Team>
inline size_t advanceTeam(const Team& team, char* base, Precision precision, size_t n_x, size_t n_a, size_t packed,
                          size_t runs, size_t runCount, size_t steps, size_t rowTable, size_t z) {
  const auto moveWith = precision == Precision::int8       ? advanceWith<Int8, Team>
                        : precision == Precision::bfloat16 ? advanceWith<Bfloat16, Team>
                                                           : advanceWith<Float32, Team>;
  return moveWith(team, base, n_x, n_a, packed, runs, runCount, steps, rowTable, z);
}

void advance(char* base, Precision precision, size_t n_x, size_t n_a, size_t packed, size_t runs, size_t runCount,
             size_t steps, size_t rowTable, size_t z) {
  advanceTeam(Alone{}, base, precision, n_x, n_a, packed, runs, runCount, steps, rowTable, z);
}

size_t advanceShare(char* base, Precision precision, size_t n_x, size_t n_a, size_t packed, size_t run, size_t steps,
                    size_t rowTable, size_t z, const CrewCall& call) {
  const Crew crew(at<uint32_t>(base, call.words), call, steps);
  return advanceTeam(crew, base, precision, n_x, n_a, packed, run, 1, steps, rowTable, z);
}

void predict(char* base, HeadActivation activation, size_t n_a, size_t n_y, size_t packed, size_t a, size_t y,
             size_t rows, size_t rowTable, size_t scratch) {
  const size_t panels = (n_y + PANEL - 1) / PANEL;
  const float* const by = at<const float>(base, packed);
  const auto Wy = weightsAt<Float32>(by + panels * PANEL, panels);
  uint32_t* const offsets = at<uint32_t>(base, rowTable);
  for (size_t r = 0; r < rows; r++) offsets[r] = static_cast<uint32_t>(a + r * n_a * sizeof(float));
  const Grid<float> z = {at<float>(base, scratch), panels * PANEL, PANEL};
  const size_t group = panelsAtOnce(rows);
  for (size_t p = 0; p < panels; p += group) {
    product(rows, n_a, Wy, {base, offsets}, p, least(group, panels - p), {by, 0, PANEL}, z);
  }
  for (size_t r = 0; r < rows; r++) activateHead(activation, n_y, z.of(r, 0), at<float>(base, y) + r * n_y);
}

void sigmoidOf(char* base, size_t count, size_t x, size_t y) {
  for (size_t i = 0; i < count; i += LANES) store(at<float>(base, y) + i, valueOf(sigmoid(load(at<float>(base, x) + i))));
}

void tanhOf(char* base, size_t count, size_t x, size_t y) {
  for (size_t i = 0; i < count; i += LANES) store(at<float>(base, y) + i, valueOf(tanh(load(at<float>(base, x) + i))));
}

void softmaxOf(char* base, size_t n_y, size_t z, size_t y) { softmax(n_y, at<float>(base, z), at<float>(base, y)); }

} // namespace
