import { Type } from './typebox.ts'

/** A tensor on the wire: nested arrays, or a shape with base64 of little-endian float32, row-major. */

const dimension = Type.Integer({ minimum: 1 })

export const Base64Tensor = Type.Object(
  {
    shape: Type.Array(dimension, { description: 'Length of every axis.' }),
    data: Type.String({
      contentEncoding: 'base64',
      description: 'Base64 (standard alphabet, padded) of little-endian float32 values, row-major.'
    })
  },
  {
    $id: 'Base64Tensor',
    additionalProperties: false,
    description: 'A tensor as base64 of its float32 values.'
  }
)

export const Vector = Type.Union(
  [
    Type.Array(Type.Number(), { minItems: 1 }),
    Type.Array(Type.Array(Type.Number(), { minItems: 1 }), { minItems: 1 }),
    Type.Ref('Base64Tensor#')
  ],
  { $id: 'Vector', description: 'A tensor of shape (n,) or (n, 1): nested arrays of numbers, or base64.' }
)

export const Matrix = Type.Union(
  [Type.Array(Type.Array(Type.Number(), { minItems: 1 }), { minItems: 1 }), Type.Ref('Base64Tensor#')],
  { $id: 'Matrix', description: 'A tensor of rank 2: nested arrays of numbers, or base64.' }
)

export const Tensor3 = Type.Union(
  [
    Type.Array(Type.Array(Type.Array(Type.Number(), { minItems: 1 }), { minItems: 1 }), { minItems: 1 }),
    Type.Ref('Base64Tensor#')
  ],
  { $id: 'Tensor3', description: 'A tensor of rank 3: nested arrays of numbers, or base64.' }
)

export const Layout = Type.Enum(['features_first', 'batch_first', 'time_first'], {
  description:
    'Order of the axes: features_first (n, m, T_x) as in the notation, batch_first (m, T_x, n), time_first (T_x, m, n). Without a time axis: (n, m) in the first, (m, n) in the two others. Default: features_first.'
})

export const Encoding = Type.Enum(['nested', 'base64'], {
  description: 'Form of the tensors in the answer. Default: base64 when a tensor of the request came so, else nested.'
})

export const layerOutputPattern = '^layers\\.(0|[1-9][0-9]{0,3})\\.(forward|reverse)\\.(a|c|ft|it|cct|ot)$'

/** One of the names, or what one layer has in one direction. */
export function outputName(names: readonly string[]) {
  return Type.String({
    pattern: `^(${names.join('|')})$|${layerOutputPattern}`,
    description: `One of ${names.join(', ')}, or of a layer in one direction a, c, ft, it, cct or ot, such as layers.1.forward.ft.`
  })
}

/** States of one layer, (n_a, m), or with a leading axis those of several layers and directions. */
export const States = Type.Union([Type.Ref('Matrix#'), Type.Ref('Tensor3#')], {
  description:
    'Of a set of one layer in one direction (n_a, m). Of others (layers, n_a, m), in the order layer 0 forward, layer 0 reverse, layer 1 forward …; where their widths differ, (sum of the widths, m).'
})
