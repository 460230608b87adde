import { Type } from './typebox.ts'

export const Liveness = Type.Object({ live: Type.Boolean() }, { $id: 'Liveness', additionalProperties: false })

export const Readiness = Type.Object(
  {
    ready: Type.Boolean(),
    version: Type.String({ description: 'Version of the service.' }),
    kernel: Type.String({ description: 'What computes.' }),
    kernel_variant: Type.String({
      description: 'Which of its builds: avx512, avx2, portable (native), relaxed, simd (wasm), float64 (reference).'
    }),
    workers: Type.Integer({ description: 'Worker threads that take requests.' }),
    parameter_sets: Type.Integer({ description: 'Parameter sets in memory.' }),
    parameter_sets_not_loaded: Type.Optional(
      Type.Integer({
        description: 'Files of the folders of sets and of models that could not be read; GET /parameters says why.'
      })
    )
  },
  { $id: 'Readiness', additionalProperties: false }
)

export type Liveness = Type.Static<typeof Liveness>
export type Readiness = Type.Static<typeof Readiness>
