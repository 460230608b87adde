import { sequenceOutputs, sequenceRequest, singleLayerOutputs } from '../../../schemas/index.ts'
import type { Static } from '../../../schemas/typebox.ts'
import type { TensorPlan } from '../../codec/json/read.ts'
import type { LentDocument } from '../../codec/json/write.ts'
import { placedLayers } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'
import { checkLengths } from '../forward/lengths.ts'
import { lastStates, layerRows, Outputs, predictionView, rowsView } from '../forward/outputs.ts'
import { encodingOf, inputSequence, inputStates } from '../forward/tensors.ts'
import { type JobAnswer, withJob } from '../forward/with-job.ts'
import { Answer } from './answer.ts'
import { type CacheMember, cacheRows } from './caches.ts'
import { DecodedArrays, DecodedTensor } from './forms.ts'
import { operation } from './operation.ts'
import { parameterPlan } from './plan.ts'
import type { ResolvedSet } from './resolve.ts'

const plan: TensorPlan = { parameters: parameterPlan, x: 'tensor', a0: 'tensor', c0: 'tensor' }
const schema = sequenceRequest(DecodedArrays, DecodedTensor, DecodedTensor)

function compute(
  request: Static<typeof schema>,
  resolved: ResolvedSet,
  context: WorkerContext
): Promise<JobAnswer<LentDocument>> {
  const { x, a0, c0, lengths, steps = 'all', layout = 'features_first' } = request
  const encoding = request.encoding ?? encodingOf(x, a0, c0)

  const { set } = resolved
  const names = request.outputs ?? (set.head === undefined ? ['a', 'c'] : ['a', 'y', 'c'])
  const outputs = new Outputs(set, names, sequenceOutputs, singleLayerOutputs)
  const { m, T_x, ...input } = inputSequence(x, layout, set.n_x)
  const placed = placedLayers(set)
  const widths = { a: placed.map(({ layer }) => layer.n_h), c: placed.map(({ layer }) => layer.n_a) }
  const hiddenStates = inputStates('a0', a0, layout, widths.a, m)
  const cellStates = inputStates('c0', c0, layout, widths.c, m)
  if (lengths !== undefined) checkLengths(lengths, m, T_x)

  const gates = outputs.gates(outputs.has('caches'))
  const description = { set, m, T_x, lengths, gates, predict: outputs.has('y') ? steps : 'none' } as const
  return withJob(context, description, { input, hiddenStates, cellStates }, (job) => {
    const answer = new Answer(encoding, resolved)
    for (const name of names) {
      switch (name) {
        case 'caches':
          answer.cache(name, (member: CacheMember) => rowsView(job, [cacheRows(job, member)], steps, layout))
          break
        case 'a':
        case 'c':
          answer.tensor(name, rowsView(job, job.topStates(name), steps, layout))
          break
        case 'a_last':
        case 'c_last':
          answer.tensor(name, lastStates(job, name === 'a_last' ? 'a' : 'c', layout))
          break
        case 'y':
          answer.tensor(name, predictionView(job, steps, layout))
          break
        default:
          answer.tensor(name, rowsView(job, [layerRows(job, outputs.layerOutput(name)!)], steps, layout))
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
