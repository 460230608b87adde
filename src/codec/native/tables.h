/** The tables of a thread, which tables.ts fills from exact integers; native.ts knows where in them what lies. */
#pragma once

#include <cstdint>

/** Of the float32s with one exponent field: see BINADES in json/wasm/assembly/regions.ts. */
struct Binade {
  /** Of neighbours, in units of 10^k, times 2^36; 0 where the decimals of the binade have no form. */
  uint64_t distance;
  /** Where in Tables::forms a decimal of nine digits lies, in bytes. */
  uint32_t form;
  /** Behind how many digits its point stands. */
  int32_t point;
};

struct Tables {
  /** 10^0 … 10^308 as the nearest float64s; up to 10^22 they are exact. */
  double powersOfTen[309];
  /** ceil(10^k · 2^r) for k = -31 … 45, with the r that makes it a number of 64 bits. */
  uint64_t scales[77];
  Binade binades[256];
  /** See FORMS in json/wasm/assembly/regions.ts: no text is longer than 14 characters. */
  uint8_t forms[39][16];
};

static_assert(sizeof(Tables) == 7808, "native.ts knows this layout");
