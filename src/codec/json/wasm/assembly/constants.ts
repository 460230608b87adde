/**
 * Constant vectors for loops. Of a constant in the code, V8 moves the halves through registers of integers each time
 * that it is used, four instructions in a loop that has twenty. What comes out of memory before the loop stays in a
 * register, or is read back from the stack.
 */
const SPLAT = memory.data(16, 16)

/** The same 64 bits twice. */
// @ts-ignore: decorator
@inline
export function fromMemory(halves: u64): v128 {
  store<u64>(SPLAT, halves)
  return v128.load64_splat(SPLAT)
}
