/** What a head makes of one row of its outputs: softmax, σ of each, or the outputs as they are. */
#pragma once

#include "softmax.h"
#include "variant.h"

namespace {

/** z: (ceil(n_y / LANES), LANES), overwritten; lanes behind n_y hold the lowest finite float. y: (n_y) */
inline void activateHead(HeadActivation activation, size_t n_y, float* z, float* y) {
  switch (activation) {
    case HeadActivation::softmax:
      softmax(n_y, z, y);
      return;
    case HeadActivation::sigmoid:
      for (size_t j = 0; j < n_y; j += LANES) {
        storeSome(y + j, valueOf(sigmoid(load(z + j))), n_y - j < LANES ? n_y - j : LANES);
      }
      return;
    case HeadActivation::linear:
      std::memcpy(y, z, n_y * sizeof(float));
  }
}

} // namespace
