import { nameOrArrays } from './parameters.ts'
import { Encoding, Layout } from './tensors.ts'
import { type TSchema, Type } from './typebox.ts'

export const cellOutputs = ['ft', 'it', 'cct', 'ot', 'cache'] as const

/** The body of POST /cell over the given forms: the wire's, or what the codec made of it. */
export function cellRequest<A extends TSchema, M extends TSchema>(
  arrays: A,
  matrix: M,
  options: { $id?: string } = {}
) {
  return Type.Object(
    {
      parameters: nameOrArrays(arrays),
      xt: matrix,
      a_prev: Type.Optional(matrix),
      c_prev: Type.Optional(matrix),
      outputs: Type.Optional(
        Type.Array(Type.Enum([...cellOutputs]), {
          uniqueItems: true,
          description: 'What to give besides a_next, c_next and yt_pred.'
        })
      ),
      layout: Type.Optional(Layout),
      encoding: Type.Optional(Encoding)
    },
    {
      ...options,
      additionalProperties: false,
      description: 'xt (n_x, m); a_prev and c_prev (n_a, m), zeros when left out.'
    }
  )
}

export const CellRequest = cellRequest(Type.Ref('ParameterArrays#'), Type.Ref('Matrix#'), { $id: 'CellRequest' })

const matrix = Type.Ref('Matrix#')

export const CellCache = Type.Object(
  {
    a_next: matrix,
    c_next: matrix,
    a_prev: matrix,
    c_prev: matrix,
    ft: matrix,
    it: matrix,
    cct: matrix,
    ot: matrix,
    xt: matrix,
    parameters: Type.Ref('ParameterSetReference#')
  },
  { $id: 'CellCache', additionalProperties: false, description: 'Everything that the step used and made.' }
)

export const CellResponse = Type.Object(
  {
    parameters: Type.Ref('ParameterSetReference#'),
    a_next: matrix,
    c_next: matrix,
    yt_pred: matrix,
    ft: Type.Optional(matrix),
    it: Type.Optional(matrix),
    cct: Type.Optional(matrix),
    ot: Type.Optional(matrix),
    cache: Type.Optional(Type.Ref('CellCache#'))
  },
  { $id: 'CellResponse', additionalProperties: false }
)
