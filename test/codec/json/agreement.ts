import type { Test } from 'tap'
import { readJson, type TensorPlan } from '../../../src/codec/json/read.ts'
import { type ErrorCode, LstmError } from '../../../src/errors.ts'

/** The strict decoder that the reader has to agree with: a broken sequence throws, a BOM stays. */
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

interface Outcome {
  readonly value?: unknown
  readonly error?: unknown
}

const attempt = (f: () => unknown): Outcome => {
  try {
    return { value: f() }
  } catch (error) {
    return { error }
  }
}

/** A form in which -0 and 0, undefined members and the order of keys show. */
const shown = (value: unknown): string =>
  JSON.stringify(value, (_, part) =>
    Object.is(part, -0) ? '-0' : typeof part === 'number' && !Number.isFinite(part) ? String(part) : part
  )

/** Why the reader and JSON.parse disagree on `bytes`, or undefined. */
export function disagreement(bytes: Uint8Array, plan: TensorPlan = {}): string | undefined {
  const theirs = attempt(() => JSON.parse(strictUtf8.decode(bytes)))
  const ours = attempt(() => readJson(bytes, plan, { maxDepth: 1000 }))
  const show = JSON.stringify(Buffer.from(bytes).toString('latin1')).slice(0, 500)
  if (ours.error !== undefined) {
    if (!(ours.error instanceof LstmError)) return `${show}: threw ${String(ours.error)}`
    if (ours.error.code === 'LSTM_ERR_MALFORMED_JSON') {
      return theirs.error === undefined ? `${show}: refused (${ours.error.message}), JSON.parse takes it` : undefined
    }
    return theirs.error === undefined && Object.keys(plan).length > 0 ? undefined : `${show}: ${ours.error.message}`
  }
  if (theirs.error !== undefined) return `${show}: taken, JSON.parse refuses it (${String(theirs.error)})`
  if (Object.keys(plan).length > 0) return undefined
  return shown(ours.value) === shown(theirs.value)
    ? undefined
    : `${show}: ${shown(ours.value)} is not ${shown(theirs.value)}`
}

export interface Fault {
  readonly code: ErrorCode
  readonly message: string
  readonly path?: string
}

/** Asserts code, message and pointer of what `f` throws. */
export function refuses(t: Test, f: () => unknown, { code, message, path }: Fault, name: string): void {
  const { error } = attempt(f)
  if (!(error instanceof LstmError)) {
    t.fail(`${name}: threw ${String(error)} instead of ${code}`)
    return
  }
  t.equal(error.code, code, `${name}: code`)
  t.equal(error.message, message, `${name}: message`)
  t.same(
    error.issues.map((issue) => issue.path),
    path === undefined ? [] : [path],
    `${name}: pointer`
  )
}
