/** Activation and state update: the four pre-activations of a unit lie side by side, so they meet in registers here. */
#pragma once

#include "activations.h"

namespace {

/** Where one row's states and gates go; a gate that nobody asked for is null. */
struct RowOutputs {
  const float* c_prev; // (n_a)
  float* c_next;       // (n_a)
  float* a_next;       // (n_a)
  float* ft;           // (n_a) or null
  float* it;
  float* cct;
  float* ot;
};

/** What `count` units from `unit` on have become: o∘h is the hidden state. */
inline void storeUpdate(const RowOutputs& row, size_t unit, size_t count, Fraction f, Fraction i, Fraction cc, Floats c,
                        Fraction o, Fraction h) {
  storeSome(row.c_next + unit, c, count);
  storeSome(row.a_next + unit, o.top * h.top / (o.bottom * h.bottom), count);
  if (row.ft) storeSome(row.ft + unit, valueOf(f), count);
  if (row.it) storeSome(row.it + unit, valueOf(i), count);
  if (row.cct) storeSome(row.cct + unit, valueOf(cc), count);
  if (row.ot) storeSome(row.ot + unit, valueOf(o), count);
}

/** `count` units, 1 to LANES, from `unit` on. The states are computed alike whether gates are asked for or not. */
inline void cell(const float* z, const RowOutputs& row, size_t unit, size_t count) {
  const Fraction f = sigmoid(load(z));
  const Fraction i = sigmoid(load(z + LANES));
  const Fraction cc = tanh(load(z + 2 * LANES));
  const Fraction o = sigmoid(load(z + 3 * LANES));
  const Floats kept = f.top * loadSome(row.c_prev + unit, count) / f.bottom;
  const Floats c = kept + i.top * cc.top / (i.bottom * cc.bottom);
  storeUpdate(row, unit, count, f, i, cc, c, o, tanh(c));
}

} // namespace
