import { setImmediate } from 'node:timers/promises'
import type { Body } from '../engine/body.ts'
import { type AskedSequence, askedSequence } from './asked-sequence.ts'
import { findParameters } from './find-parameters.ts'

const KEY = '"sequence_id"'
/** Without one of these the key cannot be there in another spelling. */
const ESCAPE = '\\u'

/** A longer JSON is looked through each time. */
const MOST_REMEMBERED = 2048

/**
 * Sees which requests belong to sequences, in the order in which they came. Bodies are not read here: one in which the
 * key does not occur is let through, in another one the parameters are looked for. When that takes long, for a JSON of
 * megabytes, it is done in pieces between other work, and the requests of sequences that come meanwhile wait behind it.
 */
export class Arrivals {
  #last: Promise<unknown> | undefined
  /** The last JSON in which the key was not. */
  #without = ''

  /**
   * @param jsonBytes length of the JSON at the beginning of the body; all of it if left out
   * @returns at once where it can; undefined when the request belongs to none
   * @throws LSTM_ERR_INVALID_REQUEST
   */
  look(body: Body, jsonBytes?: number): AskedSequence | undefined | Promise<AskedSequence | undefined> {
    const json = jsonOf(body, jsonBytes)
    if (!this.#mayName(json)) return undefined
    const search = findParameters(json)
    const first = search.next()
    if (first.done && this.#last === undefined) return asked(first.value)
    const mine = this.#behind(this.#last, first.done ? first.value : finish(search))
    const last = mine
      .catch(() => {}) // whoever asked is told
      .then(() => {
        if (this.#last === last) this.#last = undefined
      })
    this.#last = last
    return mine
  }

  /** Whether the key may be there. Clients send the same JSON before other tensors again and again. */
  #mayName(json: Buffer): boolean {
    if (json.length > MOST_REMEMBERED) return json.includes(KEY) || json.includes(ESCAPE)
    const text = json.toString('latin1')
    if (text === this.#without) return false
    if (text.includes(KEY) || text.includes(ESCAPE)) return true
    this.#without = text
    return false
  }

  async #behind(
    before: Promise<unknown> | undefined,
    found: string | undefined | Promise<string | undefined>
  ): Promise<AskedSequence | undefined> {
    const json = await found
    await before
    return asked(json)
  }
}

const asked = (json: string | undefined) => (json === undefined ? undefined : askedSequence(json))

async function finish(search: Generator<undefined, string | undefined>): Promise<string | undefined> {
  for (;;) {
    await setImmediate()
    const { done, value } = search.next()
    if (done) return value
  }
}

function jsonOf(body: Body, jsonBytes = Number.POSITIVE_INFINITY): Buffer {
  const pieces: Buffer[] = []
  let left = jsonBytes
  for (const { buffer, byteOffset, length } of body) {
    if (left <= 0) break
    pieces.push(Buffer.from(buffer, byteOffset, Math.min(length, left)))
    left -= length
  }
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
}
