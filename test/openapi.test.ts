import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { apiDocument, apiText, operations, requestObjections } from './api-document.ts'
import { startService } from './service.ts'

t.test('the committed document is the one that the service gives', async (t) => {
  const { app } = await startService(t)
  const yaml = await app.inject('/openapi.yaml')
  t.equal(yaml.body, apiText)
  t.match(yaml.headers['content-type'], /^application\/yaml/)
  t.strictSame((await app.inject('/openapi.json')).json(), apiDocument)
  const page = await app.inject('/docs')
  t.match(page.statusCode, /200|302/)
})

t.test('a validator of OpenAPI documents finds nothing wrong', async (t) => {
  const { valid, errors } = await new Validator().validate(
    structuredClone(apiDocument) as object as Record<string, unknown>
  )
  t.ok(valid, JSON.stringify(errors))
})

t.test('every schema in it is one by JSON Schema 2020-12', async (t) => {
  // the first validator lets a schema object pass that its dialect forbids, so each is held against the meta-schema
  const ajv = new Ajv2020({ strict: false })
  const { components } = apiDocument as unknown as { components: { schemas: Record<string, object> } }
  for (const [name, schema] of Object.entries(components.schemas)) {
    t.ok(ajv.validateSchema(schema), `${name}: ${ajv.errorsText()}`)
  }
  for (const { path, method, operation } of operations) {
    for (const [status, { content = {} }] of Object.entries(operation.responses)) {
      for (const media of Object.values(content) as { schema: object }[]) {
        t.ok(ajv.validateSchema(media.schema), `${method} ${path} ${status}: ${ajv.errorsText()}`)
      }
    }
  }
})

t.test('every operation has an id, a summary and described answers', async (t) => {
  const ids = operations.map(({ operation }) => operation.operationId)
  t.equal(new Set(ids).size, ids.length, 'ids are unique')
  t.equal(ids.length, 34)
  for (const { operation } of operations) {
    t.ok(operation.operationId)
    t.ok(operation.summary)
    for (const { description } of Object.values(operation.responses)) t.ok(description)
  }
})

t.test('every example fits its schema and runs as it stands on the demo sets', async (t) => {
  const { ask, load } = await startService(t)
  await load('digits')
  await load('words')
  let examples = 0
  for (const { path, method, operation } of operations) {
    const { examples: ofOperation = {} } = operation.requestBody?.content['application/json'] ?? {}
    for (const [name, { value }] of Object.entries(ofOperation)) {
      t.strictSame(requestObjections(method, path, value), [], `${method} ${path} ${name} fits`)
      const { status } = await ask({
        method: method as 'POST',
        url: path.replace('{name}', 'example').replace('{model}', 'digits'),
        body: value
      })
      t.ok(status < 300, `${method} ${path} ${name} runs`)
      examples++
    }
  }
  t.equal(examples, 8)
})

t.test('the example of the digit says seven', async (t) => {
  const { ask, load } = await startService(t)
  await load('digits')
  const { operation } = operations.find(({ path }) => path === '/sequence')!
  const { json } = await ask({
    url: '/sequence',
    body: operation.requestBody!.content['application/json'].examples!.digit.value
  })
  t.equal(json.y[0].indexOf(Math.max(...json.y[0])), 7)
})

t.test('the version is that of the package', async (t) => {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }
  t.match(apiText, `version: ${version}`)
  t.match(readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8'), `## ${version}`)
})
