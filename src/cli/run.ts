import { Executor } from '../engine/executor.ts'
import { RowCounts } from '../engine/row-counts.ts'
import { RunningValues } from '../engine/running-values.ts'
import { LstmError } from '../errors.ts'
import { type KernelSetting, shareKernel } from '../kernels/choose.ts'
import type { NamedArray } from '../parameters/files/array.ts'
import { readNpz, writeNpz } from '../parameters/files/npz.ts'
import type { ImportSettings } from '../parameters/importers/imported.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'

/** What an input file may hold; `x` it must. */
const inputs = ['x', 'a0', 'c0', 'lengths']

/** The members of a request to /sequence besides the tensors. */
export interface RunSettings {
  readonly outputs?: readonly string[]
  readonly steps?: string
  readonly layout?: string
}

/**
 * One forward pass as the service does it, on this thread: the very operations behind PUT /parameters/{name} and
 * POST /sequence, with an npz of tensors in place of JSON.
 * @param model a file of any format that is read
 * @param input npz of `x` and perhaps `a0`, `c0`, `lengths`, in the shapes that /sequence takes
 * @returns npz of the outputs, under their names
 * @throws what the two operations throw, LSTM_ERR_INVALID_REQUEST for an input of other arrays
 */
export async function runFile(
  model: Uint8Array,
  input: Uint8Array,
  importSettings: ImportSettings,
  settings: RunSettings,
  kernel: KernelSetting = 'auto'
): Promise<Uint8Array> {
  const executor = createExecutor(kernel)
  const set = await executor.run({ kind: 'import', body: model, settings: importSettings }, 0)
  executor.sets.publish('model', { handle: 0, set: set as ParameterSet })
  const body = Buffer.from(
    JSON.stringify({ parameters: 'model', ...settings, encoding: 'base64', ...requestOf(input) })
  )
  const { bytes } = await executor.infer('sequence', body)
  return writeNpz(arraysOf(JSON.parse(Buffer.from(bytes).toString('utf8'))))
}

/** Nothing is bounded: whoever calls the program has the machine. */
function createExecutor(kernel: KernelSetting): Executor {
  const unbounded = Number.POSITIVE_INFINITY
  return new Executor({
    kernel: shareKernel(kernel),
    limits: {
      maxJobValues: unbounded,
      maxJsonDepth: 32,
      maxInflatedBytes: Number.MAX_SAFE_INTEGER,
      maxRunningValues: unbounded
    },
    sets: new Map(),
    workers: 1,
    owner: 0,
    rowCounts: new RowCounts().memory,
    runningValues: RunningValues.createMemory(1),
    slot: 0,
    onIdle: () => {},
    share: () => {},
    offer: () => {}
  })
}

function requestOf(input: Uint8Array): Record<string, unknown> {
  const arrays = readNpz(input, { maxInflatedBytes: Number.MAX_SAFE_INTEGER })
  const unknown = [...arrays.keys()].filter((name) => !inputs.includes(name))
  if (unknown.length > 0 || !arrays.has('x')) {
    const got = [...arrays.keys()].slice(0, 10).join(', ')
    throw new LstmError('LSTM_ERR_INVALID_REQUEST', [`the input holds ${got}; expected x, and perhaps a0, c0, lengths`])
  }
  const members = Array.from(arrays, ([name, { shape, data }]): [string, unknown] => {
    if (name === 'lengths') return [name, Array.from(data)]
    return [name, { shape, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64') }]
  })
  return Object.fromEntries(members)
}

/** The tensors of an answer, those of `caches` under `caches.ft` and so on. */
function arraysOf(answer: object, prefix = ''): [string, NamedArray][] {
  return Object.entries(answer).flatMap(([name, value]): [string, NamedArray][] => {
    if (name === 'parameters') return []
    if (!('data' in value)) return arraysOf(value, `${prefix}${name}.`)
    const bytes = Uint8Array.from(Buffer.from(value.data, 'base64'))
    return [[prefix + name, { shape: value.shape, data: new Float32Array(bytes.buffer) }]]
  })
}
