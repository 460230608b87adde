import type { IncomingMessage } from 'node:http'
import type { InferenceKind } from '../engine/messages.ts'

/**
 * What fronts may answer themselves: the one list of it. The routes are declared in src/routes, the same for all
 * threads; everything else is answered by the main thread.
 */
const kinds: ReadonlyMap<string, InferenceKind> = new Map([
  ['/cell', 'cell'],
  ['/sequence', 'sequence']
])

/** Their operationIds. */
export const hotOperations: readonly string[] = ['cell', 'sequence']

export interface HotRequest {
  readonly kind: InferenceKind
  /** Of the body. */
  readonly bytes: number
}

/** What a request asks for, by its head; undefined if that is not hot, or its body has no declared length. */
export function hotRequest({ method, url, headers }: IncomingMessage): HotRequest | undefined {
  const kind = method === 'POST' ? kinds.get(url!) : undefined
  const length = headers['content-length']
  return kind === undefined || length === undefined ? undefined : { kind, bytes: Number(length) }
}
