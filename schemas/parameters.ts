import { type TSchema, Type } from './typebox.ts'

/** Parameter sets: names, the ten arrays, descriptions. */

export const parameterSetNamePattern = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'

export const ParameterSetName = Type.String({
  pattern: parameterSetNamePattern,
  description: 'Name of a parameter set: 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit.'
})

export const Precision = Type.Enum(['float32', 'bfloat16', 'int8'], {
  description:
    'How the recurrent weights are stored: as they came, as bfloat16, or as int8 with a scale for each row. All is computed in float32. Smaller ones are read faster, which is what a step of one sequence waits for from about n_a = 512 on, where the native kernel runs.'
})

const HeadActivation = Type.Enum(['softmax', 'sigmoid', 'linear'])

const Deviation = Type.Object(
  { largest: Type.Number(), mean: Type.Number() },
  { additionalProperties: false, description: 'Of absolute differences.' }
)

export const Version = Type.String({
  pattern: '^[0-9]{1,19}$',
  description: 'Hash of the content, as a decimal number: equal arrays of equal precision, equal version.'
})

/** The ten arrays, each in the form given: the wire's, or what the codec made of it. */
export function parameterArrays<M extends TSchema>(matrix: M, options: { $id?: string } = {}) {
  return Type.Object(
    {
      Wf: matrix,
      bf: matrix,
      Wi: matrix,
      bi: matrix,
      Wc: matrix,
      bc: matrix,
      Wo: matrix,
      bo: matrix,
      Wy: matrix,
      by: matrix
    },
    {
      ...options,
      additionalProperties: false,
      description:
        'Wf Wi Wc Wo (n_a, n_a + n_x), acting on [a_prev; xt], hidden state first; bf bi bc bo (n_a, 1); Wy (n_y, n_a); by (n_y, 1).'
    }
  )
}

export const ParameterArrays = parameterArrays(Type.Ref('Matrix#'), { $id: 'ParameterArrays' })

/** How a request says which parameters it means. */
export function nameOrArrays<A extends TSchema>(arrays: A) {
  return Type.Union([ParameterSetName, arrays], {
    description: 'The name of a parameter set, or the ten arrays inline.'
  })
}

/** What a PUT says of a file where the file does not. */
export const ImportSettings = Type.Object(
  {
    prefix: Type.Optional(
      Type.String({
        maxLength: 1000,
        description:
          'Which LSTM of the file: what stands in front of its names in PyTorch, the name of its lowest layer else.'
      })
    ),
    head: Type.Optional(
      Type.String({ maxLength: 1000, description: 'Which linear layer is the head, by name; `none` for none.' })
    ),
    head_activation: Type.Optional(
      Type.Enum(['softmax', 'sigmoid', 'linear'], {
        description:
          'Default: what the file says; else softmax for arrays of the notation, linear for PyTorch and Keras.'
      })
    ),
    precision: Type.Optional(Precision)
  },
  { additionalProperties: false }
)

export const ParameterSetReference = Type.Object(
  {
    name: Type.Union([Type.String(), Type.Null()], { description: 'Null where the arrays came inline.' }),
    version: Version
  },
  { $id: 'ParameterSetReference', additionalProperties: false, description: 'The set that gave the answer.' }
)

export const ParameterSetDescription = Type.Object(
  {
    name: ParameterSetName,
    version: Version,
    n_x: Type.Integer({ description: 'Input features.' }),
    n_a: Type.Integer({
      description: 'Features of `a`: hidden units of the top layer, of both directions together.'
    }),
    n_y: Type.Union([Type.Integer(), Type.Null()], { description: 'Outputs; null without a head.' }),
    head: Type.Union([HeadActivation, Type.Null()], { description: 'Activation of the head; null without one.' }),
    layers: Type.Array(
      Type.Object(
        {
          layer: Type.Integer({ description: 'Index of the layer, from the input upwards.' }),
          direction: Type.Enum(['forward', 'reverse']),
          n_x: Type.Integer(),
          n_a: Type.Integer({ description: 'Width of the cell state.' }),
          n_h: Type.Integer({ description: 'Width of the hidden state; n_a without a projection.' }),
          stored: Type.Enum(['float32', 'bfloat16', 'int8'], {
            description:
              'How the recurrent weights lie in memory: float32 where the kernel holds the rounded numbers at full width.'
          }),
          kernel: Type.Enum(['native', 'wasm', 'reference'], {
            description:
              'What computes the layer: the kernel of the service, which has code for all that a layer may have.'
          })
        },
        { additionalProperties: false }
      ),
      {
        description:
          'One for each layer and direction, from the input upwards, forward before reverse: the order of states.'
      }
    ),
    precision: Precision,
    deviations: Type.Optional(
      Type.Object(
        { a: Deviation, y: Type.Optional(Deviation) },
        {
          additionalProperties: false,
          description:
            'What the precision changed on a fixed probe, 2 sequences of 32 steps: hidden states and predictions against those of float32.'
        }
      )
    ),
    self_check: Type.Union(
      [
        Type.Object(
          {
            passed: Type.Literal(true),
            largest: Type.Number({ description: 'The largest difference to the test vector.' })
          },
          { additionalProperties: false }
        ),
        Type.Null()
      ],
      { description: 'The test vector that came with the model and was met; null where none came.' }
    ),
    bytes: Type.Integer({ description: 'Bytes of the weights in memory.' }),
    created: Type.String({ format: 'date-time', description: 'When this version was put in.' })
  },
  { $id: 'ParameterSetDescription', additionalProperties: false }
)

export const ParameterSetList = Type.Object(
  {
    parameters: Type.Array(ParameterSetDescription, { description: 'In the order of their names.' }),
    not_loaded: Type.Optional(
      Type.Array(
        Type.Object(
          { file: Type.String(), reason: Type.String({ description: 'Why its set is not there.' }) },
          { additionalProperties: false }
        ),
        { description: 'Files of the folders of sets and of models that are torn, damaged or cannot be read.' }
      )
    )
  },
  { $id: 'ParameterSetList', additionalProperties: false }
)

export type ParameterSetDescription = Type.Static<typeof ParameterSetDescription>
export type ParameterSetList = Type.Static<typeof ParameterSetList>

export type ImportSettings = Type.Static<typeof ImportSettings>
