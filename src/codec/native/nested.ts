import { endOfNumber, exactNumber } from '../json/numbers.ts'
import { ReadValues } from '../json/read-values.ts'
import { floats } from '../json/wasm/module.ts'
import { Tensor } from '../tensor.ts'
import { nativeCodec, nativeTables } from './codec.ts'

/** The layout of NestedState in codec.h. */
const LEVEL = 0
const DEPTH = 1
const COUNT = 2
const STOP = 3
const SHAPE = 4
const MAX_DEPTH = 64

/** Of Stop in codec.h. */
const FULL = 1
const EXACT = 2

/** Positions are numbers of 32 bits there. */
const MOST_BYTES = 2 ** 32 - 1

const state = new Int32Array(SHAPE + 3 * MAX_DEPTH)
const values = new ReadValues()

export interface NestedTensor {
  readonly tensor: Tensor
  /** Behind its last bracket. */
  readonly end: number
}

/**
 * Reads nested arrays of numbers, as json/nested.ts does.
 * @param document ends, but for whitespace, with a closing brace
 * @param start of the opening bracket
 * @param maxDepth how many arrays may lie in each other
 * @returns undefined for all that only json/nested.ts knows to read, or why not
 */
export function readNestedNatively(document: Uint8Array, start: number, maxDepth: number): NestedTensor | undefined {
  if (nativeCodec === undefined || maxDepth > MAX_DEPTH || document.length > MOST_BYTES) return undefined
  state[LEVEL] = -1
  state[DEPTH] = 0
  state[STOP] = 0
  values.begin()
  let end = start
  do {
    end = nativeCodec.readNested(nativeTables, document, state, floats, end, maxDepth, values.next)
    if (end < 0) return undefined
    values.add(state[COUNT])
    if (state[STOP] === FULL) values.keep()
    if (state[STOP] === EXACT) {
      const begin = end
      end = endOfNumber(document, begin)
      const value = exactNumber(document, begin, end)
      if (value === undefined || !Number.isFinite(value)) return undefined
      floats[values.next] = value
      values.add(1)
    }
  } while (state[STOP] !== 0)
  const shape = Array.from(state.subarray(SHAPE, SHAPE + state[DEPTH]))
  return { tensor: new Tensor(shape, values.take(), 'nested'), end }
}
