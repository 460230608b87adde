import { JsonWriter } from '../../codec/json/write.ts'
import type { Encoding } from '../../codec/tensor.ts'
import { directionsOf, type Model } from '../../lstm/model.ts'
import type { NamedArray } from '../files/array.ts'
import { directionOptions } from '../model-options.ts'
import { isTenArrays, notationArrays } from '../notation-arrays.ts'

/** Writes a model as JSON that PUT takes: the ten arrays where they say everything, else the whole model. */
export function writeModelJson(model: Model, encoding: Encoding): Uint8Array<ArrayBuffer> {
  const writer = new JsonWriter()
  const arrays = notationArrays(model)
  if (isTenArrays(model)) return writeMembers(writer, arrays, '', encoding, {}).finish()

  writer.raw('{"layers":[')
  for (const [k, layer] of model.layers.entries()) {
    writer.raw(k === 0 ? '{' : ',{')
    for (const [index, [name, weights]] of directionsOf(layer).entries()) {
      writer.raw(`${index === 0 ? '' : ','}"${name}":`)
      writeMembers(writer, arrays, `layers.${k}.${name}.`, encoding, directionOptions(weights))
    }
    writer.raw('}')
  }
  writer.raw(']')
  if (model.head !== undefined) {
    writeMembers(writer.raw(',"head":'), arrays, 'head.', encoding, { activation: model.head.activation })
  }
  if (model.test !== undefined) writeMembers(writer.raw(',"test":'), arrays, 'test.', encoding, {})
  return writer.raw('}').finish()
}

/** An object of the arrays whose names begin with `prefix`, without it, and of some other members. */
function writeMembers(
  writer: JsonWriter,
  arrays: readonly [string, NamedArray][],
  prefix: string,
  encoding: Encoding,
  rest: object
): JsonWriter {
  let separator = '{'
  for (const [name, { shape, data }] of arrays) {
    if (!name.startsWith(prefix)) continue
    writer.raw(`${separator}"${name.slice(prefix.length)}":`)
    separator = ','
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1))
    const tensor = { shape, strides, data, offset: 0 }
    if (encoding === 'base64') writer.base64(tensor)
    else writer.nested(tensor)
  }
  for (const [name, value] of Object.entries(rest)) {
    writer.raw(`${separator}"${name}":${JSON.stringify(value)}`)
    separator = ','
  }
  return writer.raw('}')
}
