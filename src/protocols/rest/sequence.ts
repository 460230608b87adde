import { type SequenceOutput, sequenceRequest } from '../../../schemas/index.ts'
import type { Static } from '../../../schemas/typebox.ts'
import type { TensorPlan } from '../../codec/json/read.ts'
import { gateNames } from '../../engine/job.ts'
import type { WorkerContext } from '../context.ts'
import { Answer } from './answer.ts'
import { DecodedArrays, DecodedTensor } from './forms.ts'
import { checkLengths } from './lengths.ts'
import { type Member, memberView } from './members.ts'
import { operation } from './operation.ts'
import { parameterPlan } from './plan.ts'
import type { ResolvedSet } from './resolve.ts'
import { encodingOf, inputSequence, inputState } from './tensors.ts'
import { type JobAnswer, withJob } from './with-job.ts'

const plan: TensorPlan = { parameters: parameterPlan, x: 'tensor', a0: 'tensor', c0: 'tensor' }
const schema = sequenceRequest(DecodedArrays, DecodedTensor, DecodedTensor)
const defaultOutputs: readonly SequenceOutput[] = ['a', 'y', 'c']

async function compute(
  request: Static<typeof schema>,
  resolved: ResolvedSet,
  context: WorkerContext
): Promise<JobAnswer> {
  const { x, a0, c0, lengths, steps = 'all', layout = 'features_first' } = request
  const encoding = request.encoding ?? encodingOf(x, a0, c0)
  const outputs = new Set(request.outputs ?? defaultOutputs)

  const { set } = resolved
  const { m, T_x, ...input } = inputSequence(x, layout, set.n_x)
  const hiddenState = inputState('a0', a0, layout, set.n_a, m)
  const cellState = inputState('c0', c0, layout, set.n_a, m)
  if (lengths !== undefined) checkLengths(lengths, m, T_x)

  const gates = new Set(gateNames.filter((gate) => outputs.has(gate) || outputs.has('caches')))
  const description = { set, m, T_x, lengths, gates, predict: outputs.has('y') ? steps : 'none' } as const
  return withJob(context, description, { input, hiddenState, cellState }, (job) => {
    const answer = new Answer(encoding, resolved)
    const view = (member: Member, ofSteps = steps) => memberView(job, member, ofSteps, layout)
    for (const name of outputs) {
      switch (name) {
        case 'caches':
          answer.cache(name, view)
          break
        case 'a':
        case 'c':
          answer.tensor(name, view(`${name}_next`))
          break
        case 'a_last':
        case 'c_last':
          answer.tensor(name, view(name === 'a_last' ? 'a_next' : 'c_next', 'last'))
          break
        default:
          answer.tensor(name, view(name))
      }
    }
    return answer.finish()
  })
}

/**
 * POST /sequence: m columns over T_x steps.
 * @returns the JSON of the answer, and where the time went
 * @throws the errors of docs/errors.md with status 400 or 404
 */
export const sequence = operation<Static<typeof schema>>(plan, schema, compute)
