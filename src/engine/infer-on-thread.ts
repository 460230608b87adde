import { alignmentOf, type InferCall, type ReceivedCall, receivedHere } from '../protocols/v2/call.ts'
import { type Body, joined, staged } from './body.ts'
import type { Executor } from './executor.ts'
import type { Answer, Inference } from './messages.ts'

const nothing = (): void => {}

/** Runs an inference whose body came as pieces on the thread that this is called on. @param id by which it can be stopped */
export async function inferOnThread(
  executor: Pick<Executor, 'infer' | 'inferCall'>,
  { kind, body, call }: Inference,
  id?: number
): Promise<Answer> {
  const { bytes, jsonBytes, stateBytes, m, executions, timing, release } = await (call === undefined
    ? executor.infer(kind, body.length === 1 ? body[0] : (staged(body) ?? joined(body)), id)
    : executor.inferCall(here(call, body), id))
  return { bytes, jsonBytes, stateBytes, m, executions, timing, free: release ?? nothing }
}

/** The body is copied once, even if it is in one piece: its tensors seldom begin where they can be used as they lie. */
function here(call: InferCall, body: Body): ReceivedCall {
  return receivedHere(call, staged(body, alignmentOf(call)) ?? joined(body))
}
