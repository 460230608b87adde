import fastifyPlugin from 'fastify-plugin'
import type { Config } from '../config.ts'
import type { Body } from '../engine/body.ts'
import { Pool } from '../engine/pool.ts'
import { httpThreadCount } from '../fronts/thread-count.ts'
import { SetFolder } from '../parameters/durable/folder.ts'
import { restoreSets } from '../parameters/durable/restore.ts'
import { loadModels, ModelsFolder } from '../parameters/models-folder.ts'
import { Repository } from '../parameters/repository.ts'
import { ParameterStore } from '../parameters/store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly pool: Pool
    readonly store: ParameterStore
    readonly repository: Repository
  }
}

/** What a worker that is busy, and not overloaded, has under way now and then. */
const ALWAYS_A_WORKER = 8

/**
 * The worker pool and the parameter sets, those of the folders too; all end with the app, after the last request has
 * been answered.
 */
export const engine = fastifyPlugin(
  async (app, config: Config) => {
    const folder = config.dataDir === '' ? undefined : await SetFolder.open(config.dataDir)
    app.addHook('onClose', () => folder?.close())
    const modelsFolder = config.modelsDir === '' ? undefined : new ModelsFolder(config.modelsDir, config.modelName)
    const models = await modelsFolder?.files()
    const pool = await Pool.start({
      kernel: config.kernel,
      workers: config.workers,
      guests: httpThreadCount(config).count - 1,
      maxPending: config.maxPending,
      maxPendingBytes: config.maxPendingBytes,
      ...(config.maxWaitMs > 0 && { wait: { maxMs: config.maxWaitMs, always: ALWAYS_A_WORKER * config.workers } }),
      limits: {
        maxJobValues: config.maxJobValues,
        maxJsonDepth: config.maxJsonDepth,
        maxInflatedBytes: config.maxParametersBytes,
        maxRunningValues: config.maxRunningValues
      },
      onFault: (reason, details) => app.log.error({ details }, reason)
    })
    app.decorate('pool', pool)
    app.addHook('onClose', () => pool.close())
    const store = new ParameterStore(pool, folder)
    app.decorate('store', store)
    const repository = new Repository(store, modelsFolder, {
      import: (body, settings, keep) => pool.run<'import'>({ kind: 'import', body, settings, keep }),
      restore: (path, settings) => pool.run<'restore'>({ kind: 'restore', path, ...(settings && { settings }) })
    })
    app.decorate('repository', repository)
    if (folder !== undefined) {
      if (folder.readOnly) app.log.warn({ folder: folder.path }, 'the folder is read-only: sets cannot be changed')
      // all workers help: nobody is served yet
      await restoreSets(folder, store, config.workers, (path) => pool.runOnWorker<'restore'>({ kind: 'restore', path }))
      app.log.info({ folder: folder.path, sets: store.size }, 'parameter sets loaded')
    }
    if (modelsFolder !== undefined && models !== undefined) {
      const load = (body: Body) => pool.runOnWorker<'import'>({ kind: 'import', body })
      await loadModels(modelsFolder, models, store, config.workers, load)
      app.log.info({ folder: config.modelsDir, sets: store.size }, 'model files read')
    }
    for (const notLoaded of store.notLoaded) app.log.error(notLoaded, 'a parameter set was not loaded')
  },
  { name: 'engine' }
)
