import fastifyAccepts from '@fastify/accepts'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Encoding, type ParameterSetDescription, type ParameterSetList, ParameterSetName } from '../../schemas/index.ts'
import { Type } from '../../schemas/typebox.ts'
import type { Scope } from '../access/key-file.ts'
import type { Config } from '../config.ts'
import { LstmError } from '../errors.ts'
import type { StoredSet } from '../parameters/store.ts'
import { bodyOf, takeRawBodies, takeUntypedBodies } from '../plugins/raw-body.ts'
import { etagHeader, jsonResponse, problemResponses } from './declarations.ts'
import { checkPreconditions, etag, notModified } from './preconditions.ts'

const npzTypes = ['application/x-npz', 'application/zip', 'application/octet-stream']
const accepts = ['application/json', ...npzTypes]
const offered = ['application/json', 'application/x-npz', 'application/zip']

const readers: readonly Scope[] = ['infer', 'manage']
const managers: readonly Scope[] = ['manage']

const byName = Type.Object({ name: ParameterSetName })
const binary = { schema: Type.String({ format: 'binary' }) }
const description = Type.Ref('ParameterSetDescription#')

/** The named parameter sets: list, put in, describe, give the weights back, delete. */
export const parameterRoutes: FastifyPluginAsyncTypebox<Config> = async (app, { maxParametersBytes }) => {
  await app.register(fastifyAccepts)
  takeRawBodies(app, accepts)
  takeUntypedBodies(app)

  const stored = (name: string): StoredSet => {
    const found = app.store.get(name)
    if (found === undefined) throw new LstmError('LSTM_ERR_PARAMETER_SET_NOT_FOUND', [name])
    return found
  }

  app.get(
    '/parameters',
    {
      config: { scopes: readers },
      schema: {
        operationId: 'listParameterSets',
        summary: 'The parameter sets in memory',
        tags: ['parameters'],
        response: { 200: jsonResponse('All sets, by name.', Type.Ref('ParameterSetList#')), ...problemResponses(500) }
      }
    },
    async (): Promise<ParameterSetList> => {
      const { notLoaded } = app.store
      return {
        parameters: app.store.list().map(describe),
        ...(notLoaded.length > 0 ? { not_loaded: notLoaded } : {})
      }
    }
  )

  app.put(
    '/parameters/:name',
    {
      bodyLimit: maxParametersBytes,
      config: { accepts, bodyLimitSetting: 'LSTM_MAX_PARAMETERS_BYTES', scopes: managers, admitted: true },
      schema: {
        operationId: 'putParameterSet',
        summary: 'Create or replace a parameter set',
        description:
          "The ten arrays as JSON (nested or base64) or as NumPy's npz; the content decides, not only Content-Type. Replacing is atomic: requests already begun finish on the version that they began with, later ones see the new one. If-Match and If-None-Match are honoured.",
        tags: ['parameters'],
        params: byName,
        body: {
          content: {
            'application/json': { schema: Type.Ref('ParameterArrays#') },
            'application/x-npz': binary,
            'application/octet-stream': binary
          }
        },
        response: {
          200: jsonResponse('Replaced.', description, etagHeader),
          201: jsonResponse('Created.', description, etagHeader),
          ...problemResponses(400, 412, 413, 415, 500, 503, 507)
        }
      }
    },
    async (request, reply) => {
      const { name } = request.params
      const body = bodyOf(request)
      const { stored, replaced } = await app.store.put(
        name,
        (keep) => app.pool.run<'import'>({ kind: 'import', body, keep }),
        () => checkPreconditions(request.headers, app.store.get(name)?.set.version)
      )
      reply.code(replaced ? 200 : 201).header('etag', etag(stored.set.version))
      return describe(stored)
    }
  )

  app.get(
    '/parameters/:name',
    {
      config: { scopes: readers },
      schema: {
        operationId: 'describeParameterSet',
        summary: 'What a parameter set is',
        tags: ['parameters'],
        params: byName,
        response: {
          200: jsonResponse('Dimensions, size and version.', description, etagHeader),
          304: { description: 'If-None-Match names this version.', type: 'null' },
          ...problemResponses(400, 404, 500)
        }
      }
    },
    async (request, reply) => {
      const found = stored(request.params.name)
      const tag = etag(found.set.version)
      reply.header('etag', tag)
      if (notModified(request.headers, tag)) return reply.code(304).send(null)
      return describe(found)
    }
  )

  app.get(
    '/parameters/:name/weights',
    {
      config: { scopes: managers },
      schema: {
        operationId: 'getWeights',
        summary: 'The weights of a parameter set',
        description: "As JSON, or as NumPy's npz when Accept says application/x-npz or application/zip.",
        tags: ['parameters'],
        params: byName,
        querystring: Type.Object({ encoding: Type.Optional(Encoding) }, { additionalProperties: false }),
        response: {
          200: {
            description: 'The ten arrays.',
            headers: etagHeader,
            content: {
              'application/json': { schema: Type.Ref('ParameterArrays#') },
              'application/x-npz': binary,
              'application/zip': binary
            }
          },
          304: { description: 'If-None-Match names this version in this form.', type: 'null' },
          ...problemResponses(400, 404, 406, 500, 503)
        }
      }
    },
    async (request, reply) => {
      const { set, name } = stored(request.params.name)
      const { encoding = 'nested' } = request.query
      const type = request.type(offered)
      if (typeof type !== 'string') {
        throw new LstmError('LSTM_ERR_NOT_ACCEPTABLE', [String(request.headers.accept), offered.join(', ')])
      }
      const format = type === 'application/json' ? 'json' : 'npz'
      // each form has bytes of its own, so each has a tag of its own
      const tag = etag(`${set.version}-${format === 'json' ? encoding : format}`)
      reply.header('etag', tag).header('vary', 'accept')
      if (notModified(request.headers, tag)) return reply.code(304).send(null)
      const answer = await app.pool.run<'export'>({ kind: 'export', set, format, encoding })
      if (format === 'npz') reply.header('content-disposition', `attachment; filename="${name}.npz"`)
      return reply.type(type).send(Buffer.from(answer.buffer))
    }
  )

  app.delete(
    '/parameters/:name',
    {
      config: { scopes: managers },
      schema: {
        operationId: 'deleteParameterSet',
        summary: 'Delete a parameter set',
        description: 'Requests already begun finish on it. If-Match is honoured.',
        tags: ['parameters'],
        params: byName,
        response: {
          204: { description: 'Deleted.', type: 'null' },
          ...problemResponses(400, 404, 412, 500)
        }
      }
    },
    async (request, reply) => {
      const { name } = request.params
      await app.store.delete(name, () => checkPreconditions(request.headers, stored(name).set.version))
      return reply.code(204).send(null)
    }
  )
}

function describe({ name, set, created }: StoredSet): ParameterSetDescription {
  const { version, n_x, n_a, n_y, layers, bytes } = set
  return {
    name,
    version,
    n_x,
    n_a,
    n_y,
    layers: layers.map((layer) => ({ n_x: layer.n_x, n_a: layer.n_a })),
    bytes,
    created: created.toISOString()
  }
}
