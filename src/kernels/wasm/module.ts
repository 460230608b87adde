/**
 * The compiled kernel, in two builds of one source: `relaxed` multiplies and adds with one rounding, `simd` with two
 * and runs on every engine. Their results differ in the last bits; one process uses one of them throughout.
 */
import { readFileSync } from 'node:fs'
import type { Machine } from '../machine.ts'

export type WasmBuild = 'simd' | 'relaxed'

/** See assembly/index.ts for the meaning and the shapes. Addresses are unsigned; the call wraps them to int32. */
export interface WasmExports {
  advance(
    n_x: number,
    n_a: number,
    packed: number,
    runs: number,
    runCount: number,
    steps: number,
    rowTable: number,
    z: number
  ): void
  advanceGeneral: Machine['advanceGeneral']
  predict: Machine['predict']
  softmax(n_y: number, z: number, y: number): void
  sigmoidOf(count: number, x: number, y: number): void
  tanhOf(count: number, x: number, y: number): void
}

const bytesOf = (build: WasmBuild): Uint8Array => readFileSync(new URL(`./lstm-${build}.wasm`, import.meta.url))

/** The builds that this engine takes, the best one first. */
export function availableBuilds(): WasmBuild[] {
  const builds: WasmBuild[] = ['relaxed', 'simd']
  return builds.filter((build) => WebAssembly.validate(bytesOf(build)))
}

export function instantiate(build: WasmBuild, memory: WebAssembly.Memory): WasmExports {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytesOf(build)), { env: { memory } })
  return instance.exports as unknown as WasmExports
}
