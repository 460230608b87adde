import { Type } from './typebox.ts'

/** The wire contract of running sequences, which the Open Inference Protocol itself has no routes for. */

export const SequenceIdType = Type.Enum(['number', 'text'], {
  description: 'Numbers and texts are different ids: 7 and "7" name two sequences.'
})

const id = Type.String({ description: "A text, or a number's digits: 64 bits are more than a JSON number holds." })

export const SequencesQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.String({ pattern: '^(?:[1-9][0-9]{0,2}|1000)$', description: 'Most to list, 1 to 1000.' })
    ),
    after: Type.Optional(Type.String({ description: 'The `next` of the page before.' }))
  },
  { additionalProperties: false }
)

const type = Type.Optional(
  Type.Enum(['number', 'text'], {
    description: 'What the id in the path is. Left out: a number where it is digits alone, else a text.'
  })
)

export const SequenceQuery = Type.Object({ type }, { additionalProperties: false })

export const SequenceExportQuery = Type.Object(
  {
    type,
    encoding: Type.Optional(Type.Enum(['nested', 'base64'], { description: 'Form of the states; base64 if left out.' }))
  },
  { additionalProperties: false }
)

export const SequenceImportQuery = Type.Object(
  {
    type,
    any_version: Type.Optional(
      Type.Enum(['true', 'false'], {
        description: 'With `true` the state may have been reached with another version of the set, if its shapes fit.'
      })
    )
  },
  { additionalProperties: false }
)

const progress = {
  set_version: Type.String({ description: 'Version of the parameter set that the sequence began with.' }),
  m: Type.Integer({ minimum: 1, maximum: 2 ** 31, description: 'Columns.' }),
  steps: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'Steps done, of the longest column.'
  })
}

const use = {
  last_use: Type.String({ format: 'date-time' }),
  idle_ms_left: Type.Integer({ minimum: 0, description: 'Milliseconds without a request after which it expires.' })
}

export const SequenceList = Type.Object(
  {
    model: Type.String(),
    sequences: Type.Array(
      Type.Object({ id, type: SequenceIdType, ...progress, ...use }, { additionalProperties: false })
    ),
    next: Type.Optional(Type.String({ description: 'There are more: pass this as `after`.' }))
  },
  { $id: 'SequenceList', additionalProperties: false }
)

const tensor = Type.Ref('Matrix#')

const states = Type.Array(
  Type.Object(
    {
      layer: Type.Integer({ minimum: 0 }),
      direction: Type.Enum(['forward', 'reverse']),
      a: tensor,
      c: tensor
    },
    { additionalProperties: false }
  ),
  { description: 'Of each layer in turn, a (m, n_h) and c (m, n_a) after the last step.' }
)

export const SequenceState = Type.Object(
  { model: Type.String(), id, type: SequenceIdType, ...progress, ...use, states },
  { $id: 'SequenceState', additionalProperties: false }
)

/** What PUT checks first; tensors are looked at where their shapes are known. Other members are ignored. */
export const SequenceImportEnvelope = Type.Object({
  ...progress,
  states: Type.Array(
    Type.Object({
      layer: Type.Integer({ minimum: 0 }),
      direction: Type.Enum(['forward', 'reverse']),
      a: Type.Unknown(),
      c: Type.Unknown()
    })
  )
})

export const SequenceImport = Type.Object(
  { ...progress, states },
  {
    $id: 'SequenceImport',
    description: 'What GET gives; its other members are ignored.'
  }
)

export type SequenceList = Type.Static<typeof SequenceList>
export type SequenceIdType = Type.Static<typeof SequenceIdType>
