import { Type } from './typebox.ts'

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'A URI for this kind of problem.' }),
    title: Type.String({ description: 'The kind of problem, in a few words.' }),
    status: Type.Integer(),
    detail: Type.String({ description: 'What was expected, what came, and where.' }),
    code: Type.String({ pattern: '^LSTM_ERR_[A-Z0-9_]+$', description: 'Stable; docs/errors.md lists them.' }),
    request_id: Type.String({ description: 'The id of this request in the log.' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            path: Type.String({ description: 'JSON pointer (RFC 6901) into the body.' }),
            message: Type.String()
          },
          { additionalProperties: false }
        )
      )
    )
  },
  { $id: 'Problem', additionalProperties: false, description: 'An error, as RFC 9457 has it.' }
)

export type Problem = Type.Static<typeof Problem>
