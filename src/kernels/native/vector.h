/**
 * Vectors of LANES floats in the compiler's own vector types, and the few operations that need the processor's.
 *
 * Each source file that includes this is compiled for another processor. Everything stands in an unnamed namespace,
 * so that no function of one of them can take the place of another's when they are linked.
 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr size_t LANES = 16;
constexpr int MOST_ROWS = 6;   // 6 rows × 4 gates are 24 of 32 registers
constexpr int PAIR_PANELS = 3; // panels at once for 2 rows
constexpr int LONE_PANELS = 4; // and for 1 row
#elif defined(__AVX2__)
constexpr size_t LANES = 8;
constexpr int MOST_ROWS = 3; // 12 of 16 registers
constexpr int PAIR_PANELS = 1;
constexpr int LONE_PANELS = 3;
#elif defined(__ARM_NEON)
constexpr size_t LANES = 4;
constexpr int MOST_ROWS = 6; // 24 of 32 registers
constexpr int PAIR_PANELS = 3;
constexpr int LONE_PANELS = 4;
#else
constexpr size_t LANES = 4;
constexpr int MOST_ROWS = 2; // 8 of 16 registers, as a product needs one of its own here
constexpr int PAIR_PANELS = 1;
constexpr int LONE_PANELS = 2;
#endif
constexpr size_t PANEL = 4 * LANES; // floats of one k in a panel

typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef uint32_t Words __attribute__((vector_size(4 * LANES))); // bits, whose sums may wrap
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));
typedef float HalfFloats __attribute__((vector_size(2 * LANES)));
typedef double HalfDoubles __attribute__((vector_size(4 * LANES)));

inline Floats load(const float* at) {
  Floats value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline Words loadWords(const uint32_t* at) {
  Words value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline void store(float* at, Floats value) { std::memcpy(at, &value, sizeof value); }

inline Floats all(float value) { return value - Floats{}; }

inline Words bitsOf(Floats value) { return reinterpret_cast<Words>(value); }
inline Floats floatsOf(Words bits) { return reinterpret_cast<Floats>(bits); }

/**
 * The same value, which the compiler may not load anew for each use. Of no use where a product needs a register of its
 * own for its result, as in SSE.
 */
inline Floats inRegister(Floats value) {
#if defined(__AVX512F__)
  asm("" : "+v"(value));
#elif defined(__AVX2__)
  asm("" : "+x"(value));
#endif
  return value;
}

/** The bits of `word` that are in `mask`, and those of `rest`, which has none of them. */
inline Words choose(Words word, uint32_t mask, uint32_t rest) {
#if defined(__AVX512F__)
  // one instruction; from & and | the compiler makes two
  const Words masks = Words{} + mask;
  const Words rests = Words{} + rest;
  return reinterpret_cast<Words>(_mm512_ternarylogic_epi32(reinterpret_cast<__m512i>(word), reinterpret_cast<__m512i>(masks),
                                                          reinterpret_cast<__m512i>(rests), 0xea));
#else
  return (word & mask) | rest;
#endif
}

#if defined(__AVX512F__)

/** a·b + c with one rounding (the plain x86 build has no such instruction: two). Every accumulation goes through here. */
inline Floats madd(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }

inline __mmask16 first(size_t count) { return static_cast<__mmask16>((1u << count) - 1); }

/** The first `count` floats, 1 to LANES - 1, the other lanes 0; touches nothing behind them. */
inline Floats loadFirst(const float* at, size_t count) { return _mm512_maskz_loadu_ps(first(count), at); }
inline void storeFirst(float* at, Floats value, size_t count) { _mm512_mask_storeu_ps(at, first(count), value); }

#elif defined(__AVX2__)

inline Floats madd(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }

inline __m256i first(size_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline Floats loadFirst(const float* at, size_t count) { return _mm256_maskload_ps(at, first(count)); }
inline void storeFirst(float* at, Floats value, size_t count) { _mm256_maskstore_ps(at, first(count), value); }

#else

#if defined(__ARM_NEON)
inline Floats madd(Floats a, Floats b, Floats c) {
  return reinterpret_cast<Floats>(
      vfmaq_f32(reinterpret_cast<float32x4_t>(c), reinterpret_cast<float32x4_t>(a), reinterpret_cast<float32x4_t>(b)));
}
#else
inline Floats madd(Floats a, Floats b, Floats c) { return a * b + c; }
#endif

inline Floats loadFirst(const float* at, size_t count) {
  Floats value{};
  std::memcpy(&value, at, count * sizeof(float));
  return value;
}
inline void storeFirst(float* at, Floats value, size_t count) { std::memcpy(at, &value, count * sizeof(float)); }

#endif

/** `count` floats, 1 to LANES. */
inline Floats loadSome(const float* at, size_t count) { return count == LANES ? load(at) : loadFirst(at, count); }
inline void storeSome(float* at, Floats value, size_t count) {
  if (count == LANES) store(at, value);
  else storeFirst(at, value, count);
}

} // namespace
