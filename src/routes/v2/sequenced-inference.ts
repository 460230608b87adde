import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../config.ts'
import type { Answer } from '../../engine/messages.ts'
import { bodyOf } from '../../plugins/raw-body.ts'
import type { InferCall } from '../../protocols/v2/call.ts'
import { Arrivals } from '../../sequences/arrivals.ts'
import type { AskedSequence } from '../../sequences/asked-sequence.ts'
import { runInference, runTimed } from '../run-inference.ts'

type Run = (call: InferCall, request: FastifyRequest, reply: FastifyReply) => Promise<Answer>

/** Runs calls of infer: one of a sequence as SequenceRunner does, others at once. */
export function sequencedInference(app: FastifyInstance, config: Config): Run {
  const arrivals = new Arrivals()

  const plain: Run = (call, request, reply) => runInference('infer', bodyOf(request), request, reply, config, call)

  const ofSequence = (
    asked: AskedSequence,
    call: InferCall,
    request: FastifyRequest,
    reply: FastifyReply,
    begun: number
  ): Promise<Answer> => {
    const inference = { asked, call, body: bodyOf(request) }
    return runTimed((options) => app.sequenceInferences.infer(inference, options), request, reply, config, begun)
  }

  return (call, request, reply) => {
    const begun = performance.now()
    // a length of 0: there is no JSON
    const asked = call.jsonBytes === 0 ? undefined : arrivals.look(bodyOf(request), call.jsonBytes)
    if (asked === undefined) return plain(call, request, reply)
    if (!(asked instanceof Promise)) return ofSequence(asked, call, request, reply, begun)
    return asked.then((found) =>
      found === undefined ? plain(call, request, reply) : ofSequence(found, call, request, reply, begun)
    )
  }
}
