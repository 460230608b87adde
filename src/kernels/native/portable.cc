// What every processor of the architecture takes: SSE2 on x86-64, NEON on arm64.
#include "lstm.h"

const Variant portable = {"portable", LANES, advance, advanceGeneral, advanceShare, predict, allFinite, copyFinite,
                          sigmoidOf, tanhOf, softmaxOf};
