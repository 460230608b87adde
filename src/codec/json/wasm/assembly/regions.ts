/**
 * What lies where in the memory of the codec: a piece of text, the float32s that it stands for, and tables, which
 * tables.ts fills before anything else is called.
 */

/** How much text is worked on at once: with its numbers it stays in the second level of a processor's caches. */
export const TEXT_BYTES: usize = 65536

/** Behind the text there is room for a vector that begins in it. */
export const TEXT: usize = memory.data(65536 + 64, 64)

/**
 * Room for the numbers of one piece of text, of which one takes two bytes at least, with its comma, and of the tensors
 * of a document that are used before the next one is read. Pages that nobody has written to cost nothing.
 */
export const FLOATS_BYTES: usize = 1048576
export const FLOATS: usize = memory.data(1048576 + 64, 64)

/** What `readNumbers` says besides the position: the numbers, the rows and the numbers of the last row, whether it is stuck. */
export const RESULT: usize = memory.data(16, 16)

/** 10^0 … 10^308 as the nearest float64s; up to 10^22 they are exact. */
export const POWERS_OF_TEN: usize = memory.data(2472, 16)

/** ceil(10^k · 2^r) for k = -31 … 45, with the r that makes it a number of 64 bits. */
export const SCALES: usize = memory.data(616, 16)
export const LEAST_SCALE: i32 = -31

/**
 * For every exponent field of a float32, in 16 bytes: as a u64 the distance of its neighbours, 2^q, in units of 10^k,
 * 10^k ≤ 2^q < 10^(k+1), times 2^36; as u32s, where in FORMS a decimal of nine digits times 10^k lies, and behind how
 * many digits its point stands. The distance is 0 where such a decimal, or one of seven digits, has no form there.
 */
export const BINADES: usize = memory.data(4096, 16)

/**
 * For every place of the decimal point, from LEAST_POINT to 9, of a decimal of nine digits, and then 0 to 2 zeros
 * before its digits, 16 bytes: which of its lanes goes where. Lane 9 is the point, what comes from lane 15 is a zero.
 */
export const FORMS: usize = memory.data(624, 16)
export const LEAST_POINT: i32 = -3

/** Decimals of a block of numbers that are being written. */
export const BLOCK: u32 = 256
export const DECIMALS: usize = memory.data(1024, 16)
