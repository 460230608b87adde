// openapi.yaml is made from the routes. With --write it is written, without it is compared.
import { readFileSync, writeFileSync } from 'node:fs'
import { buildApp } from '../dist/src/app.js'
import { loadConfig } from '../dist/src/config.js'

const file = new URL('../openapi.yaml', import.meta.url)
const app = await buildApp(loadConfig({ LSTM_LOG_LEVEL: 'warn', LSTM_WORKERS: '1' }, []))
await app.ready()
const document = app.swagger({ yaml: true })
await app.close()

if (process.argv.includes('--write')) {
  writeFileSync(file, document)
} else if (readFileSync(file, 'utf8') !== document) {
  console.error('openapi.yaml is not what the routes say; run `npm run openapi`')
  process.exitCode = 1
}
