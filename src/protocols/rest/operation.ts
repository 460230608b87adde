import type { Static, TSchema } from '../../../schemas/typebox.ts'
import { readJson, type TensorPlan } from '../../codec/json/read.ts'
import type { LentDocument } from '../../codec/json/write.ts'
import type { Computed } from '../../engine/messages.ts'
import { bodyCheck } from '../../schema-check.ts'
import type { WorkerContext } from '../context.ts'
import type { JobAnswer } from '../forward/with-job.ts'
import type { DecodedArrays } from './forms.ts'
import { holdParameters, type ResolvedSet } from './resolve.ts'

/** From the bytes of a request to those of its answer. It has read the body before it first waits for anything. */
export type Operation = (body: Uint8Array, context: WorkerContext) => Promise<Computed>

/**
 * An operation on a parameter set: reads the body, holds it against its schema, and computes with the set that it
 * names or brings.
 * @param plan which members of the body hold tensors
 */
export function operation<Request extends { parameters: string | Static<typeof DecodedArrays> }>(
  plan: TensorPlan,
  schema: TSchema & { static?: Request },
  compute: (request: Request, resolved: ResolvedSet, context: WorkerContext) => Promise<JobAnswer<LentDocument>>
): Operation {
  const check = bodyCheck(schema)
  return async (body, context) => {
    const arrived = performance.now()
    const request = check(readJson(body, plan, { maxDepth: context.limits.maxJsonDepth, shortLived: true })) as Request
    const held = holdParameters(request.parameters, context)
    try {
      const { answer, m, executions, begun, computeMs, encodeMs } = await compute(request, held, context)
      const { bytes, release } = answer
      const timing = { decode: begun - arrived, compute: computeMs, encode: encodeMs }
      return { bytes, release, jsonBytes: bytes.length, stateBytes: 0, m, executions, timing }
    } finally {
      held.letGo()
    }
  }
}
