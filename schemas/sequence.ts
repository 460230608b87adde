import { nameOrArrays } from './parameters.ts'
import { Encoding, Layout, layerOutputPattern, outputName, States } from './tensors.ts'
import { type TSchema, Type } from './typebox.ts'

/** What every set gives, `y` if it has a head. */
export const sequenceOutputs = ['a', 'y', 'c', 'a_last', 'c_last'] as const
/** What a set of one forward layer gives besides. */
export const singleLayerOutputs = ['ft', 'it', 'cct', 'ot', 'caches'] as const

export const Steps = Type.Enum(['all', 'last'], {
  description:
    'all: outputs of every time step. last: those of the last real step of each column only, without the time axis. Default: all.'
})

/** The body of POST /sequence over the given forms: the wire's, or what the codec made of it. */
export function sequenceRequest<A extends TSchema, T extends TSchema, S extends TSchema>(
  arrays: A,
  tensor3: T,
  states: S,
  options: { $id?: string } = {}
) {
  return Type.Object(
    {
      parameters: nameOrArrays(arrays),
      x: tensor3,
      a0: Type.Optional(states),
      c0: Type.Optional(states),
      lengths: Type.Optional(
        Type.Array(Type.Integer({ minimum: 1 }), {
          description: 'How many steps of each column are real, 1 to T_x; outputs past the end are 0.'
        })
      ),
      steps: Type.Optional(Steps),
      outputs: Type.Optional(
        Type.Array(outputName([...sequenceOutputs, ...singleLayerOutputs]), {
          uniqueItems: true,
          description:
            'What to give. Default: a, y and c, without y where the set has no head. Gates and caches without the name of a layer are those of a set of one forward layer.'
        })
      ),
      layout: Type.Optional(Layout),
      encoding: Type.Optional(Encoding)
    },
    {
      ...options,
      additionalProperties: false,
      description:
        'x (n_x, m, T_x); a0 and c0 (n_a, m), zeros when left out; (layers, n_a, m) for a set of more than one layer or direction.'
    }
  )
}

export const SequenceRequest = sequenceRequest(Type.Ref('ParameterArrays#'), Type.Ref('Tensor3#'), States, {
  $id: 'SequenceRequest'
})

/** (n, m, T_x), or (n, m) with steps "last". */
const output = Type.Union([Type.Ref('Tensor3#'), Type.Ref('Matrix#')])

export const SequenceCaches = Type.Object(
  {
    a_next: output,
    c_next: output,
    a_prev: output,
    c_prev: output,
    ft: output,
    it: output,
    cct: output,
    ot: output,
    xt: output,
    parameters: Type.Ref('ParameterSetReference#')
  },
  {
    $id: 'SequenceCaches',
    additionalProperties: false,
    description: "The cell's caches of every step, with a time axis."
  }
)

export const SequenceResponse = Type.Object(
  {
    parameters: Type.Ref('ParameterSetReference#'),
    a: Type.Optional(output),
    y: Type.Optional(output),
    c: Type.Optional(output),
    ft: Type.Optional(output),
    it: Type.Optional(output),
    cct: Type.Optional(output),
    ot: Type.Optional(output),
    a_last: Type.Optional(States),
    c_last: Type.Optional(States),
    caches: Type.Optional(Type.Ref('SequenceCaches#'))
  },
  {
    $id: 'SequenceResponse',
    additionalProperties: false,
    patternProperties: { [layerOutputPattern]: output }
  }
)
