import { type TSchema, Type } from '../../schemas/typebox.ts'

/** Pieces of what routes declare of their bodies and answers. */

const problemMeaning = {
  400: 'The body, a name or a query is wrong; `code` and `errors` say what and where.',
  401: 'API keys are on, and none came or it is not known.',
  403: 'The API key does not have the scope that this needs.',
  404: 'There is no such parameter set or model.',
  406: 'None of the forms offered is accepted.',
  412: 'A precondition failed: the set has another version, or is there already.',
  413: 'The body is larger than the limit.',
  415: 'The content type or encoding is not taken here.',
  429: 'Too many requests are under way, or too many came from this client; `Retry-After` says when to come back.',
  500: 'A fault in the server.',
  503: 'The worker ended or the server is shutting down; the request may be sent again.',
  504: 'The deadline has passed; the work was stopped.',
  507: 'There is no room to store the set; the old one goes on serving.'
} as const

export type ProblemStatus = keyof typeof problemMeaning

/** The problem responses that every route with scopes has. */
const always: readonly ProblemStatus[] = [401, 403, 429]

/** The problem responses of a route with scopes, besides those that all such routes have. */
export function problemResponses(...statuses: ProblemStatus[]): Record<number, object> {
  return Object.fromEntries(
    [...always, ...statuses].map((status) => [
      status,
      {
        description: problemMeaning[status],
        content: { 'application/problem+json': { schema: Type.Ref('Problem#') } }
      }
    ])
  )
}

/** A response in JSON. */
export function jsonResponse(description: string, schema: TSchema, headers: Record<string, object> = {}): object {
  return {
    description,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    content: { 'application/json': { schema } }
  }
}

export const etagHeader = { ETag: { type: 'string', description: 'The version of the set, in quotes.' } }

/** Of every answer that a kernel computed. */
export const computedHeaders = {
  'lstm-kernel': { type: 'string', description: 'The kernel that computed the answer.' },
  'Server-Timing': {
    type: 'string',
    description:
      'Milliseconds from the arrival of the whole body to the bytes of the answer: decode, queue (waiting for a worker and for the rows of others), compute (the kernel, for this request alone), encode.',
    example: 'decode;dur=0.041, queue;dur=0.102, compute;dur=0.087, encode;dur=0.038'
  }
}
