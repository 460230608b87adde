import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  SequenceExportQuery,
  SequenceImportQuery,
  type SequenceList,
  SequenceQuery,
  SequencesQuery
} from '../../../schemas/index.ts'
import { Type } from '../../../schemas/typebox.ts'
import { joined } from '../../engine/body.ts'
import { LstmError } from '../../errors.ts'
import type { ParameterSet } from '../../parameters/parameter-set.ts'
import { bodyOf } from '../../plugins/raw-body.ts'
import { describeSequence, exportState, importState } from '../../sequences/exported-state.ts'
import { type IdType, invalid, numberId, textId } from '../../sequences/sequence-id.ts'
import type { LiveSequence, SequenceKey } from '../../sequences/table.ts'
import { jsonResponse } from '../declarations.ts'
import { inferenceErrors } from './declarations.ts'

/** It is read on this thread: the states of one sequence are small. */
const MOST_BODY_BYTES = 4 * 1024 * 1024
const PAGE = 100

const ModelPath = Type.Object({ model: Type.String({ description: 'Name of a parameter set.' }) })
const SequencePath = Type.Object({
  ...ModelPath.properties,
  id: Type.String({ description: 'The `sequence_id`; a text percent-encoded.' })
})
const url = '/v2/models/:model/sequences/:id'
const config = { scopes: ['infer', 'manage'] as const }

/** The sequences that are running: list them, take one's state out, put it in here or elsewhere, end one. */
export const sequenceRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const setOf = (model: string): ParameterSet => {
    const found = app.store.get(model)
    if (found === undefined) throw new LstmError('LSTM_ERR_UNKNOWN_MODEL', [model, undefined, undefined])
    return found.set
  }

  app.get(
    '/v2/models/:model/sequences',
    {
      config,
      schema: {
        operationId: 'v2Sequences',
        summary: 'The running sequences of a model',
        tags: ['v2'],
        params: ModelPath,
        querystring: SequencesQuery,
        response: {
          200: jsonResponse('By id, numbers first.', Type.Ref('SequenceList#')),
          ...inferenceErrors(400, 404, 500)
        }
      }
    },
    async (request): Promise<SequenceList> => {
      const { model } = request.params
      setOf(model)
      const { limit = String(PAGE), after } = request.query
      const rest = [...app.sequences.of(model)]
        .map((sequence) => ({ sequence, place: placeOf(sequence) }))
        .filter(({ place }) => after === undefined || place > after)
        .sort((one, other) => (one.place < other.place ? -1 : 1))
      const page = rest.slice(0, Number(limit))
      return {
        model,
        sequences: page.map(({ sequence }) => describeSequence(sequence)),
        ...(page.length < rest.length && { next: page[page.length - 1].place })
      }
    }
  )

  app.get(
    url,
    {
      config,
      schema: {
        operationId: 'v2ExportSequence',
        summary: 'The state of a running sequence',
        description:
          'After the requests that came before this one. The answer can be PUT to the same or another service that has the set in this version.',
        tags: ['v2'],
        params: SequencePath,
        querystring: SequenceExportQuery,
        response: {
          200: jsonResponse('a and c of every layer, and how they were reached.', Type.Ref('SequenceState#')),
          ...inferenceErrors(400, 404, 500)
        }
      }
    },
    async (request) => {
      const { params, query } = request
      const key = keyOf(params, query.type)
      setOf(key.model)
      return app.sequences.inTurn(key, async () =>
        exportState(app.sequences.get(key), setOf(key.model), query.encoding === 'nested')
      )
    }
  )

  app.put(
    url,
    {
      bodyLimit: MOST_BODY_BYTES,
      config: { ...config, admitted: true },
      schema: {
        operationId: 'v2ImportSequence',
        summary: 'Go on with a sequence from a state',
        description:
          'The sequence runs then as if its requests had been answered here; one that is running under this id ends. The set must be there in the version that the state was reached with, unless `any_version` is true.',
        tags: ['v2'],
        params: SequencePath,
        querystring: SequenceImportQuery,
        body: { content: { 'application/json': { schema: Type.Ref('SequenceImport#') } } },
        response: {
          204: { description: 'The sequence is running.', type: 'null' },
          ...inferenceErrors(400, 404, 413, 500)
        }
      }
    },
    async (request, reply) => {
      const { params, query } = request
      const key = keyOf(params, query.type)
      setOf(key.model)
      const document = parsed(joined(bodyOf(request)))
      await app.sequences.inTurn(key, async () => {
        const state = importState(document, key.model, setOf(key.model), query.any_version === 'true')
        await app.sequences.place(key, state)
      })
      return reply.code(204).send(null)
    }
  )

  app.delete(
    url,
    {
      config,
      schema: {
        operationId: 'v2EndSequence',
        summary: 'End a running sequence',
        tags: ['v2'],
        params: SequencePath,
        querystring: SequenceQuery,
        response: {
          204: { description: 'Its state is gone.', type: 'null' },
          ...inferenceErrors(400, 404, 500)
        }
      }
    },
    async (request, reply) => {
      const key = keyOf(request.params, request.query.type)
      await app.sequences.inTurn(key, async () => {
        app.sequences.get(key)
        app.sequences.end(key)
      })
      return reply.code(204).send(null)
    }
  )
}

/** @throws LSTM_ERR_INVALID_REQUEST */
function keyOf({ model, id }: { model: string; id: string }, type?: IdType): SequenceKey {
  const where = 'the id of the sequence'
  const number = type === undefined ? /^\d+$/.test(id) : type === 'number'
  const found = number ? numberId(id, where) : textId(id, where)
  if (found === undefined) throw invalid(where, JSON.stringify(id), 'an id; 0 and an empty text name no sequence')
  return { model, ...found }
}

/** Texts in the order of the list: numbers by their size, then texts. */
function placeOf({ type, id }: LiveSequence): string {
  return type === 'number' ? `0${id.padStart(20, '0')}` : `1${id}`
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    throw new LstmError('LSTM_ERR_INVALID_REQUEST', [`the body is not JSON: ${(error as Error).message.slice(0, 100)}`])
  }
}
