/**
 * What computes. A kernel owns its kind of memory, packs weights into the order that it reads them in, and moves
 * sequences forward step by step. The store, the stepper and the codec never ask which kernel runs.
 *
 * Rows, not matrices: the m columns of the notation lie as m rows of contiguous values, time outermost, so that
 * one time step of one sequence batch is a block of consecutive rows. (T_x, m, n) is row-major throughout.
 */

import type { Activations, DirectionWeights, HeadActivation } from '../lstm/model.ts'
import type { CrewTurn } from './crew.ts'
import type { Precision } from './precision.ts'

export type KernelName = 'reference' | 'wasm' | 'native'

/** The weights of one layer in one direction. The hidden state comes first: W·[a_prev; xt]. */
export type LayerWeights = DirectionWeights

/** The weights of the prediction: activation(Wy·a + by). */
export interface HeadWeights {
  readonly n_a: number
  readonly n_y: number
  readonly Wy: Float32Array // (n_y, n_a)
  readonly by: Float32Array // (n_y, 1)
  readonly activation: HeadActivation
}

/**
 * Weights in a kernel's own order, in memory that every thread sees. Plain data: it crosses a thread boundary as it
 * is, and the other side's kernel reads the same bytes.
 */
export interface PackedLayer {
  readonly n_x: number
  /** Width of the cell state. */
  readonly n_a: number
  /** Width of the hidden state: n_a unless there is a projection. */
  readonly n_h: number
  /** In whose order the weights lie, and whose code computes it. */
  readonly kernel: KernelName
  /** What it has beyond the plain cell. */
  readonly options?: LayerOptions
  /** How the recurrent weights lie in memory. */
  readonly precision: Precision
  readonly memory: Float32Array
}

/** What a layer may have beyond the plain cell; src/lstm/model.ts has the equations. */
export interface LayerOptions {
  readonly projection: boolean
  readonly peepholes: boolean
  readonly activations?: Activations
  readonly clip?: number
  readonly input_forget?: boolean
}

export interface PackedHead {
  readonly n_a: number
  readonly n_y: number
  readonly activation: HeadActivation
  readonly memory: Float32Array
}

export const gateNames = ['ft', 'it', 'cct', 'ot'] as const
export type GateName = (typeof gateNames)[number]

/** Where the gates of every step go, each (T_x, m, n_a); a gate that nobody asked for is left out and not written. */
export type GateOutputs = { readonly [Gate in GateName]?: Float32Array }

/**
 * Sequences on their way through one layer. All arrays lie in memory from the kernel's `allocate`. They may be those
 * of m sequences, or begin at a later row of such: then activeRows[0] says how many rows from there on are this
 * run's, and the arrays need not reach past the last of them.
 */
export interface LayerRun {
  /** Rows between two steps. */
  readonly m: number
  /** Steps to make. The arrays may have room for more. */
  readonly T_x: number
  readonly x: Float32Array // (T_x, m, n_x)
  readonly a: Float32Array // (T_x + 1, m, n_h); block 0 holds a0, block t + 1 the state after step t
  readonly c: Float32Array // (T_x + 1, m, n_a); block 0 holds c0
  readonly gates: GateOutputs
  /** Rows still running at each step, 0 to m, never growing: columns are sorted by length, the longest first. (T_x) */
  readonly activeRows: Int32Array
  /** The next step to compute; the kernel moves it on. */
  t: number
}

export interface Kernel {
  readonly name: KernelName

  /** Memory for `length` floats that this kernel can address and every thread can see, with whatever was there before. */
  allocate(length: number): Float32Array

  /** Gives memory from `allocate` back; it must not be touched again. */
  release(memory: Float32Array): void

  /**
   * Copies weights into memory of this kernel, in its order, the recurrent ones as `precision` leaves them (float32
   * when left out). A kernel that has no use for smaller weights holds the same numbers as float32.
   */
  packLayer(weights: LayerWeights, precision?: Precision, pause?: () => void): PackedLayer
  packHead(weights: HeadWeights): PackedHead

  /** The weights back, bit for bit as they are stored, as fresh float32 arrays. */
  unpackLayer(layer: PackedLayer): LayerWeights
  unpackHead(head: PackedHead): HeadWeights

  /**
   * Moves every run `steps` time steps forward, together. Each run must have t + steps ≤ T_x. For each step it writes
   * block t + 1 of `a` and `c` and step t of the gates asked for, on the rows active at t, and adds 1 to t. The rows
   * that are not active stay untouched. A row's result depends neither on the other rows of the call nor on how the
   * steps are divided into calls.
   */
  advance(layer: PackedLayer, runs: readonly LayerRun[], steps: number): void

  /**
   * As `advance`, while the other threads of `crew` make the same call: each computes some of the units, and all wait
   * for each other after each step. Makes as many of the steps as fit into the scratch, on which all agree, and fewer
   * where one gave up; t moves on by these. Only the owner may rely on the result: all have made these steps, and what lies behind
   * them is to be made anew. The results are the same bits. For layers of plain cells; missing where a kernel cannot.
   * @returns the steps made
   */
  advanceShare?(layer: PackedLayer, run: LayerRun, steps: number, crew: CrewTurn): number

  /** yt_pred of `rows` consecutive rows: y[yRow + r] = activation(Wy·a[aRow + r] + by). */
  predict(head: PackedHead, a: Float32Array, aRow: number, y: Float32Array, yRow: number, rows: number): void

  /**
   * Whether none of the values is NaN or infinite; they may lie in any memory. Missing where a kernel has no faster way
   * than to look at each.
   */
  readonly allFinite?: (values: Float32Array) => boolean

  /** The same, and copies them into as many, which do not overlap with them. */
  readonly copyFinite?: (values: Float32Array, target: Float32Array) => boolean

  /** Gives this thread's scratch back; the kernel must not be used again. Packed weights and arrays stay. */
  close(): void
}
