import type { Layout, RowStrides } from '../../codec/layout.ts'
import type { JobNeeds } from '../../engine/job-memory.ts'
import type { ParameterSet } from '../../parameters/parameter-set.ts'
import type { AnswerForm } from './answer-form.ts'
import type { InferRequest } from './envelope.ts'
import type { RawInputs } from './inputs.ts'
import type { Wanted } from './wanted.ts'

/** What a request's JSON says to one set, once it has been read and held against both. Nobody changes it. */
export interface KnownRequest {
  /** Its id is not known: it is another one each time. */
  readonly request: InferRequest
  readonly layout: Layout
  readonly m: number
  readonly T_x: number
  /** Where the elements of x lie. */
  readonly strides: RowStrides
  readonly wanted: Wanted
  readonly gates: JobNeeds['gates']
  readonly predict: JobNeeds['predict']
}

/** One that was answered, where its inputs lie behind it, and what the answer is like; a set that is there under two names has two. */
export interface AnsweredRequest {
  readonly model: string
  readonly maxDepth: number
  readonly known: KnownRequest
  readonly inputs: RawInputs
  readonly answer: AnswerForm
}

/** Of all sets together. */
const MOST_REQUESTS = 512
const MOST_UNITS = 256 * 1024

/** Those of one set. */
class OfSet {
  readonly #byKey = new Map<string, AnsweredRequest>()
  #lastKey: string | undefined
  #last: AnsweredRequest | undefined

  /** Most ask for the same as the one before, which to compare takes a fraction of what a hash of the key does. */
  find(key: string): AnsweredRequest | undefined {
    if (key !== this.#lastKey) {
      this.#lastKey = key
      this.#last = this.#byKey.get(key)
    }
    return this.#last
  }

  add(key: string, answered: AnsweredRequest): void {
    this.#byKey.set(key, answered)
    this.#lastKey = undefined
  }
}

/**
 * Requests by the bytes of their JSON, for each set by itself: clients send the same JSON before other tensors again
 * and again, and to read and check it takes longer than to compute what it asks for with a small set. A set that was
 * replaced is another one, for which nothing is known. When there are too many, all are forgotten.
 */
export class KnownRequests {
  #bySet = new WeakMap<ParameterSet, OfSet>()
  #requests = 0
  #units = 0

  find(set: ParameterSet, key: string, model: string, maxDepth: number): AnsweredRequest | undefined {
    const found = this.#bySet.get(set)?.find(key)
    return found?.model === model && found.maxDepth === maxDepth ? found : undefined
  }

  add(set: ParameterSet, key: string, answered: AnsweredRequest): void {
    if (this.#requests >= MOST_REQUESTS || this.#units + key.length > MOST_UNITS) {
      this.#bySet = new WeakMap()
      this.#requests = 0
      this.#units = 0
    }
    let ofSet = this.#bySet.get(set)
    if (ofSet === undefined) {
      ofSet = new OfSet()
      this.#bySet.set(set, ofSet)
    }
    this.#requests++
    this.#units += key.length
    ofSet.add(key, answered)
  }
}
