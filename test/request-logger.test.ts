import Fastify from 'fastify'
import t from 'tap'
import { childLoggerFactory } from '../src/request-logger.ts'

async function linesOf(level: string, handle: (log: import('fastify').FastifyBaseLogger) => void) {
  const lines: Record<string, unknown>[] = []
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const app = Fastify({
    logger: { level, stream },
    childLoggerFactory,
    genReqId: () => 'the-id',
    disableRequestLogging: true
  })
  app.get('/', async ({ log }) => {
    handle(log)
    return 'done'
  })
  await app.inject('/')
  await app.close()
  return lines
}

t.test('what is logged with it has the id of the request, on every level', async (t) => {
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
  const lines = await linesOf('trace', (log) => {
    for (const level of levels) log[level]({ x: 1 }, 'said')
    log.silent('not said')
  })
  t.match(
    lines.filter(({ msg }) => msg === 'said'),
    levels.map((_, i) => ({ reqId: 'the-id', x: 1, level: 10 * (i + 1) }))
  )
  t.equal(lines.filter(({ msg }) => msg === 'not said').length, 0)
})

t.test('it has children and a level of its own', async (t) => {
  const lines = await linesOf('info', (log) => {
    log.child({ part: 2 }).info('of the child')
    t.equal(log.level, 'info')
    log.level = 'error'
    log.info('too low')
  })
  t.match(lines, [{ reqId: 'the-id', part: 2, msg: 'of the child' }])
  t.equal(lines.length, 1)
})
