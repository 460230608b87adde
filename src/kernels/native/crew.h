/**
 * The threads that move one run together, each some of its panels: Wa·a_prev needs every unit of a_prev, so that all
 * wait for each other after each step. Whoever has waited longer than it pays gives up, and all leave: what a step has
 * written by then is written again, to the same bits, by whoever goes on from it.
 */
#pragma once

#include <time.h> // not <chrono>, whose functions the linker would share between the variants

#include "variant.h"

namespace {

/** A thread that moves a run by itself. */
struct Alone {
  size_t first(size_t) const { return 0; }
  size_t end(size_t panels) const { return panels; }
  bool meet(size_t) const { return true; }
};

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

inline uint64_t nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

class Crew {
 public:
  Crew(uint32_t* words, const CrewCall& call, size_t steps) : words(words), call(call), steps(steps) {}

  /** The first of this thread's panels, and the one behind them. */
  size_t first(size_t panels) const { return panels * rank() / size(); }
  size_t end(size_t panels) const { return panels * (rank() + 1) / size(); }

  /** This thread's panels of the step are done. False when somebody gave up before all were. */
  bool meet(size_t step) const {
    const uint32_t done = call.turn + static_cast<uint32_t>(step) + 1;
    __atomic_store_n(doneBy(call.place), done, __ATOMIC_RELEASE);
    // of the last step only the owner, who has place 0, needs to know
    if (step + 1 == steps && call.place != 0) return true;
    for (uint32_t place = 0; call.members >> place != 0; place++) {
      if ((call.members >> place & 1) != 0 && place != call.place && !waitFor(place, done)) return false;
    }
    return true;
  }

 private:
  static constexpr size_t LINE_WORDS = 16; // so that no two threads write to one line of the cache
  static constexpr int LOOKS = 64;         // between two looks at the clock

  uint32_t* const words;
  const CrewCall& call;
  const size_t steps;

  size_t rank() const { return static_cast<size_t>(__builtin_popcount(call.members & ((1u << call.place) - 1))); }
  size_t size() const { return static_cast<size_t>(__builtin_popcount(call.members)); }
  uint32_t* doneBy(uint32_t place) const { return words + (1 + place) * LINE_WORDS; }

  bool waitFor(uint32_t place, uint32_t done) const {
    const auto isDone = [&] {
      return static_cast<int32_t>(__atomic_load_n(doneBy(place), __ATOMIC_ACQUIRE) - done) >= 0;
    };
    uint64_t begin = 0;
    for (;;) {
      for (int look = 0; look < LOOKS; look++) {
        if (isDone()) return true;
        pause();
      }
      if (__atomic_load_n(words, __ATOMIC_ACQUIRE) == call.turn) return false;
      const uint64_t now = nanoseconds();
      if (begin == 0) begin = now;
      if (now - begin < call.patience * uint64_t{1000}) continue;
      __atomic_store_n(words, call.turn, __ATOMIC_RELEASE);
      return false;
    }
  }
};

} // namespace
