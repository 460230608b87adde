import { binaryInput, inferBody, type Message, readInfer } from './infer-message.ts'
import type { Service } from './service.ts'
import { flatten } from './tensors.ts'

/** Requests of a sequence, and what their answers say. */

export type Flags = 'start' | 'go' | 'end' | 'both'

const flagsOf = (id: unknown, flags: Flags) => ({
  sequence_id: id,
  sequence_start: flags === 'start' || flags === 'both',
  sequence_end: flags === 'end' || flags === 'both'
})

/** x is (T_x, m, n_x). */
export function message(x: unknown[], id: unknown, flags: Flags, binary = true): Message {
  const [m, n_x] = [(x[0] as unknown[]).length, (x[0] as unknown[][])[0].length]
  const shape = [x.length, m, n_x]
  return {
    parameters: { layout: 'time_first', binary_data_output: binary, ...flagsOf(id, flags) },
    inputs: [binary ? binaryInput('x', shape, flatten(x)) : { name: 'x', shape, datatype: 'FP32', data: flatten(x) }],
    outputs: [{ name: 'a' }, { name: 'c' }]
  }
}

export const post = ({ ask }: Service, sent: Message, model = 'p') =>
  ask({ url: `/v2/models/${model}/infer`, ...inferBody(sent) })

/** a and c of an answer, (T_x, m, n_a) each. */
export function valuesOf(answer: Awaited<ReturnType<Service['ask']>>): Float32Array[] {
  const { outputs } = readInfer(answer)
  return ['a', 'c'].map((name) => {
    const { bytes, data } = outputs[name]
    return bytes === undefined ? Float32Array.from(data!) : new Float32Array(new Uint8Array(bytes).buffer)
  })
}

export const joined = (parts: Float32Array[][]) => [0, 1].map((i) => parts.flatMap((part) => [...part[i]]))

/** The same steps in one call of the native route. */
export async function unsplit({ ask }: Service, x: unknown[], model = 'p'): Promise<number[][]> {
  const body = { parameters: model, x, layout: 'time_first', outputs: ['a', 'c'] }
  const { json } = await ask({ url: '/sequence', body })
  return ['a', 'c'].map((name) => [...Float32Array.from(flatten(json[name]))])
}

export const put = ({ ask }: Service, body: unknown, model = 'p') =>
  ask({ method: 'PUT', url: `/parameters/${model}`, body })
