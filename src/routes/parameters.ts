import fastifyAccepts from '@fastify/accepts'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  Encoding,
  ImportSettings,
  type ParameterSetDescription,
  type ParameterSetList,
  ParameterSetName
} from '../../schemas/index.ts'
import { Type } from '../../schemas/typebox.ts'
import type { Scope } from '../access/key-file.ts'
import type { Config } from '../config.ts'
import { LstmError } from '../errors.ts'
import type { ExportFormat } from '../parameters/exporters/export-model.ts'
import { placedLayers } from '../parameters/parameter-set.ts'
import type { StoredSet } from '../parameters/store.ts'
import { collectInBackground, dropBody, largeBodyOf } from '../plugins/large-body.ts'
import { takeRawBodies, takeUntypedBodies } from '../plugins/raw-body.ts'
import { etagHeader, jsonResponse, problemResponses } from './declarations.ts'
import { checkPreconditions, etag, notModified } from './preconditions.ts'

/** The content says what a file is; these are the types under which one may come. */
const accepts = [
  'application/json',
  'application/octet-stream',
  'application/zip',
  'application/x-npz',
  'application/x-hdf5',
  'application/x-hdf',
  'application/vnd.safetensors',
  'application/onnx'
]

/** The forms of the weights, by Content-Type; npz has two. */
const forms: Readonly<Record<string, ExportFormat>> = {
  'application/json': 'json',
  'application/x-npz': 'npz',
  'application/zip': 'npz',
  'application/vnd.safetensors': 'safetensors',
  'application/onnx': 'onnx'
}
const offered = Object.keys(forms)

const readers: readonly Scope[] = ['infer', 'manage']
const managers: readonly Scope[] = ['manage']

const byName = Type.Object({ name: ParameterSetName })
const binary = { schema: Type.String({ format: 'binary' }) }
const description = Type.Ref('ParameterSetDescription#')

/** The named parameter sets: list, put in, describe, give the weights back, delete. */
export const parameterRoutes: FastifyPluginAsyncTypebox<Config> = async (app, { maxParametersBytes }) => {
  await app.register(fastifyAccepts)
  takeRawBodies(app, accepts, collectInBackground)
  takeUntypedBodies(app, collectInBackground)
  // whatever becomes of the request behind its body: refused, failed, answered
  app.addHook('onResponse', async (request) => dropBody(largeBodyOf(request)))

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
          "A trained LSTM as the framework wrote it: safetensors, PyTorch (.pt), Keras (.keras, .weights.h5, .h5), ONNX, NumPy's npz, or JSON, of the ten arrays or of a whole model. The content decides, not Content-Type; docs/formats.md has the names that are looked for. The query says what a file does not. Replacing is atomic: requests already begun finish on the version that they began with, later ones see the new one. With `precision` the recurrent weights are stored smaller, and the answer says what that changes. If-Match and If-None-Match are honoured.",
        tags: ['parameters'],
        params: byName,
        querystring: ImportSettings,
        body: {
          content: {
            'application/json': { schema: Type.Union([Type.Ref('ParameterArrays#'), Type.Ref('ModelDocument#')]) },
            ...Object.fromEntries(accepts.slice(1).map((type) => [type, binary]))
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
      const body = largeBodyOf(request)
      const settings = request.query
      const { stored, replaced } = await app.store.put(
        name,
        (keep) => app.pool.run<'import'>({ kind: 'import', body, settings, keep }),
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
        description:
          "As JSON, or as NumPy's npz, safetensors with PyTorch's names, or ONNX: as Accept says, or `format` where it stands in the query. Recurrent weights of reduced precision come as the float32 numbers that they are stored as.",
        tags: ['parameters'],
        params: byName,
        querystring: Type.Object(
          {
            encoding: Type.Optional(Encoding),
            format: Type.Optional(
              Type.Enum(['json', 'npz', 'safetensors', 'onnx'], {
                description: 'Form of the weights; stands above Accept.'
              })
            )
          },
          { additionalProperties: false }
        ),
        response: {
          200: {
            description: 'The weights; as JSON the ten arrays where they say everything, else the whole model.',
            headers: etagHeader,
            content: {
              'application/json': { schema: Type.Union([Type.Ref('ParameterArrays#'), Type.Ref('ModelDocument#')]) },
              ...Object.fromEntries(offered.slice(1).map((type) => [type, binary]))
            }
          },
          304: { description: 'If-None-Match names this version in this form.', type: 'null' },
          ...problemResponses(400, 404, 406, 500, 503)
        }
      }
    },
    async (request, reply) => {
      const { set, name } = stored(request.params.name)
      const { encoding = 'nested', format: asked } = request.query
      const type = asked === undefined ? request.type(offered) : offered.find((each) => forms[each] === asked)
      if (typeof type !== 'string') {
        throw new LstmError('LSTM_ERR_NOT_ACCEPTABLE', [String(request.headers.accept), offered.join(', ')])
      }
      const format = forms[type]
      // each form has bytes of its own, so each has a tag of its own
      const tag = etag(`${set.version}-${format === 'json' ? encoding : format}`)
      reply.header('etag', tag).header('vary', 'accept')
      if (notModified(request.headers, tag)) return reply.code(304).send(null)
      const answer = await app.pool.run<'export'>({ kind: 'export', set, format, encoding })
      if (format !== 'json') reply.header('content-disposition', `attachment; filename="${name}.${format}"`)
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
      await app.store.delete(name, () =>
        checkPreconditions(request.headers, app.store.unloaded.get(name)?.version ?? stored(name).set.version)
      )
      return reply.code(204).send(null)
    }
  )
}

function describe({ name, set, created }: StoredSet): ParameterSetDescription {
  const { version, n_x, n_a, head, bytes, precision, deviations, selfCheck } = set
  return {
    name,
    version,
    n_x,
    n_a,
    n_y: head?.n_y ?? null,
    head: head?.activation ?? null,
    layers: placedLayers(set).map(({ index, direction, layer }) => ({
      layer: index,
      direction,
      n_x: layer.n_x,
      n_a: layer.n_a,
      n_h: layer.n_h,
      stored: layer.precision,
      kernel: layer.kernel
    })),
    precision,
    ...(deviations && { deviations }),
    self_check: selfCheck === undefined ? null : { passed: true, largest: selfCheck },
    bytes,
    created: created.toISOString()
  }
}
