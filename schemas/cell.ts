import { nameOrArrays } from './parameters.ts'
import { Encoding, Layout, layerOutputPattern, outputName, States } from './tensors.ts'
import { type TSchema, Type } from './typebox.ts'

/** What a set of one forward layer gives besides the states and the prediction. */
export const singleLayerCellOutputs = ['ft', 'it', 'cct', 'ot', 'cache'] as const

/** The body of POST /cell over the given forms: the wire's, or what the codec made of it. */
export function cellRequest<A extends TSchema, M extends TSchema, S extends TSchema>(
  arrays: A,
  matrix: M,
  states: S,
  options: { $id?: string } = {}
) {
  return Type.Object(
    {
      parameters: nameOrArrays(arrays),
      xt: matrix,
      a_prev: Type.Optional(states),
      c_prev: Type.Optional(states),
      outputs: Type.Optional(
        Type.Array(outputName(singleLayerCellOutputs), {
          uniqueItems: true,
          description:
            'What to give besides a_next, c_next and yt_pred. Gates and the cache without the name of a layer are those of a set of one forward layer.'
        })
      ),
      layout: Type.Optional(Layout),
      encoding: Type.Optional(Encoding)
    },
    {
      ...options,
      additionalProperties: false,
      description:
        'xt (n_x, m); a_prev and c_prev (n_a, m), zeros when left out; (layers, n_a, m) for a set of more than one layer.'
    }
  )
}

export const CellRequest = cellRequest(Type.Ref('ParameterArrays#'), Type.Ref('Matrix#'), States, {
  $id: 'CellRequest'
})

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
    a_next: States,
    c_next: States,
    yt_pred: Type.Optional(matrix),
    ft: Type.Optional(matrix),
    it: Type.Optional(matrix),
    cct: Type.Optional(matrix),
    ot: Type.Optional(matrix),
    cache: Type.Optional(Type.Ref('CellCache#'))
  },
  {
    $id: 'CellResponse',
    additionalProperties: false,
    patternProperties: { [layerOutputPattern]: matrix }
  }
)
