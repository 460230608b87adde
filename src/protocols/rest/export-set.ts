import { JsonWriter } from '../../codec/json/write.ts'
import type { Encoding } from '../../codec/tensor.ts'
import type { WeightsFormat } from '../../engine/messages.ts'
import { parameterNames } from '../../lstm/dimensions.ts'
import { writeNpz } from '../../parameters/files/npz.ts'
import { type ParameterSet, parameterArrays } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'

/** GET /parameters/{name}/weights: the ten arrays of a set as a JSON document that PUT takes, or as NumPy's npz. */
export function exportSet(
  set: ParameterSet,
  format: WeightsFormat,
  encoding: Encoding,
  { kernel }: WorkerContext
): Uint8Array<ArrayBuffer> {
  const arrays = parameterArrays(kernel, set)
  if (format === 'npz') return writeNpz(parameterNames.map((name) => [name, arrays[name]] as const))
  const writer = new JsonWriter()
  for (const [index, name] of parameterNames.entries()) {
    const { shape, data } = arrays[name]
    writer.raw(`${index === 0 ? '{' : ','}"${name}":`)
    const tensor = { shape, strides: [shape[1], 1], data, offset: 0 }
    if (encoding === 'base64') writer.base64(tensor)
    else writer.nested(tensor)
  }
  return writer.raw('}').finish()
}
