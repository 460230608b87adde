import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { type Config, loadConfig, unknownVariables, usage } from './config.ts'
import { logToStandardOutput } from './log.ts'
import { requestExamples } from './routes/examples.ts'
import { version } from './version.ts'

/** The process: settings, app, demo sets, a socket, signals. */

const demoSets = ['digits', 'words'] as const

const argv = process.argv.slice(2)
if (argv.includes('--help')) {
  process.stdout.write(usage())
} else if (argv.includes('--version')) {
  process.stdout.write(`${version}\n`)
} else {
  await serve(configOrExit())
}

function configOrExit(): Config {
  try {
    return loadConfig(process.env, argv)
  } catch (error) {
    process.stderr.write(`lstm-serve: ${(error as Error).message}\n`)
    process.exit(2)
  }
}

async function buildOrExit(config: Config): Promise<FastifyInstance> {
  try {
    return await buildApp(config, logToStandardOutput())
  } catch (error) {
    process.stderr.write(`lstm-serve: ${(error as Error).message}\n`)
    process.exit((error as Error).name === 'KernelUnavailableError' ? 2 : 1)
  }
}

async function serve(config: Config): Promise<void> {
  const app = await buildOrExit(config)
  const { name: kernel, variant } = app.pool.sharedKernel
  app.log.info({ kernel, variant, workers: config.workers }, 'computing')
  for (const name of unknownVariables(process.env)) app.log.warn(`${name} is not a setting; --help lists them`)
  endWithGrace(app, config)
  if (config.demoSets) await loadDemoSets(app)
  await app.fronts.start()
  try {
    await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    app.log.fatal({ err: error }, 'cannot listen')
    await app.close()
    process.exit(1)
  }
  if (config.demoSets) greet(app)
}

/**
 * A signal: readiness goes off, for a while requests are still taken, then those under way end, and the process with 0;
 * with 1 when they took too long, and at once on a second signal. A fault that nothing caught ends the process in the
 * same way, but with 1; a promise that nobody waits for is no reason to end.
 */
function endWithGrace(app: FastifyInstance, { shutdownDelayMs, shutdownTimeoutMs }: Config): void {
  process.on('unhandledRejection', (err) => app.log.error({ err }, 'a promise was rejected and nobody waited for it'))
  const options = { delay: shutdownDelayMs + shutdownTimeoutMs, logger: app.log, skip: ['unhandledRejection' as const] }
  closeWithGrace(options, async ({ err, signal }) => {
    app.drain.begin()
    if (err) app.log.fatal({ err }, 'closing after a fault')
    else {
      app.log.info({ signal, delay_ms: shutdownDelayMs }, 'closing')
      await setTimeout(shutdownDelayMs)
    }
    await app.close()
  })
}

async function loadDemoSets(app: FastifyInstance): Promise<void> {
  for (const name of demoSets) {
    if (app.store.get(name) !== undefined) continue // the folder of sets had it
    const file = await readFile(new URL(`../../examples/${name}/parameters.npz`, import.meta.url))
    const set = await app.pool.run<'import'>({ kind: 'import', body: [file] })
    app.store.adopt({ name, set, created: new Date() })
  }
}

/** What somebody who has just typed `npm start` wants to know. */
function greet(app: FastifyInstance): void {
  const address = app.listeningOrigin
  const body = JSON.stringify(requestExamples.sequence.digit.value)
  process.stdout.write(
    [
      '',
      `  Swagger UI   ${address}/docs`,
      `  Try          curl ${address}/sequence -H 'content-type: application/json' -d '${body}'`,
      '',
      ''
    ].join('\n')
  )
}
