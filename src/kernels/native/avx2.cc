// Compiled with -mavx2 -mfma; runs only where addon.cc has found both.
#include "lstm.h"

const Variant avx2 = {"avx2", LANES, advance, advanceGeneral, advanceShare, predict, allFinite, copyFinite,
                      sigmoidOf, tanhOf, softmaxOf};
