import fastifySwagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import fastifyPlugin from 'fastify-plugin'
import { version } from '../version.ts'
import { keySchemes } from './access.ts'

export interface DocumentationOptions {
  /** By operationId: the named examples of its JSON body. The generator has no place for them in a route. */
  readonly requestExamples: Readonly<Record<string, object>>
  /** Whether API keys are on: the page has an Authorize button then. */
  readonly keys: boolean
}

type OpenApiDocument = ReturnType<NonNullable<FastifyDynamicSwaggerOptions['transformObject']>>

/** In a route's schema: its body may be left out. The plugin takes every body for a required one. */
export const OPTIONAL_BODY = 'x-optional-body'

interface Operation {
  readonly operationId: string
  readonly requestBody?: { required: boolean; readonly content: Record<string, { examples?: object }> }
  [OPTIONAL_BODY]?: boolean
}

/**
 * What the page may load: its own files. The plugin's own policy also upgrades every request to https, which leaves the
 * page empty wherever the service is reached over plain http and not as localhost.
 */
const contentSecurityPolicy = {
  'default-src': "'self'",
  'base-uri': "'self'",
  'frame-ancestors': "'self'",
  'img-src': ["'self'", 'data:'],
  'object-src': "'none'",
  'script-src-attr': "'none'",
  // the style inside the logo that Swagger UI brings along
  'style-src': ["'self'", "'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='"]
}

/** The API document, made from the routes' declarations, and Swagger UI over it. Registered before the routes. */
export const documentation = fastifyPlugin(
  async (app, { requestExamples, keys }: DocumentationOptions) => {
    await app.register(fastifySwagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'lstm-serve',
          version,
          description:
            'Serves LSTM forward passes. Tensors travel as nested arrays or as base64 of float32; names are those of the notation: n_x input features, n_a hidden units, n_y outputs, m columns, T_x time steps.',
          license: { name: 'MIT', identifier: 'MIT' }
        },
        ...(keys ? { components: { securitySchemes: keySchemes } } : {}),
        tags: [
          { name: 'inference', description: 'The forward pass' },
          { name: 'parameters', description: 'Parameter sets' },
          { name: 'v2', description: 'The Open Inference Protocol, as Triton and KServe speak it' },
          { name: 'health', description: 'For probes' }
        ]
      },
      transformObject: (documented) => {
        const document = 'openapiObject' in documented ? documented.openapiObject : documented.swaggerObject
        const operations = Object.values(document.paths ?? {}).flatMap(
          (path) => Object.values(path ?? {}) as Operation[]
        )
        for (const operation of operations) {
          const { operationId, requestBody } = operation
          if (operation[OPTIONAL_BODY] === true) requestBody!.required = false
          delete operation[OPTIONAL_BODY]
          const examples = requestExamples[operationId]
          if (examples !== undefined) requestBody!.content['application/json'].examples = examples
        }
        return document as OpenApiDocument
      },
      refResolver: { buildLocalReference: (json) => String(json.$id) }
    })
    await app.register(fastifySwaggerUi, {
      routePrefix: '/docs',
      staticCSP: contentSecurityPolicy,
      uiConfig: { docExpansion: 'list', deepLinking: true, displayRequestDuration: true, tryItOutEnabled: false }
    })
    app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
      reply.type('application/json').send(JSON.stringify(app.swagger()))
    )
    app.get('/openapi.yaml', { schema: { hide: true } }, async (_request, reply) =>
      reply.type('application/yaml').send(app.swagger({ yaml: true }))
    )
  },
  { name: 'documentation' }
)
