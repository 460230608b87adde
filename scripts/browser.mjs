// Proves Swagger UI in a real Chromium: node scripts/browser.mjs [FOLDER_FOR_SCREENSHOTS], after a build.
// playwright-core is not among the dependencies, for the tests need no browser: it comes from the node_modules folder
// named by PLAYWRIGHT_DIR, or from wherever Node finds it. CHROMIUM names another browser than Debian's.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parse } from 'yaml'

const LIMIT_MS = 60_000
const STEP_MS = 15_000
const SEVEN = 7 // what the example of /sequence shows
/** Leads to this machine, yet is not loopback to a browser, which lets loopback pass where others meet the page's policy. */
const HOST = 'lstm-serve.test'
const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']

const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'lstm-serve-browser-'))
const pictures = process.argv[2] ? resolve(process.argv[2]) : join(scratch, 'pictures')
mkdirSync(pictures, { recursive: true })

let server
let browser
let overtime
try {
  const late = new Promise((_, reject) => {
    overtime = setTimeout(() => reject(new Error(`not done after ${LIMIT_MS / 1000} s`)), LIMIT_MS)
  })
  await Promise.race([prove(), late])
} catch (error) {
  console.error(`not ok - ${error.message}`)
  process.exitCode = 1
} finally {
  clearTimeout(overtime)
  await stop()
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 })
  process.exit() // with the code set so far; ends a browser too that was still starting when the time was up
}

async function prove() {
  const { chromium } = await loadPlaywright()
  const origin = (await startServer()).replace('127.0.0.1', HOST)
  browser = await chromium.launchPersistentContext(join(scratch, 'profile'), {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    timeout: STEP_MS,
    viewport: { width: 1280, height: 1000 },
    args: [
      '--no-sandbox',
      `--host-resolver-rules=MAP ${HOST} 127.0.0.1`,
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync'
    ]
  })
  browser.setDefaultTimeout(STEP_MS)
  const page = browser.pages()[0] ?? (await browser.newPage())
  const complaints = []
  const elsewhere = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  browser.on('request', (request) => {
    const url = new URL(request.url())
    if (!['data:', 'blob:'].includes(url.protocol) && url.origin !== origin) elsewhere.push(request.url())
  })

  await page.goto(`${origin}/docs`, { waitUntil: 'load' })
  await page
    .locator('.opblock')
    .first()
    .waitFor()
    .catch(() => {
      throw new Error(`the page shows no operation: ${[...complaints, ...elsewhere].join('; ')}`)
    })
  const documented = countOperations()
  const shown = await page.locator('.opblock').count()
  expect(`the page shows the ${documented} operations of openapi.yaml`, shown === documented, `it shows ${shown}`)
  await page.screenshot({ path: join(pictures, 'overview.png'), fullPage: true })

  const sequence = await tryOut(page, 'inference', 'sequence')
  expect('the example of POST /sequence is answered 200', sequence.status === 200, `it is answered ${sequence.status}`)
  const best = indexOfLargest(JSON.parse(sequence.text).y)
  expect(`the largest of its y is at ${SEVEN}`, best === SEVEN, `it is at ${best}`)
  expect('the page shows 200 and y', sequence.shownStatus.startsWith('200') && sequence.shownBody.includes('"y"'))
  const top = await page.locator('#operations-inference-sequence').boundingBox()
  const end = await page.locator('.live-responses-table').boundingBox()
  const clip = { x: 0, y: top.y + (await page.evaluate('scrollY')), width: 1280, height: end.y + end.height - top.y }
  await page.screenshot({ path: join(pictures, 'sequence.png'), fullPage: true, clip })

  const cell = await tryOut(page, 'inference', 'cell')
  expect('the example of POST /cell is answered 200', cell.status === 200, `it is answered ${cell.status}`)
  expect('the page shows 200 for it', cell.shownStatus.startsWith('200'))

  expect('no errors in the page or its console', complaints.length === 0, complaints.join('; '))
  expect('no request to any other host', elsewhere.length === 0, elsewhere.join(', '))
}

/** Opens an operation and executes its first example as it stands. */
async function tryOut(page, tag, operationId) {
  const operation = page.locator(`#operations-${tag}-${operationId}`)
  await operation.locator('.opblock-summary-control').click()
  await operation.locator('button.try-out__btn').click()
  await operation.locator('textarea.body-param__text').waitFor()
  const [answer] = await Promise.all([
    page.waitForResponse((response) => new URL(response.url()).pathname === `/${operationId}`),
    operation.locator('button.execute').click()
  ])
  const live = operation.locator('.live-responses-table tbody .response').first()
  await live.waitFor()
  return {
    status: answer.status(),
    text: await answer.text(),
    shownStatus: (await live.locator('.response-col_status').textContent()).trim(),
    shownBody: await live.locator('.response-col_description').textContent()
  }
}

async function loadPlaywright() {
  const folder = process.env.PLAYWRIGHT_DIR
  try {
    if (!folder) return await import('playwright-core')
    const find = createRequire(join(resolve(folder), 'noop.js'))
    return (await import(pathToFileURL(find.resolve(join(resolve(folder), 'playwright-core'))))).default
  } catch (cause) {
    const place = folder ? `in ${folder}` : 'here; PLAYWRIGHT_DIR may name a node_modules folder that has it'
    throw new Error(`playwright-core cannot be loaded: it is not ${place} (${cause.message.split('\n')[0]})`)
  }
}

/** Starts the built server on a free port. @returns its origin, as its log says it */
async function startServer() {
  // settings of whoever calls would change what is proven
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LSTM_')))
  server = spawn(process.execPath, ['dist/src/server.js', '--demo-sets'], {
    cwd: root,
    env: { ...env, LSTM_HOST: '127.0.0.1', LSTM_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const lines = createInterface({ input: server.stdout })
  const said = new Promise((found) => {
    lines.on('line', (line) => {
      const address = /"Server listening at (http:[^"]+)"/.exec(line)
      if (address) found(address[1])
    })
  })
  const ended = once(server, 'exit').then(([code]) => {
    throw new Error(`the server ended with code ${code} before it listened; is dist/ built?`)
  })
  const origin = await Promise.race([said, ended])
  ended.catch(() => {})
  return origin
}

async function stop() {
  await browser?.close().catch(() => {})
  if (server?.pid === undefined || server.exitCode !== null || server.signalCode !== null) return
  const gone = once(server, 'exit')
  const insist = setTimeout(() => server.kill('SIGKILL'), 5000)
  server.kill('SIGTERM')
  await gone
  clearTimeout(insist)
}

function countOperations() {
  const { paths } = parse(readFileSync(join(root, 'openapi.yaml'), 'utf8'))
  return Object.values(paths).flatMap((path) => Object.keys(path).filter((key) => methods.includes(key))).length
}

/** y is (1, n_y), one column of probabilities. */
function indexOfLargest(y) {
  const column = y.flat(Number.POSITIVE_INFINITY)
  return column.indexOf(Math.max(...column))
}

function expect(what, holds, instead = '') {
  console.log(`${holds ? 'ok' : 'not ok'} - ${what}${holds || instead === '' ? '' : `: ${instead}`}`)
  if (!holds) process.exitCode = 1
}
