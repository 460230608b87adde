/**
 * The version of a set as the clients of this protocol know versions: Triton's are positive 64-bit integers in text,
 * and its perf_analyzer ends where the text is no such number. These are the lower 63 bits of the set's own version.
 * @param version 16 hexadecimal digits
 */
export function versionNumber(version: string): string {
  return String(BigInt.asUintN(63, BigInt(`0x${version}`)))
}

/** Whether a request's words for a version mean this one: its number here, or what the native routes call it. */
export function meansVersion(asked: string, version: string): boolean {
  return asked === version || asked === versionNumber(version)
}
