import { readFile } from 'node:fs/promises'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { type Config, loadConfig, unknownVariables, usage } from './config.ts'
import { requestExamples } from './routes/examples.ts'
import { version } from './version.ts'

/** The process: settings, app, demo sets, a socket, signals. */

/** Time for requests under way once a signal to stop has come. */
const GRACE_MS = 10_000

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
    return await buildApp(config)
  } catch (error) {
    process.stderr.write(`lstm-serve: ${(error as Error).message}\n`)
    process.exit(1)
  }
}

async function serve(config: Config): Promise<void> {
  const app = await buildOrExit(config)
  for (const name of unknownVariables(process.env)) app.log.warn(`${name} is not a setting; --help lists them`)
  closeWithGrace({ delay: GRACE_MS, logger: app.log }, async ({ err, signal }) => {
    if (err) app.log.fatal({ err }, 'closing after a fault')
    else app.log.info({ signal }, 'closing')
    await app.close()
  })
  if (config.demoSets) await loadDemoSets(app)
  try {
    await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    app.log.fatal({ err: error }, 'cannot listen')
    await app.close()
    process.exit(1)
  }
  if (config.demoSets) greet(app)
}

async function loadDemoSets(app: FastifyInstance): Promise<void> {
  for (const name of demoSets) {
    if (app.store.get(name) !== undefined) continue // the folder of sets had it
    const file = await readFile(new URL(`../../examples/${name}/parameters.npz`, import.meta.url))
    const set = await app.pool.run<'import'>({ kind: 'import', body: new Uint8Array(file) })
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
