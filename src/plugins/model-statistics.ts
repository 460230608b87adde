import fastifyPlugin from 'fastify-plugin'
import { AllModelStatistics } from '../metrics/model-statistics.ts'
import type { StoredSet } from '../parameters/store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What the Open Inference Protocol tells of each model's inferences; its routes report them. */
    readonly modelStatistics: AllModelStatistics<StoredSet>
  }
}

export const modelStatistics = fastifyPlugin(
  async (app) => {
    app.decorate('modelStatistics', new AllModelStatistics<StoredSet>((name) => app.store.get(name)))
  },
  { name: 'model-statistics', dependencies: ['engine'] }
)
