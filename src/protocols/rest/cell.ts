import { cellRequest, singleLayerCellOutputs } from '../../../schemas/index.ts'
import type { Static } from '../../../schemas/typebox.ts'
import type { TensorPlan } from '../../codec/json/read.ts'
import type { LentDocument } from '../../codec/json/write.ts'
import { LstmError } from '../../errors.ts'
import { placedLayers } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'
import { lastStates, layerRows, Outputs, predictionView, rowsView } from '../forward/outputs.ts'
import { encodingOf, inputStates, inputStep } from '../forward/tensors.ts'
import { type JobAnswer, withJob } from '../forward/with-job.ts'
import { Answer } from './answer.ts'
import { cacheRows } from './caches.ts'
import { DecodedArrays, DecodedTensor } from './forms.ts'
import { operation } from './operation.ts'
import { parameterPlan } from './plan.ts'
import type { ResolvedSet } from './resolve.ts'

const plan: TensorPlan = { parameters: parameterPlan, xt: 'tensor', a_prev: 'tensor', c_prev: 'tensor' }
const schema = cellRequest(DecodedArrays, DecodedTensor, DecodedTensor)

function compute(
  request: Static<typeof schema>,
  resolved: ResolvedSet,
  context: WorkerContext
): Promise<JobAnswer<LentDocument>> {
  const { xt, a_prev, c_prev, layout = 'features_first' } = request
  const encoding = request.encoding ?? encodingOf(xt, a_prev, c_prev)

  const { set, name: setName } = resolved
  const placed = placedLayers(set)
  const reverse = placed.find(({ direction }) => direction === 'reverse')
  if (reverse !== undefined) throw LstmError.at('/parameters', 'LSTM_ERR_REVERSE_LAYER', [setName, reverse.index])
  const outputs = new Outputs(set, request.outputs ?? [], [], singleLayerCellOutputs)
  const { m, ...input } = inputStep(xt, layout, set.n_x)
  const widths = { a: placed.map(({ layer }) => layer.n_h), c: placed.map(({ layer }) => layer.n_a) }
  const hiddenStates = inputStates('a_prev', a_prev, layout, widths.a, m)
  const cellStates = inputStates('c_prev', c_prev, layout, widths.c, m)

  const gates = outputs.gates(outputs.has('cache'))
  const predict = set.head === undefined ? 'none' : 'last'
  const description = { set, m, T_x: 1, gates, predict } as const
  return withJob(context, description, { input, hiddenStates, cellStates }, (job) => {
    const answer = new Answer(encoding, resolved)
    answer.tensor('a_next', lastStates(job, 'a', layout))
    answer.tensor('c_next', lastStates(job, 'c', layout))
    if (set.head !== undefined) answer.tensor('yt_pred', predictionView(job, 'last', layout))
    for (const name of outputs.names) {
      if (name === 'cache') answer.cache(name, (member) => rowsView(job, [cacheRows(job, member)], 'last', layout))
      else answer.tensor(name, rowsView(job, [layerRows(job, outputs.layerOutput(name)!)], 'last', layout))
    }
    return answer.finish()
  })
}

/**
 * POST /cell: one step of m columns.
 * @returns the JSON of the answer, and where the time went
 * @throws the errors of docs/errors.md with status 400 or 404
 */
export const cell = operation<Static<typeof schema>>(plan, schema, compute)
