import { createHash, randomBytes } from 'node:crypto'
import { type Scope, scopes } from './access/key-file.ts'

/** A program: makes an API key and prints it, and the line for LSTM_API_KEYS_FILE. node dist/src/make-key.js ID SCOPES */

const [id = '', allowed = ''] = process.argv.slice(2)
if (!/^[\w.-]{1,64}$/.test(id) || !allowed.split(',').every((scope) => scopes.includes(scope as Scope))) {
  process.stderr.write(
    `usage: node dist/src/make-key.js ID SCOPES\n  ID      1 to 64 of A-Z a-z 0-9 . _ -\n  SCOPES  one or more of ${scopes.join(',')}, with commas between\n`
  )
  process.exit(2)
}
const key = randomBytes(32).toString('base64url')
const hash = createHash('sha256').update(key).digest('hex')
process.stdout.write(`key, for the client: ${key}\nline, for the file:  ${id} ${allowed} ${hash}\n`)
