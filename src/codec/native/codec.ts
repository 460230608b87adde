/**
 * The codec's loops compiled for processors with AVX-512 and its operations on bytes: a part of the binary of the native
 * kernel, which whoever loads that hands over here. Without it, and for all that it leaves undecided, there are the loops
 * in WebAssembly (json/wasm).
 */
import { fillTables } from '../json/tables.ts'

/** See codec.h for the meaning. Positions in documents are in bytes, those in Float32Arrays in numbers; nothing is checked there. */
export interface NativeCodec {
  /** @returns the position behind what was read, or -1 */
  readNested(
    tables: Uint8Array,
    document: Uint8Array,
    state: Int32Array,
    out: Float32Array,
    at: number,
    maxDepth: number,
    from: number
  ): number
  /** @returns the position behind what was written, or -1 */
  writeNested(
    tables: Uint8Array,
    values: Float32Array,
    layout: Int32Array,
    target: Uint8Array,
    offset: number,
    index: number,
    count: number,
    at: number
  ): number
  /** @returns the faults, see there */
  decodeBase64(text: Uint8Array, out: Float32Array, at: number, length: number, from: number): number
  /** @returns whether all values are finite */
  encodeBase64(values: Float32Array, target: Uint8Array, at: number): boolean
}

/** What this thread's codec uses. */
export let nativeCodec: NativeCodec | undefined

/** The tables of the native code; empty until there is one. */
export let nativeTables = new Uint8Array(0)

/** The layout of tables.h. */
const POWERS_OF_TEN = 0
const SCALES = POWERS_OF_TEN + 309 * 8
const BINADES = SCALES + 77 * 8
const FORMS = BINADES + 256 * 16
const TABLES_BYTES = FORMS + 39 * 16

/** From now on this thread's codec uses `codec`; undefined is the portable one. */
export function useNativeCodec(codec: NativeCodec | undefined): void {
  nativeCodec = codec
  if (codec === undefined || nativeTables.length > 0) return
  nativeTables = new Uint8Array(TABLES_BYTES)
  const at = { powersOfTen: POWERS_OF_TEN, scales: SCALES, binades: BINADES, forms: FORMS }
  fillTables(nativeTables.buffer, at)
}
