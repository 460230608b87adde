import { type TObject, type TProperties, type TSchema, Type } from './typebox.ts'

/** A whole model as JSON: a stack of layers and a head. */

const Activation = Type.Object(
  {
    name: Type.Enum(['sigmoid', 'tanh', 'relu', 'hard_sigmoid', 'linear']),
    alpha: Type.Optional(Type.Number({ description: 'Of hard_sigmoid, max(0, min(1, alpha·z + beta)). Default 0.2.' })),
    beta: Type.Optional(Type.Number({ description: 'Of hard_sigmoid. Default 0.5.' }))
  },
  { additionalProperties: false }
)

const directionOptions = {
  activations: Type.Optional(
    Type.Object(
      { gate: Activation, candidate: Activation, output: Activation },
      { additionalProperties: false, description: 'Default: sigmoid, tanh, tanh.' }
    )
  ),
  clip: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'Bound of the pre-activations of all gates.' })),
  input_forget: Type.Optional(Type.Boolean({ description: 'The forget gate is 1 - it.' }))
}

const headActivation = Type.Enum(['softmax', 'sigmoid', 'linear'])

function document<D extends TProperties, H extends TProperties, T extends TProperties>(
  direction: D,
  head: H,
  rest: T,
  options: { $id?: string; description?: string } = {}
) {
  const closed = { additionalProperties: false }
  const weights: TObject<D & typeof directionOptions> = Type.Object({ ...direction, ...directionOptions }, closed)
  const layer = Type.Object(
    { forward: Type.Optional(weights), reverse: Type.Optional(weights) },
    { ...closed, description: 'At least one direction; with both, the output is [forward; reverse].' }
  )
  return Type.Object(
    {
      layers: Type.Array(layer, { minItems: 1, maxItems: 10_000, description: 'From the input upwards.' }),
      head: Type.Optional(Type.Object({ ...head, activation: headActivation }, closed)),
      ...rest
    },
    { ...closed, ...options }
  )
}

/** What a model has besides its arrays. */
export const modelOptions = document({}, {}, {})

/** The names of a direction's arrays. */
export const directionArrays = ['Wf', 'bf', 'Wi', 'bi', 'Wc', 'bc', 'Wo', 'bo', 'Wp', 'pf', 'pi', 'po'] as const

/** A whole model, each array in the form given: the wire's, or what the codec made of it. */
export function modelDocument<M extends TSchema, V extends TSchema, T extends TSchema>(
  matrix: M,
  vector: V,
  tensor3: T,
  options: { $id?: string } = {}
) {
  const direction = {
    Wf: matrix,
    bf: vector,
    Wi: matrix,
    bi: vector,
    Wc: matrix,
    bc: vector,
    Wo: matrix,
    bo: vector,
    Wp: Type.Optional(matrix),
    pf: Type.Optional(vector),
    pi: Type.Optional(vector),
    po: Type.Optional(vector)
  }
  const test = Type.Object(
    { x: tensor3, a: Type.Optional(tensor3), y: Type.Optional(tensor3) },
    {
      additionalProperties: false,
      description: 'Input (n_x, m, T_x) and what must come out for it: a of the top layer, or y, or both.'
    }
  )
  return document(
    direction,
    { Wy: matrix, by: vector },
    { test: Type.Optional(test) },
    {
      ...options,
      description:
        'A stack of layers and a head. Wf Wi Wc Wo (n_a, n_h + n_x), acting on [a_prev; xt]; bf bi bc bo (n_a, 1) or (n_a,); Wp (n_h, n_a) projects the hidden state; pf pi po (n_a,) are peepholes; Wy (n_y, width of the top), by (n_y, 1).'
    }
  )
}

export const ModelDocument = modelDocument(Type.Ref('Matrix#'), Type.Ref('Vector#'), Type.Ref('Tensor3#'), {
  $id: 'ModelDocument'
})
