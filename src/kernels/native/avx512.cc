// Compiled with -mavx512f; runs only where addon.cc has found that.
#include "lstm.h"

const Variant avx512 = {"avx512", LANES, advance, advanceGeneral, advanceShare, predict, allFinite, copyFinite,
                        sigmoidOf, tanhOf, softmaxOf};
