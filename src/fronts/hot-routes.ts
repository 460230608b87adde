import type { IncomingMessage } from 'node:http'

/**
 * What fronts answer themselves: the one list of it. The routes are declared in src/routes, the same for all threads;
 * everything else is answered by the main thread.
 */
const paths: ReadonlySet<string> = new Set(['/cell', '/sequence'])
const ofModel = /^\/v2\/models\/[^/?#]+(\/versions\/[^/?#]+)?\/infer$/

/** Their operationIds. */
export const hotOperations: readonly string[] = ['cell', 'sequence', 'v2Infer', 'v2InferVersion']

/** Whether a front answers a request itself, by its head. */
export function isHot({ method, url, headers }: IncomingMessage): boolean {
  // one that comes in chunks may be of any length
  return method === 'POST' && (paths.has(url!) || ofModel.test(url!)) && headers['content-length'] !== undefined
}
