import { readJson } from '../../codec/json/read.ts'
import { Tensor } from '../../codec/tensor.ts'
import type { Limits } from '../../engine/limits.ts'
import { LstmError } from '../../errors.ts'
import type { Precision } from '../../kernels/precision.ts'
import type { NamedArray } from '../../parameters/files/array.ts'
import { readNpz } from '../../parameters/files/npz.ts'
import { createParameterSet, type ParameterSet, selectArrays } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'
import { parameterPlan } from './plan.ts'

/**
 * PUT /parameters/{name}: the body becomes a parameter set in shared memory. What it is shows in its first bytes:
 * a zip is an npz, a brace begins JSON.
 * @throws LSTM_ERR_UNREADABLE_FILE and what the format, the arrays or their shapes have wrong
 */
export function importSet(body: Uint8Array, precision: Precision, { kernel, limits }: WorkerContext): ParameterSet {
  return createParameterSet(kernel, selectArrays(readArrays(body, limits)), '', precision)
}

function readArrays(body: Uint8Array, limits: Limits): Map<string, NamedArray> {
  if (isZip(body)) return readNpz(body, limits)
  if (isJson(body)) return readJsonArrays(body, limits.maxJsonDepth)
  throw new LstmError('LSTM_ERR_UNREADABLE_FILE', [
    'parameters',
    `the body begins with neither "{" (JSON) nor a zip's "PK" (npz)`
  ])
}

function isZip(body: Uint8Array): boolean {
  return body[0] === 0x50 && body[1] === 0x4b
}

function isJson(body: Uint8Array): boolean {
  const first = body.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)
  return first === 0x7b
}

function readJsonArrays(body: Uint8Array, maxDepth: number): Map<string, NamedArray> {
  const members = Object.entries(readJson(body, parameterPlan, { maxDepth }) as Record<string, unknown>)
  for (const [name, value] of members) {
    if (name in parameterPlan && !(value instanceof Tensor)) {
      throw LstmError.at(`/${name}`, 'LSTM_ERR_BAD_TENSOR', [
        name,
        'expected nested arrays of numbers, or {"shape", "data"} with base64'
      ])
    }
  }
  return new Map(members as [string, NamedArray][])
}
