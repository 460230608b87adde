/**
 * The inner loops of the codec, text to float32 and back, in WebAssembly: they live on products of 64 bits and on
 * vectors of bytes, which JavaScript lacks. One instance a thread with memory of its own, through which text and
 * numbers go piece by piece. A call runs to its end before anybody else comes, so all users share the memory, and
 * nothing lies in it for longer than the reading or writing of one tensor, but for what `decodedValues` keeps there.
 *
 * Measured on one core (Zen 3, Node 20) for numbers of 9 digits, the whole codec: reading 7 ns a number, before in
 * TypeScript 12; writing 11, before 18.
 */
import { readFileSync } from 'node:fs'
import { fillTables } from '../tables.ts'

/** A constant of the code. */
interface Address {
  readonly value: number
}

/** See assembly/ for the meaning. Positions are addresses in the memory. */
interface CodecExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly TEXT: Address
  readonly TEXT_BYTES: Address
  readonly FLOATS: Address
  readonly FLOATS_BYTES: Address
  readonly RESULT: Address
  readonly POWERS_OF_TEN: Address
  readonly SCALES: Address
  readonly BINADES: Address
  readonly FORMS: Address
  readNumbers(from: number, end: number, out: number, rowLength: number, inRow: number): number
  writeNumbers(from: number, count: number, at: number, rowLength: number, inRow: number): number
  decodeBase64(from: number, blocks: number, to: number): number
  encodeBase64(from: number, blocks: number, to: number): number
}

const bytes = readFileSync(new URL('./codec.wasm', import.meta.url))
const wasm = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as CodecExports
const { buffer } = wasm.memory

fillTables(buffer, {
  powersOfTen: wasm.POWERS_OF_TEN.value,
  scales: wasm.SCALES.value,
  binades: wasm.BINADES.value,
  forms: wasm.FORMS.value
})

export const { readNumbers, writeNumbers, decodeBase64, encodeBase64 } = wasm

/** Where a piece of text lies, and its memory. The code may write over 64 bytes behind it. */
export const TEXT: number = wasm.TEXT.value
export const TEXT_BYTES: number = wasm.TEXT_BYTES.value
export const text = new Uint8Array(buffer, TEXT, TEXT_BYTES)

/** Where numbers lie, and their memory. */
export const FLOATS: number = wasm.FLOATS.value
export const floats = new Float32Array(buffer, FLOATS, wasm.FLOATS_BYTES.value / 4)
export const floatBits = new Int32Array(buffer, FLOATS, floats.length)
export const floatBytes = new Uint8Array(buffer, FLOATS, 4 * floats.length)

/** Most numbers of a piece of text, and one that is added by hand. */
export const PIECE_FLOATS: number = TEXT_BYTES / 2 + 1

/** Of the last `readNumbers`: how many numbers it read, rows it ended, numbers of the last row there are, and whether it is stuck. */
export const result = new Int32Array(buffer, wasm.RESULT.value, 4)
