import fastifyPlugin from 'fastify-plugin'
import type { Config } from '../config.ts'
import { SequenceTable } from '../sequences/table.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly sequences: SequenceTable
  }
}

/** The sequences of the Open Inference Protocol whose state is kept between requests. */
export const sequences = fastifyPlugin(
  async (app, config: Config) => {
    const table = new SequenceTable(config)
    app.decorate('sequences', table)
    app.addHook('onClose', () => table.close())
  },
  { name: 'sequences' }
)
