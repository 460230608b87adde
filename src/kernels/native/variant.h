/** What addon.cc knows of a variant of the kernel. Everything has been checked before a call; base is the memory's. */
#pragma once

#include <cstddef>
#include <cstdint>

/** How the recurrent weights of a layer are stored; product.h has the forms. The numbers are those of packing.ts. */
enum class Precision : uint32_t { float32 = 0, bfloat16 = 1, int8 = 2 };

/** What a head does with Wy·a + by. The numbers are those of src/lstm/model.ts. */
enum class HeadActivation : uint32_t { softmax = 0, sigmoid = 1, linear = 2 };

/** What one of the threads that move a run together has to know. */
struct CrewCall {
  /** Offset of words, each on a line of the cache: the turn that somebody gave up, then by place the steps done. */
  uint32_t words;
  /** Of this call of all of them; the steps done are counted on from it, so that none of an earlier call's reach it. */
  uint32_t turn;
  /** Which of them this thread is; the owner of the run has place 0. */
  uint32_t place;
  /** A bit for each place that takes part, this one's among them. */
  uint32_t members;
  /** Microseconds to wait for the others after a step. */
  uint32_t patience;
};

struct Variant {
  const char* name;
  /** Floats in a vector: the packed order of the weights depends on it. */
  uint32_t lanes;

  /**
   * Moves all runs `steps` steps. First Wx·x + b of all their rows, one product; then, step by step, Wa·a_prev on top
   * of it and the state update. z and rowTable have room for the rows of all steps together.
   * All addresses are offsets in bytes from base:
   * packed: bias (blocks, 4, LANES), Wx (blocks, n_x, 4, LANES), for int8 scales (blocks, 4, LANES), and
   * Wa (blocks, n_a, 4, LANES), at 32, 16 or 8 bits each
   * runs: (runCount) of Run, rowTable: (rows of all steps), z: (blocks, rows of all steps, 4, LANES)
   */
  void (*advance)(char* base, Precision precision, size_t n_x, size_t n_a, size_t packed, size_t runs, size_t runCount,
                  size_t steps, size_t rowTable, size_t z);

  /**
   * As advance, for a layer that has more than the plain cell: layer is a GeneralLayer (general.h), which has its
   * shape, its weights and its options, and scratch of its own where it has a projection.
   */
  void (*advanceGeneral)(char* base, size_t layer, size_t runs, size_t runCount, size_t steps, size_t rowTable, size_t z);

  /**
   * As advance, for one run and this thread's share of its panels, while others do the rest. Returns the steps that
   * this thread has made: for the owner all have made these, and those behind them, which a share has written some
   * units of, are to be made anew where somebody gave up.
   */
  size_t (*advanceShare)(char* base, Precision precision, size_t n_x, size_t n_a, size_t packed, size_t run,
                         size_t steps, size_t rowTable, size_t z, const CrewCall& call);

  /**
   * y = activation(Wy·a + by) of consecutive rows.
   * packed: by (panels, 4, LANES), Wy (panels, n_a, 4, LANES); a: (rows, n_a), y: (rows, n_y), rowTable: (rows),
   * z: (rows, panels, 4, LANES)
   */
  void (*predict)(char* base, HeadActivation activation, size_t n_a, size_t n_y, size_t packed, size_t a, size_t y,
                  size_t rows, size_t rowTable, size_t z);

  /** Whether none of the values, at any address, is NaN or infinite. */
  bool (*allFinite)(const float* values, size_t count);

  /** The same, and copies them; the two places do not overlap. */
  bool (*copyFinite)(const float* values, float* target, size_t count);

  // For the tests of their error: `count` values, a multiple of the lanes, and one row.
  void (*sigmoidOf)(char* base, size_t count, size_t x, size_t y);
  void (*tanhOf)(char* base, size_t count, size_t x, size_t y);
  void (*softmax)(char* base, size_t n_y, size_t z, size_t y);
};

extern const Variant portable;
#if defined(__x86_64__)
extern const Variant avx2;
extern const Variant avx512;
#endif
