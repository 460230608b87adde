import { Problem } from './problem.ts'
import { Type } from './typebox.ts'

/** The wire contract of the Open Inference Protocol, as far as all of its routes share it. */

export const ServerMetadata = Type.Object(
  {
    name: Type.String(),
    version: Type.String({ description: 'Version of the service.' }),
    extensions: Type.Array(Type.String(), { description: 'The extensions of the protocol that are there.' })
  },
  { $id: 'ServerMetadata', additionalProperties: false }
)

export const ServerLive = Type.Object({ live: Type.Boolean() }, { $id: 'ServerLive', additionalProperties: false })

export const ServerReady = Type.Object({ ready: Type.Boolean() }, { $id: 'ServerReady', additionalProperties: false })

export const InferenceError = Type.Object(
  { error: Type.String({ description: 'The text that clients show.' }), ...Problem.properties },
  {
    $id: 'InferenceError',
    additionalProperties: false,
    description: 'An error of the Open Inference Protocol, with the fields of a problem beside it.'
  }
)

export type ServerMetadata = Type.Static<typeof ServerMetadata>
export type ServerLive = Type.Static<typeof ServerLive>
export type ServerReady = Type.Static<typeof ServerReady>
export type InferenceError = Type.Static<typeof InferenceError>
