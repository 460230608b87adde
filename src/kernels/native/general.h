/**
 * Layers with a projection, peepholes, clip, input_forget or other activations. Apart from lstm.h, so that the plain
 * cell's code stays as it is; the products and the order of the steps are the same.
 */
#pragma once

#include "general-cell.h"
#include "product.h"
#include "runs.h"
#include "variant.h"

namespace {

/** A layer in the table, 20 words; offsets as in Run, 0 for what it does not have. */
struct GeneralLayer {
  Precision precision;
  uint32_t n_x;
  uint32_t n_a;
  uint32_t n_h;
  uint32_t weights;    // bias, Wx and Wa as variant.h has them, but Wa (blocks, n_h, 4, LANES)
  uint32_t peepholes;  // (blocks, 4, LANES)
  uint32_t projection; // zeros (panels, 4, LANES), then Wp (panels, n_a, 4, LANES)
  uint32_t hidden;     // room for ot∘output(c_next) of the rows of a step: (rows, blocks, LANES)
  uint32_t projected;  // and for the projection's outputs: (rows, panels, 4, LANES)
  uint32_t input_forget;
  float clip;
  ActivationOf gate;
  ActivationOf candidate;
  ActivationOf output;
};

/** Units of `panels` panels from `panel` on, of all rows of step t. hidden: (rows, hiddenRow) with a projection, else null */
inline void updateGeneral(char* base, const GeneralLayer& layer, const CellOptions& options, const Run* runs,
                          size_t runCount, size_t t, size_t panel, size_t panels, Grid<float> z, float* hidden) {
  const size_t n_a = layer.n_a;
  const size_t hiddenRow = (n_a + LANES - 1) / LANES * LANES;
  size_t zRow = 0;
  for (const Run* run = runs; run < runs + runCount; run++) {
    const size_t active = at<const uint32_t>(base, run->active)[t];
    for (size_t r = 0; r < active; r++, zRow++) {
      const size_t row = t * run->m + r;
      const size_t next = row + run->m;
      // without a projection n_h is n_a
      float* const a_next = hidden ? hidden + zRow * hiddenRow : at<float>(base, run->a) + next * n_a;
      const RowOutputs outputs = outputsOf(base, *run, row * n_a, next * n_a, a_next);
      for (size_t p = panel; p < panel + panels; p++) {
        generalCell(options, z.of(zRow, p), outputs, p * LANES, least(LANES, n_a - p * LANES));
      }
    }
  }
}

/** a_next = Wp·(ot∘output(c_next)) of all rows of step t. */
inline void project(char* base, const GeneralLayer& layer, const Run* runs, size_t runCount, size_t t, size_t rows,
                    uint32_t* offsets) {
  const size_t n_h = layer.n_h;
  const size_t panels = (n_h + PANEL - 1) / PANEL;
  const size_t hiddenBytes = (layer.n_a + LANES - 1) / LANES * LANES * sizeof(float);
  for (size_t r = 0; r < rows; r++) offsets[r] = static_cast<uint32_t>(layer.hidden + r * hiddenBytes);
  const float* const zeros = at<const float>(base, layer.projection);
  const auto Wp = weightsAt<Float32>(zeros + panels * PANEL, panels);
  const Grid<float> out = {at<float>(base, layer.projected), panels * PANEL, PANEL};
  const size_t group = panelsAtOnce(rows);
  for (size_t p = 0; p < panels; p += group) {
    product(rows, layer.n_a, Wp, {base, offsets}, p, least(group, panels - p), {zeros, 0, PANEL}, out);
  }
  size_t outRow = 0;
  for (const Run* run = runs; run < runs + runCount; run++) {
    const size_t active = at<const uint32_t>(base, run->active)[t];
    float* const a = at<float>(base, run->a) + (t + 1) * run->m * n_h;
    for (size_t r = 0; r < active; r++) std::memcpy(a + r * n_h, out.of(outRow++, 0), n_h * sizeof(float));
  }
}

template <class Storage>
void advanceGeneralWith(char* base, const GeneralLayer& layer, const Run* runs, size_t runCount, size_t steps,
                        uint32_t* offsets, float* scratch) {
  const size_t blocks = (layer.n_a + LANES - 1) / LANES;
  const float* const bias = at<const float>(base, layer.weights);
  const auto Wx = weightsAt<Float32>(bias + blocks * PANEL, blocks);
  const auto Wa = weightsAt<Storage>(bias + blocks * PANEL * (1 + layer.n_x), blocks);
  const CellOptions options = {layer.peepholes ? at<const float>(base, layer.peepholes) : nullptr,
                               layer.input_forget != 0,
                               layer.clip,
                               layer.gate,
                               layer.candidate,
                               layer.output};
  float* const hidden = layer.projection ? at<float>(base, layer.hidden) : nullptr;

  size_t rows = 0;
  for (size_t t = 0; t < steps; t++) rows += listRows(base, runs, runCount, t, &Run::x, layer.n_x, offsets + rows);
  Grid<float> z = {scratch, PANEL, rows * PANEL};
  const size_t group = panelsAtOnce(rows);
  for (size_t p = 0; p < blocks; p += group) {
    product(rows, layer.n_x, Wx, {base, offsets}, p, least(group, blocks - p), {bias, 0, PANEL}, z);
  }

  for (size_t t = 0; t < steps; t++) {
    const size_t active = listRows(base, runs, runCount, t, &Run::a, layer.n_h, offsets);
    const size_t together = panelsAtOnce(active);
    for (size_t done = 0; done < blocks; done += together) { // there and back, as in lstm.h
      const size_t panels = least(together, blocks - done);
      const size_t p = t % 2 == 0 ? done : blocks - done - panels;
      product(active, layer.n_h, Wa, {base, offsets}, p, panels, {z.at, z.rowStride, z.panelStride}, z);
      updateGeneral(base, layer, options, runs, runCount, t, p, panels, z, hidden);
    }
    if (hidden) project(base, layer, runs, runCount, t, active, offsets);
    z.at += active * PANEL;
  }
}

void advanceGeneral(char* base, size_t layerAt, size_t runTable, size_t runCount, size_t steps, size_t rowTable,
                    size_t z) {
  const GeneralLayer layer = *at<const GeneralLayer>(base, layerAt);
  const auto moveWith = layer.precision == Precision::int8       ? advanceGeneralWith<Int8>
                        : layer.precision == Precision::bfloat16 ? advanceGeneralWith<Bfloat16>
                                                                 : advanceGeneralWith<Float32>;
  moveWith(base, layer, at<const Run>(base, runTable), runCount, steps, at<uint32_t>(base, rowTable), at<float>(base, z));
}

} // namespace
