import { cellRequest } from '../../../schemas/index.ts'
import type { Static } from '../../../schemas/typebox.ts'
import type { TensorPlan } from '../../codec/json/read.ts'
import { gateNames } from '../../engine/job.ts'
import type { WorkerContext } from '../context.ts'
import { Answer } from './answer.ts'
import { DecodedArrays, DecodedTensor } from './forms.ts'
import { type Member, memberView } from './members.ts'
import { operation } from './operation.ts'
import { parameterPlan } from './plan.ts'
import type { ResolvedSet } from './resolve.ts'
import { encodingOf, inputState, inputStep } from './tensors.ts'
import { type JobAnswer, withJob } from './with-job.ts'

const plan: TensorPlan = { parameters: parameterPlan, xt: 'tensor', a_prev: 'tensor', c_prev: 'tensor' }
const schema = cellRequest(DecodedArrays, DecodedTensor)

async function compute(
  request: Static<typeof schema>,
  resolved: ResolvedSet,
  context: WorkerContext
): Promise<JobAnswer> {
  const { xt, a_prev, c_prev, layout = 'features_first' } = request
  const encoding = request.encoding ?? encodingOf(xt, a_prev, c_prev)
  const outputs = new Set(request.outputs)

  const { set } = resolved
  const { m, ...input } = inputStep(xt, layout, set.n_x)
  const hiddenState = inputState('a_prev', a_prev, layout, set.n_a, m)
  const cellState = inputState('c_prev', c_prev, layout, set.n_a, m)

  const gates = new Set(gateNames.filter((gate) => outputs.has(gate) || outputs.has('cache')))
  const description = { set, m, T_x: 1, gates, predict: 'last' } as const
  return withJob(context, description, { input, hiddenState, cellState }, (job) => {
    const view = (member: Member) => memberView(job, member, 'last', layout)
    const answer = new Answer(encoding, resolved)
    answer.tensor('a_next', view('a_next'))
    answer.tensor('c_next', view('c_next'))
    answer.tensor('yt_pred', view('y'))
    for (const gate of gateNames) if (outputs.has(gate)) answer.tensor(gate, view(gate))
    if (outputs.has('cache')) answer.cache('cache', view)
    return answer.finish()
  })
}

/**
 * POST /cell: one step of m columns.
 * @returns the JSON of the answer, and where the time went
 * @throws the errors of docs/errors.md with status 400 or 404
 */
export const cell = operation<Static<typeof schema>>(plan, schema, compute)
