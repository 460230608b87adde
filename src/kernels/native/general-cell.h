/**
 * The cell with all that a layer may have beyond the plain one; src/lstm/model.ts has the equations. What is chosen here
 * is the same for all units, so that the branches are foreseen; they cost little beside the products of a step.
 */
#pragma once

#include "cell.h"

namespace {

/** The numbers are those of src/lstm/model.ts. */
enum class Activation : uint32_t { sigmoid = 0, tanh = 1, relu = 2, hard_sigmoid = 3, linear = 4 };

struct ActivationOf {
  Activation name;
  float alpha; // of hard_sigmoid
  float beta;
};

struct CellOptions {
  const float* peepholes; // (blocks, 4, LANES), pf, pi, 0, po; or null
  bool input_forget;
  float clip; // infinity for none
  ActivationOf gate;
  ActivationOf candidate;
  ActivationOf output;
};

/** NaN is not less and not greater, and stays. */
inline Floats bounded(Floats x, float low, float high) {
  const Floats y = x < low ? all(low) : x;
  return y > high ? all(high) : y;
}

/** σ and tanh as the fractions of the plain cell, so that the same numbers come out of both; the others over 1. */
inline Fraction activate(const ActivationOf& activation, Floats z) {
  switch (activation.name) {
    case Activation::sigmoid:
      return sigmoid(z);
    case Activation::tanh:
      return tanh(z);
    case Activation::relu:
      return {z < 0.0f ? Floats{} : z, all(1.0f)};
    case Activation::hard_sigmoid:
      return {bounded(madd(all(activation.alpha), z, all(activation.beta)), 0.0f, 1.0f), all(1.0f)};
    case Activation::linear:
      break;
  }
  return {z, all(1.0f)};
}

/** As cell(). row.a_next takes ot∘output(c_next), before the projection where there is one. */
inline void generalCell(const CellOptions& options, const float* z, const RowOutputs& row, size_t unit, size_t count) {
  const Floats c_prev = loadSome(row.c_prev + unit, count);
  const auto preactivation = [&](size_t gate, Floats seen) {
    const Floats sum = load(z + gate * LANES);
    if (!options.peepholes) return bounded(sum, -options.clip, options.clip);
    const Floats p = load(options.peepholes + 4 * unit + gate * LANES);
    return bounded(madd(p, seen, sum), -options.clip, options.clip);
  };
  const Fraction i = activate(options.gate, preactivation(1, c_prev));
  const Fraction f = options.input_forget ? Fraction{i.bottom - i.top, i.bottom}
                                          : activate(options.gate, preactivation(0, c_prev));
  const Fraction cc = activate(options.candidate, bounded(load(z + 2 * LANES), -options.clip, options.clip));
  const Floats kept = f.top * c_prev / f.bottom;
  const Floats c = kept + i.top * cc.top / (i.bottom * cc.bottom);
  const Fraction o = activate(options.gate, preactivation(3, c));
  storeUpdate(row, unit, count, f, i, cc, c, o, activate(options.output, c));
}

} // namespace
