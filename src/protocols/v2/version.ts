/** The largest number that perf_analyzer can read has 63 bits. */
const BITS = 63

/**
 * The version of a set as every answer of this protocol has it, a decimal number, which is what Triton's are:
 * perf_analyzer reads the version of statistics, and one that it was told, with `stoll` and ends where that cannot be
 * done. Equal for equal versions, on every replica.
 * @param version 16 hexadecimal digits
 */
export function numericVersion(version: string): string {
  return BigInt.asUintN(BITS, BigInt(`0x${version}`)).toString()
}

/** Whether a request that names a version means this one; it may name it as the native routes do, too. */
export function isVersion(asked: string | undefined, version: string): boolean {
  return asked === undefined || asked === version || asked === numericVersion(version)
}
