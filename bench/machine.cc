// What one core of this machine can do: the most floating-point operations a second (an FMA loop over registers), and
// how fast it reads arrays of given sizes over and over. Compile with -O3 -march=native; arguments: bytes, …
// Prints JSON: {"gflops": …, "readGBs": [… in the order of the arguments]}.
//
// The arrays lie as the kernel's memory does: anonymous pages, huge ones if the kernel gives them.
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif
typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef unsigned Words __attribute__((vector_size(4 * LANES)));
constexpr int CHAINS = 12; // more than latency × units anywhere, fewer than registers

static double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static double gflops() {
  double best = 0;
  for (int round = 0; round < 20; round++) {
    Floats sums[CHAINS];
    for (int i = 0; i < CHAINS; i++) sums[i] = Floats{} + float(i);
    Floats a = Floats{} + 1.0001f, b = Floats{} + 0.5f;
    constexpr long STEPS = 1'000'000;
    const double begin = seconds();
    for (long step = 0; step < STEPS; step++) {
#pragma GCC unroll 16
      for (int i = 0; i < CHAINS; i++) sums[i] = sums[i] * a + b;
      asm volatile("" : "+v"(a));
    }
    const double time = seconds() - begin;
    for (int i = 0; i < CHAINS; i++) asm volatile("" ::"v"(sums[i]));
    best = std::max(best, 2.0 * CHAINS * LANES * STEPS / time / 1e9);
  }
  return best;
}

static double readGBs(size_t bytes) {
  const size_t huge = size_t(2) << 20;
  const size_t room = (bytes + 2 * huge) / huge * huge;
  char* const mapped = static_cast<char*>(mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (mapped == MAP_FAILED) std::abort();
#ifdef MADV_HUGEPAGE
  madvise(mapped, room, MADV_HUGEPAGE);
#endif
  char* const array = reinterpret_cast<char*>((reinterpret_cast<size_t>(mapped) + huge - 1) / huge * huge);
  for (size_t at = 0; at < bytes; at += 4) array[at] = char(at);
  const size_t block = 8 * sizeof(Words);
  const long passes = std::max<long>(2, long(4e8 / double(bytes)));
  std::vector<double> speeds;
  for (int round = 0; round < 9; round++) {
    Words sums[8] = {};
    const double begin = seconds();
    for (long pass = 0; pass < passes; pass++) {
      for (size_t at = 0; at + block <= bytes; at += block) {
        const Words* words = reinterpret_cast<const Words*>(array + at);
        for (int i = 0; i < 8; i++) sums[i] |= words[i];
      }
      asm volatile("" ::: "memory");
    }
    const double time = seconds() - begin;
    for (int i = 0; i < 8; i++) asm volatile("" ::"v"(sums[i]));
    speeds.push_back(double(bytes) * double(passes) / time / 1e9);
  }
  munmap(mapped, room);
  std::sort(speeds.begin(), speeds.end());
  return speeds[speeds.size() / 2];
}

int main(int count, char** sizes) {
  std::printf("{\"gflops\": %.1f, \"readGBs\": [", gflops());
  for (int i = 1; i < count; i++) std::printf("%s%.1f", i > 1 ? ", " : "", readGBs(std::strtoull(sizes[i], nullptr, 10)));
  std::printf("]}\n");
}
