import { Compile, type Static, type TSchema } from '../schemas/typebox.ts'
import { type Issue, LstmError } from './errors.ts'

interface SchemaError {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly params: object
  readonly message: string
}

/** The value with its type, or the faults in words that say what to change. */
export type Checked<T> = { readonly value: T } | { readonly issues: readonly Issue[] }

export function compileCheck<S extends TSchema>(schema: S): (value: unknown) => Checked<Static<S>> {
  const compiled = Compile(schema)
  return (value) =>
    compiled.Check(value) ? { value } : { issues: describe(schema, compiled.Errors(value) as SchemaError[]) }
}

/**
 * The check of a body, which gives the body back with its type.
 * It throws LSTM_ERR_INVALID_BODY with an issue for each fault.
 */
export function bodyCheck<S extends TSchema>(schema: S): (body: unknown) => Static<S> {
  const check = compileCheck(schema)
  return (body) => {
    const checked = check(body)
    if ('value' in checked) return checked.value
    throw new LstmError('LSTM_ERR_INVALID_BODY', [summary('the body', checked.issues)], checked.issues)
  }
}

/** All issues in one sentence. */
export function summary(whole: string, issues: readonly Issue[]): string {
  return issues.map(({ path, message }) => `${path === '' ? whole : path} ${message}`).join('; ')
}

/** One issue for each fault, in words that say what to change. */
function describe(schema: TSchema, errors: readonly SchemaError[]): Issue[] {
  const issues: Issue[] = []
  for (const error of errors) {
    const { keyword, schemaPath, instancePath } = error
    if (keyword === 'boolean') continue // repeats what additionalProperties says
    if (keyword === 'type' && /\/anyOf\/\d+$/.test(schemaPath)) continue // another branch may fit
    if (keyword === 'anyOf' && issues.some(({ path }) => `${path}/`.startsWith(`${instancePath}/`))) continue
    issues.push(...inWords(schema, error))
  }
  return issues.length > 0 ? issues : [{ path: '', message: 'does not fit the schema' }]
}

function inWords(schema: TSchema, { keyword, schemaPath, instancePath, params, message }: SchemaError): Issue[] {
  const at = (name: string) => `${instancePath}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
  switch (keyword) {
    case 'required':
      return (params as { requiredProperties: string[] }).requiredProperties.map((name) => ({
        path: at(name),
        message: 'is missing'
      }))
    case 'additionalProperties':
      return (params as { additionalProperties: string[] }).additionalProperties.map((name) => ({
        path: at(name),
        message: 'is not a known field'
      }))
    case 'enum': {
      const allowed = (params as { allowedValues: unknown[] }).allowedValues.join(', ')
      return [{ path: instancePath, message: `must be one of ${allowed}` }]
    }
    case 'pattern':
    case 'anyOf':
      return [{ path: instancePath, message: `is none of what is taken here: ${description(schema, schemaPath)}` }]
    default:
      return [{ path: instancePath, message }]
  }
}

/** The description that stands at a place of the schema, such as #/properties/parameters. */
function description(schema: TSchema, schemaPath: string): string {
  let place: unknown = schema
  for (const key of schemaPath.split('/').slice(1)) place = (place as Record<string, unknown>)[key]
  return (place as { description: string }).description
}
