import { inferRequest } from '../../../schemas/index.ts'
import type { Static } from '../../../schemas/typebox.ts'
import { DecodedTensor } from '../../codec/json/decoded.ts'
import { memberPointer } from '../../codec/json/faults.ts'
import { readJson, type TensorPlan } from '../../codec/json/read.ts'
import { LstmError } from '../../errors.ts'
import { bodyCheck } from '../../schema-check.ts'

const schema = inferRequest(DecodedTensor)
const check = bodyCheck(schema)

export type InferRequest = Static<typeof schema>

/** The JSON of a request, and the bytes behind it. */
export interface Envelope {
  readonly request: InferRequest
  readonly tail: Uint8Array
}

const plan: TensorPlan = {
  id: 'scalar',
  parameters: {
    binary_data_output: 'scalar',
    layout: 'scalar',
    sequence_id: 'scalar',
    sequence_start: 'scalar',
    sequence_end: 'scalar',
    priority: 'scalar',
    timeout: 'scalar',
    stream_steps: 'scalar'
  },
  inputs: [
    {
      name: 'scalar',
      shape: ['scalar'],
      datatype: 'scalar',
      parameters: { binary_data_size: 'scalar', shared_memory_region: 'scalar' },
      data: 'tensor'
    }
  ],
  outputs: [
    {
      name: 'scalar',
      parameters: {
        binary_data: 'scalar',
        classification: 'scalar',
        datatype: 'scalar',
        shared_memory_region: 'scalar'
      }
    }
  ]
}

/** What says which input is which, and nothing else. */
const names: TensorPlan = { inputs: [{ name: 'scalar' }] }

/**
 * Divides a body at the end of its JSON, which is read and held against the schema. What the protocol does not know is
 * ignored, as its servers do.
 * @param jsonBytes length of the JSON; the whole body if left out
 * @throws LSTM_ERR_INVALID_REQUEST when the body is shorter than that, LSTM_ERR_MALFORMED_JSON, LSTM_ERR_INVALID_BODY,
 * LSTM_ERR_BAD_TENSOR, LSTM_ERR_NON_FINITE
 */
export function readEnvelope(body: Uint8Array, jsonBytes: number | undefined, maxDepth: number): Envelope {
  const end = jsonBytes ?? body.length
  if (end > body.length) {
    throw new LstmError('LSTM_ERR_INVALID_REQUEST', [
      `Inference-Header-Content-Length is ${end}; expected at most ${body.length}, the length of the body`
    ])
  }
  const json = body.subarray(0, end)
  const limits = { maxDepth, closed: true }
  try {
    const document = readJson(json, plan, limits)
    forbidGaps(document, parts, '')
    return { request: check(document), tail: body.subarray(end) }
  } catch (fault) {
    throw fault instanceof LstmError ? withName(fault, json, maxDepth) : fault
  }
}

/** A plan as a list: members that are gone through with each request. */
type Parts = readonly { readonly key: string; readonly part: TensorPlan[string]; readonly inner?: Parts }[]

function partsOf(plan: TensorPlan): Parts {
  return Object.entries(plan).map(([key, part]) => {
    const inner = Array.isArray(part) ? part[0] : part
    return { key, part, ...(typeof inner === 'object' && { inner: partsOf(inner) }) }
  })
}

const parts = partsOf(plan)

/** An array or object where a scalar belongs, or the other way round, has been left out: it shall not pass for absent. */
function forbidGaps(value: unknown, members: Parts, pointer: string): void {
  if (typeof value !== 'object' || value === null) return
  for (const { key, part, inner } of members) {
    const member = (value as Record<string, unknown>)[key]
    if (member === undefined) {
      if (Object.hasOwn(value, key)) throw gap(memberPointer(pointer, key), part)
    } else if (inner !== undefined) {
      if (!Array.isArray(member)) forbidGaps(member, inner, `${pointer}/${key}`)
      else for (let i = 0; i < member.length; i++) forbidGaps(member[i], inner, `${pointer}/${key}/${i}`)
    }
  }
}

function gap(path: string, part: TensorPlan[string]): LstmError {
  const what =
    part === 'scalar' ? 'a single value' : part === 'tensor' || Array.isArray(part) ? 'an array' : 'an object'
  const message = `must be ${what}`
  return new LstmError('LSTM_ERR_INVALID_BODY', [`${path} ${message}`], [{ path, message }])
}

/** A fault inside the data of an input speaks of the input by its name. */
function withName(fault: LstmError, json: Uint8Array, maxDepth: number): LstmError {
  if (fault.code !== 'LSTM_ERR_BAD_TENSOR' && fault.code !== 'LSTM_ERR_NON_FINITE') return fault
  const [, index, rest] = /^\/inputs\/(\d+)\/(.*)$/.exec(fault.issues[0]?.path ?? '') ?? []
  if (index === undefined) return fault
  const { inputs } = readJson(json, names, { maxDepth, closed: true }) as { inputs: { name: unknown }[] }
  const { name } = inputs[Number(index)]
  if (typeof name !== 'string') return fault
  const [, what] = fault.args as [string, string]
  return new LstmError(fault.code, [`${JSON.stringify(name.slice(0, 100))} ${rest}`, what], fault.issues)
}
