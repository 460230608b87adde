import { type Body, bodyLength, given, shareInto } from '../engine/body.ts'
import type { Answer, InferenceKind } from '../engine/messages.ts'
import type { RunOptions } from '../engine/pending.ts'
import { Rooms } from '../engine/rooms.ts'
import { LstmError } from '../errors.ts'
import { type InferCall, withCall } from '../protocols/v2/call.ts'
import type { SequenceInference, SequenceRunner } from '../sequences/inferences.ts'
import type { FromFront, ToFront } from './messages.ts'

type Told = Extract<ToFront, { type: 'answered' | 'failed' }>

interface Waiting {
  /** The body, in memory that is lent again once there is an answer. */
  readonly room: Uint8Array | undefined
  resolve(answer: Answer): void
  reject(error: Error): void
}

/**
 * Inferences of a front that are not short, or belong to a sequence: the body goes to the main thread's pool through
 * shared memory, and the bytes of the answer are read where the worker has written them. Forwarded as HTTP, both would
 * be copied four times more.
 */
export class Handover {
  readonly #post: (message: FromFront, moved?: ArrayBuffer[]) => void
  readonly #waiting = new Map<number, Waiting>()
  readonly #rooms = new Rooms((bytes) => new SharedArrayBuffer(bytes))
  #nextId = 0

  constructor(post: (message: FromFront, moved?: ArrayBuffer[]) => void) {
    this.#post = post
  }

  /** Runs those of sequences, which the main thread keeps. */
  readonly sequences: SequenceRunner = {
    infer: ({ body, ...sequence }, options) => this.#handOver('infer', body, options, sequence)
  }

  /** @throws whatever `Pool.infer` throws */
  infer(kind: InferenceKind, body: Body, options: RunOptions, call?: InferCall): Promise<Answer> {
    return this.#handOver(kind, withCall(call, body), options)
  }

  /** @throws whatever `Pool.infer` throws, and for one of a sequence what `SequenceRunner.infer` throws */
  #handOver(
    kind: InferenceKind,
    body: Body,
    { timeoutMs, onStart }: RunOptions,
    sequence?: Omit<SequenceInference, 'body'>
  ): Promise<Answer> {
    const id = this.#nextId++
    const room = this.#rooms.lend(bodyLength(body))
    if (room !== undefined) shareInto(body, room)
    const whole = room ?? given(body)
    const moved = whole.buffer instanceof ArrayBuffer ? [whole.buffer] : []
    return new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { room, resolve, reject })
      this.#post({ type: 'infer', id, kind, body: whole, timeoutMs, ...(sequence && { sequence }) }, moved)
      onStart?.(() => {
        if (!this.#waiting.delete(id)) return
        this.#post({ type: 'stop', id })
        reject(new LstmError('LSTM_ERR_CLIENT_GONE', []))
      })
    })
  }

  receive(message: Told): void {
    const { id } = message
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (message.type === 'failed') {
      waiting?.reject(LstmError.deserialize(message.error))
      return
    }
    if (waiting?.room !== undefined) this.#rooms.giveBack(waiting.room)
    const free = () => this.#post({ type: 'free', id })
    if (waiting === undefined) free()
    else waiting.resolve({ ...message.answer, free })
  }
}
