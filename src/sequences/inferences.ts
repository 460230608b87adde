import { type Body, bodyLength } from '../engine/body.ts'
import type { Answer } from '../engine/messages.ts'
import type { RunOptions } from '../engine/pending.ts'
import type { Pool } from '../engine/pool.ts'
import { LstmError } from '../errors.ts'
import { type InferCall, writeCall } from '../protocols/v2/call.ts'
import { readStateHead } from '../protocols/v2/state-head.ts'
import type { AskedSequence } from './asked-sequence.ts'
import type { Reached, SequenceTable } from './table.ts'
import type { WhenGone } from './turns.ts'

/** A request of a sequence: what it says of that, and the inference. */
export interface SequenceInference {
  readonly asked: AskedSequence
  readonly call: InferCall
  readonly body: Body
}

/** What runs them, whichever thread the sequences are on. */
export interface SequenceRunner {
  /** @throws what `SequenceTable.step` and `Pool.infer` throw, LSTM_ERR_UNKNOWN_MODEL */
  infer(inference: SequenceInference, options: RunOptions): Promise<Answer>
}

/** A timer counts no more milliseconds. */
const MOST_MS = 2 ** 31 - 1

/** Runs each when those that came before it have been answered, from the state that they have left. */
export class SequenceInferences implements SequenceRunner {
  readonly #table: SequenceTable
  readonly #pool: Pick<Pool, 'admission' | 'infer'>
  readonly #isModel: (name: string) => boolean

  constructor(table: SequenceTable, pool: Pick<Pool, 'admission' | 'infer'>, isModel: (name: string) => boolean) {
    this.#table = table
    this.#pool = pool
    this.#isModel = isModel
  }

  async infer({ asked, call, body }: SequenceInference, { timeoutMs, onStart }: RunOptions): Promise<Answer> {
    const { model } = call
    if (!this.#isModel(model)) throw new LstmError('LSTM_ERR_UNKNOWN_MODEL', [model, undefined, undefined])
    const begun = performance.now()
    let gone = false
    let stop = () => {}
    onStart?.(() => {
      gone = true
      stop()
    })

    /** A request that waits is one under way, until its client goes away or its time is over. */
    const whenGone: WhenGone = (leave) => {
      const { admission } = this.#pool
      const bytes = bodyLength(body)
      admission.begin(bytes)
      stop = () => leave(new LstmError('LSTM_ERR_CLIENT_GONE', []))
      const timer = atEarliest(timeoutMs, asked.timeoutMs, Date.now() - call.arrived, (ms) =>
        leave(new LstmError('LSTM_ERR_DEADLINE', [ms]))
      )
      return () => {
        admission.end(bytes)
        clearTimeout(timer)
      }
    }

    const compute = async (from: Reached | undefined): Promise<Answer & Reached> => {
      if (gone) throw new LstmError('LSTM_ERR_CLIENT_GONE', [])
      const sequence = from === undefined ? {} : { from: { version: readStateHead(from.state).version, m: from.m } }
      const piece = writeCall({ ...call, sequence }, from?.state)
      const answer = await this.#pool.infer('infer', [piece, ...body], {
        timeoutMs: timeoutMs && Math.max(1, timeoutMs - Math.round(performance.now() - begun)),
        onStart: (stopWork) => {
          stop = stopWork
        }
      })
      return { ...answer, state: answer.bytes.subarray(answer.bytes.length - answer.stateBytes) }
    }

    const { type, id } = asked
    return this.#table.step({ model, type, id }, asked, compute, whenGone)
  }
}

/**
 * @param fromNow milliseconds, from now on
 * @param ofItself milliseconds, of which some are over
 */
function atEarliest(
  fromNow: number | undefined,
  ofItself: number | undefined,
  over: number,
  late: (ms: number) => void
): NodeJS.Timeout | undefined {
  const left = ofItself === undefined ? Number.POSITIVE_INFINITY : Math.ceil(ofItself - over)
  if (fromNow === undefined && ofItself === undefined) return undefined
  if (fromNow === undefined || left < fromNow) return setTimeout(late, Math.min(left, MOST_MS), ofItself!)
  return setTimeout(late, Math.min(fromNow, MOST_MS), fromNow)
}
