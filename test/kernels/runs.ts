/** Runs of random sequences for the kernel, and one row of them through the float64 oracle. */
import type { GateOutputs, Kernel, LayerRun, LayerWeights } from '../../src/kernels/kernel.ts'
import { cell, randomFloats } from './oracle.ts'

export const gateNames = ['ft', 'it', 'cct', 'ot'] as const
type GateName = (typeof gateNames)[number]

/** Fills what must not be written. */
export const UNTOUCHED = 12345

export interface RunShape {
  readonly n_x: number
  readonly n_a: number
  /** Without it: n_a. */
  readonly n_h?: number
  readonly m: number
  readonly T_x: number
  readonly gates?: readonly GateName[]
  /** Steps of each row, the longest first; without it T_x for all. (m) */
  readonly lengths?: readonly number[]
}

export function randomRun(kernel: Kernel, random: () => number, shape: RunShape): LayerRun {
  const { n_x, n_a, n_h = n_a, m, T_x, gates = [], lengths = new Array(m).fill(T_x) } = shape
  const x = kernel.allocate(T_x * m * n_x)
  x.set(randomFloats(random, x.length, 1))
  const a = kernel.allocate((T_x + 1) * m * n_h).fill(UNTOUCHED)
  a.set(randomFloats(random, m * n_h, 1))
  const c = kernel.allocate((T_x + 1) * m * n_a).fill(UNTOUCHED)
  c.set(randomFloats(random, m * n_a, 2))
  const outputs: { -readonly [K in GateName]?: Float32Array } = {}
  for (const gate of gates) outputs[gate] = kernel.allocate(T_x * m * n_a).fill(UNTOUCHED)
  const activeRows = Int32Array.from({ length: T_x }, (_, t) => lengths.filter((length) => length > t).length)
  return { m, T_x, x, a, c, gates: outputs, activeRows, t: 0 }
}

/** The sequence of one row alone, from the same state. */
export function rowAlone(kernel: Kernel, run: LayerRun, row: number, n_x: number, n_a: number, n_h = n_a): LayerRun {
  const { m, T_x } = run
  const T = run.activeRows.filter((active) => active > row).length
  const x = kernel.allocate(T_x * n_x)
  for (let t = 0; t < T_x; t++) x.set(run.x.subarray((t * m + row) * n_x, (t * m + row + 1) * n_x), t * n_x)
  const a = kernel.allocate((T_x + 1) * n_h).fill(UNTOUCHED)
  a.set(run.a.subarray(row * n_h, (row + 1) * n_h))
  const c = kernel.allocate((T_x + 1) * n_a).fill(UNTOUCHED)
  c.set(run.c.subarray(row * n_a, (row + 1) * n_a))
  const gates: { -readonly [K in GateName]?: Float32Array } = {}
  for (const name of gateNames) if (run.gates[name]) gates[name] = kernel.allocate(T_x * n_a).fill(UNTOUCHED)
  return { m: 1, T_x, x, a, c, gates, activeRows: Int32Array.from({ length: T_x }, (_, t) => (t < T ? 1 : 0)), t: 0 }
}

export function releaseRun(kernel: Kernel, run: LayerRun): void {
  for (const memory of [run.x, run.a, run.c, ...Object.values(run.gates as GateOutputs)]) kernel.release(memory)
}

/** The largest difference to the oracle; Infinity where something was written that must not be. */
export function differenceToOracle(weights: LayerWeights, run: LayerRun): number {
  let most = 0
  eachDifference(weights, run, (difference) => {
    most = Math.max(most, difference)
  })
  return most
}

/** The same where values may be large: each difference as a part of the largest value of its row, if that is above 1. */
export function relativeToOracle(weights: LayerWeights, run: LayerRun): number {
  let most = 0
  eachDifference(weights, run, (difference, values) => {
    most = Math.max(most, difference / Math.max(1, ...values.map(Math.abs)))
  })
  return most
}

function eachDifference(
  weights: LayerWeights,
  run: LayerRun,
  take: (difference: number, expected: readonly number[]) => void
): void {
  const { n_x, n_a, n_h } = weights
  const { m, T_x } = run
  for (let row = 0; row < m; row++) {
    let a: ArrayLike<number> = run.a.subarray(row * n_h, (row + 1) * n_h)
    let c: ArrayLike<number> = run.c.subarray(row * n_a, (row + 1) * n_a)
    for (let t = 0; t < T_x; t++) {
      const real = row < run.activeRows[t]
      const expected = cell(weights, run.x.subarray((t * m + row) * n_x), a, c)
      const compare = (got: Float32Array, block: number, values: readonly number[]) => {
        const from = (block * m + row) * values.length
        for (const [u, value] of values.entries()) {
          if (real) take(Math.abs(got[from + u] - value), values)
          else if (got[from + u] !== UNTOUCHED) take(Number.POSITIVE_INFINITY, values)
        }
      }
      compare(run.a, t + 1, expected.a_next)
      compare(run.c, t + 1, expected.c_next)
      for (const gate of gateNames) if (run.gates[gate]) compare(run.gates[gate], t, expected[gate])
      a = expected.a_next
      c = expected.c_next
    }
  }
}
