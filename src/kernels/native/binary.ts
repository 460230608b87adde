/**
 * The compiled native kernel: one binary with the code of several processors, made by scripts/build-native.mjs into
 * build/, which a build of dist/ leaves alone.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Machine } from '../machine.ts'

export type VariantName = 'avx512' | 'avx2' | 'portable'

/**
 * The kernel for one kind of processor. See variant.h for the meaning and the shapes: `memory` is any view of the
 * shared memory, addresses are in bytes, and nothing is checked there.
 */
export interface Variant {
  readonly name: VariantName
  readonly lanes: number
  advance(memory: Uint8Array, ...numbers: Parameters<Machine['advance']>): void
  advanceGeneral(memory: Uint8Array, ...numbers: Parameters<Machine['advanceGeneral']>): void
  advanceShare(memory: Uint8Array, ...numbers: Parameters<NonNullable<Machine['advanceShare']>>): number
  predict(memory: Uint8Array, ...numbers: Parameters<Machine['predict']>): void
  /** Of values in whatever memory. Both throw TypeError for anything but Float32Arrays of one length. */
  allFinite(values: Float32Array): boolean
  copyFinite(values: Float32Array, target: Float32Array): boolean
  softmax(memory: Uint8Array, n_y: number, z: number, y: number): void
  sigmoidOf(memory: Uint8Array, count: number, x: number, y: number): void
  tanhOf(memory: Uint8Array, count: number, x: number, y: number): void
}

const built = /\/dist\/src\/kernels\/native\/$/.test(new URL('.', import.meta.url).pathname)
const file = fileURLToPath(new URL(`${built ? '../' : ''}../../../build/lstm-native.node`, import.meta.url))

/** Descriptors of the process, which are the same in all of its threads. Each throws an Error with the system's words. */
export interface Descriptors {
  /** Another descriptor of the same socket, which stays open when the one given is closed. */
  duplicate(fd: number): number
  /** The two ends of a new stream socket. */
  pair(): [number, number]
  /** For one that no socket of Node's has taken over. */
  close(fd: number): void
}

interface Addon extends Descriptors {
  readonly variants: readonly Variant[]
  /** The codec's loops, see src/codec/native, where this processor can run them. */
  readonly codec?: object
  /** Only in a build with AddressSanitizer: forbids bytes of the memory to native code (1), or allows them (0). */
  readonly guard?: (memory: Uint8Array, address: number, bytes: number, forbidden: 0 | 1) => void
}

/** @throws Error that says what to do when there is no binary or it does not load */
export function loadAddon(): Addon {
  if (!existsSync(file)) {
    throw new Error('the native kernel is not built: `npm run native` builds it and says what is missing')
  }
  try {
    return createRequire(import.meta.url)(file) as Addon
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`the native kernel does not load here, \`npm run native\` builds it anew: ${reason}`)
  }
}

/**
 * The variants that this processor can run, the best one first.
 * @throws Error as loadAddon
 */
export function loadVariants(): readonly Variant[] {
  return loadAddon().variants
}
