import fastifyPlugin from 'fastify-plugin'
import type { Config } from '../config.ts'
import { SequenceInferences, type SequenceRunner } from '../sequences/inferences.ts'
import { SequenceTable } from '../sequences/table.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly sequences: SequenceTable
    readonly sequenceInferences: SequenceRunner
  }
}

/** The sequences of the Open Inference Protocol whose state is kept between requests. */
export const sequences = fastifyPlugin(
  async (app, config: Config) => {
    const table = new SequenceTable(config)
    app.decorate('sequences', table)
    app.decorate(
      'sequenceInferences',
      new SequenceInferences(table, app.pool, (name) => app.store.get(name) !== undefined)
    )
    app.addHook('onClose', () => table.close())
  },
  { name: 'sequences', dependencies: ['engine'] }
)
