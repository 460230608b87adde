import fastifyPlugin from 'fastify-plugin'
import * as wire from '../../schemas/index.ts'
import type { TSchema } from '../../schemas/typebox.ts'
import { LstmError } from '../errors.ts'
import { compileCheck, summary } from '../schema-check.ts'

/**
 * Makes the wire schemas known by name, and says who checks what: parameters and queries here, without any coercion;
 * bodies in the workers, which read them; answers are made to their schemas and the tests compare.
 */
export const schemas = fastifyPlugin(
  async (app) => {
    for (const schema of Object.values(wire)) {
      if (typeof schema === 'object' && '$id' in schema) app.addSchema(schema)
    }
    app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => {
      if (httpPart === 'body') return () => true
      const check = compileCheck(schema)
      return (value) => {
        const checked = check(value)
        // a value in its place would make Fastify join two objects whenever somebody asks for the headers
        if ('value' in checked) return true
        const { name } = value as { name?: string }
        return {
          error:
            httpPart === 'params' && name !== undefined
              ? new LstmError('LSTM_ERR_INVALID_NAME', [name])
              : new LstmError('LSTM_ERR_INVALID_REQUEST', [summary(`the ${httpPart}`, checked.issues)])
        }
      }
    })
    app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  },
  { name: 'schemas' }
)
