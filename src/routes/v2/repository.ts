import type { FastifyPluginAsync } from 'fastify'
import { type RepositoryIndex, RepositoryIndexRequest, UnloadModelRequest } from '../../../schemas/index.ts'
import { Type } from '../../../schemas/typebox.ts'
import type { Config } from '../../config.ts'
import { type Body, bodyLength, joined } from '../../engine/body.ts'
import { LstmError } from '../../errors.ts'
import { asLoadError } from '../../parameters/repository.ts'
import { OPTIONAL_BODY } from '../../plugins/documentation.ts'
import { bodyOf } from '../../plugins/raw-body.ts'
import { bodyCheck } from '../../schema-check.ts'
import { jsonResponse } from '../declarations.ts'
import { inferenceErrors } from './declarations.ts'
import { readers } from './find-model.ts'

/** What a request without a file may be long. */
const SMALL_BYTES = 64 * 1024

const checkIndex = bodyCheck(RepositoryIndexRequest)
const checkUnload = bodyCheck(UnloadModelRequest)

const managers = ['manage'] as const
const done = (description: string) => ({ 200: { description, type: 'null' } })
const optionalBody = (schema: string) => ({
  [OPTIONAL_BODY]: true,
  body: { content: { 'application/json': { schema: Type.Ref(schema) } } }
})
const params = Type.Object({ model: Type.String({ description: 'Name of the model, which is a parameter set.' }) })
const tags = ['v2']

interface OfModel {
  Params: { model: string }
}

/** The models as a repository: what there is, load, unload. */
export const repositoryRoutes: FastifyPluginAsync<Config> = async (app, { maxParametersBytes }) => {
  app.post(
    '/v2/repository/index',
    {
      bodyLimit: SMALL_BYTES,
      config: { scopes: readers },
      schema: {
        operationId: 'v2RepositoryIndex',
        summary: 'All models, and whether they can be used',
        tags,
        ...optionalBody('RepositoryIndexRequest#'),
        response: {
          200: jsonResponse('Those that can, by name, then the others.', Type.Ref('RepositoryIndex#')),
          ...inferenceErrors(400, 413, 500)
        }
      }
    },
    async (request): Promise<RepositoryIndex> => {
      const { ready = false } = checkIndex(smallBody(bodyOf(request)))
      return app.repository.index().filter(({ state }) => !ready || state === 'READY')
    }
  )

  app.post<OfModel>(
    '/v2/repository/models/:model/load',
    {
      bodyLimit: maxParametersBytes,
      config: { bodyLimitSetting: 'LSTM_MAX_PARAMETERS_BYTES', scopes: managers, admitted: true },
      schema: {
        operationId: 'v2LoadModel',
        summary: 'Load a model, from a file that comes along or from where it was',
        description:
          'With a file it does what PUT /parameters/{name} does. Without one it brings back what was unloaded, or reads the file of this name in LSTM_DATA_DIR or LSTM_MODELS_DIR again. Where that fails, what was there goes on serving.',
        tags,
        params,
        ...optionalBody('LoadModelRequest#'),
        response: { ...done('Loaded.'), ...inferenceErrors(400, 413, 500, 503, 507) }
      }
    },
    async (request, reply) => {
      const { model } = request.params
      const pieces = bodyOf(request)
      try {
        const load =
          bodyLength(pieces) === 0
            ? { settings: {} }
            : await app.pool.run<'read-load'>({ kind: 'read-load', body: pieces })
        await app.repository.load(model, load)
      } catch (error) {
        throw asLoadError(model, error)
      }
      return reply.code(200).send()
    }
  )

  app.post<OfModel>(
    '/v2/repository/models/:model/unload',
    {
      bodyLimit: SMALL_BYTES,
      config: { scopes: managers },
      schema: {
        operationId: 'v2UnloadModel',
        summary: 'Take a model out of service',
        description:
          'Requests already begun finish on it. What holds it stays, its file or else its memory, so that it can be loaded again; DELETE /parameters/{name} removes it. A model that is not there is no error.',
        tags,
        params,
        ...optionalBody('UnloadModelRequest#'),
        response: { ...done('It is out of service.'), ...inferenceErrors(400, 413, 500) }
      }
    },
    async (request, reply) => {
      checkUnload(smallBody(bodyOf(request)))
      await app.repository.unload(request.params.model)
      return reply.code(200).send()
    }
  )
}

/** The body of a request that has a few fields at most; no body is no fields, and one of white space is not JSON. */
function smallBody(pieces: Body): unknown {
  if (bodyLength(pieces) === 0) return {}
  try {
    return JSON.parse(Buffer.from(joined(pieces)).toString())
  } catch (error) {
    throw new LstmError('LSTM_ERR_INVALID_REQUEST', [`the body is not JSON: ${(error as Error).message.slice(0, 200)}`])
  }
}
