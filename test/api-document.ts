import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { parse } from 'yaml'

/** The committed openapi.yaml, as the judge of answers. */

interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly examples?: Record<string, { value: unknown }> }>>
  }
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Record<string, object> }>
  >
}

export const apiText = readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8')
export const apiDocument = parse(apiText) as ApiDocument

export const operations = Object.entries(apiDocument.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation }))
)

const ajv = new Ajv2020({ strict: false, allErrors: true })
formats.default(ajv)
ajv.addSchema(apiDocument as object, 'openapi', undefined, false)
const compiled = new Map<string, ValidateFunction>()

const escapeKey = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1')

function validator(pointer: string): ValidateFunction {
  let validate = compiled.get(pointer)
  if (validate === undefined) {
    validate = ajv.compile({ $ref: `openapi#${encodeURI(pointer)}` })
    compiled.set(pointer, validate)
  }
  return validate
}

function findPath(url: string): string | undefined {
  const path = url.split('?')[0]
  return Object.keys(apiDocument.paths).find((template) =>
    new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(path)
  )
}

/** What the document has against an answer; empty when it is as documented. */
export function objections(
  method: string,
  url: string,
  status: number,
  contentType: string | undefined,
  body: Buffer
): string[] {
  const path = findPath(url)
  if (path === undefined) return [`${url} is not in the document`]
  const operation = apiDocument.paths[path][method.toLowerCase()]
  if (operation === undefined) return [`${method} ${path} is not in the document`]
  const response = operation.responses[String(status)]
  if (response === undefined) return [`${method} ${path} does not document status ${status}`]
  const type = contentType?.split(';')[0]
  if (response.content === undefined) return body.length === 0 ? [] : [`${status} should have no body`]
  if (type === undefined || !(type in response.content)) return [`${status} does not document ${type}`]
  if (!type.endsWith('json')) return []
  const keys = ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema']
  const validate = validator(keys.map((key) => `/${escapeKey(key)}`).join(''))
  if (validate(JSON.parse(body.toString('utf8')))) return []
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

/** What the document has against a request body of a route. */
export function requestObjections(method: string, path: string, body: unknown): string[] {
  const keys = ['paths', path, method.toLowerCase(), 'requestBody', 'content', 'application/json', 'schema']
  const validate = validator(keys.map((key) => `/${escapeKey(key)}`).join(''))
  return validate(body) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}
