import type { StridedTensor } from '../../codec/tensor.ts'
import type { Computed } from '../../engine/messages.ts'
import type { ParameterSet } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'
import { stackStates } from '../forward/outputs.ts'
import { readCall } from './call.ts'
import { withModel } from './model.ts'
import { predictionOf } from './outputs.ts'
import { responseHead, writeResponse } from './response.ts'
import { checkVersion, continuedStates } from './states.ts'
import type { StreamEnd } from './stream.ts'

/**
 * The last part of POST /v2/models/{model}/infer_stream: the states that were reached, and what is predicted from them,
 * as an answer.
 * @param bytes a call with the states, and the HTTP side's own words behind it
 * @throws LSTM_ERR_UNKNOWN_MODEL, LSTM_ERR_SEQUENCE_SET_REPLACED, LSTM_ERR_OUT_OF_MEMORY
 */
export function endStream(bytes: Uint8Array, context: WorkerContext): Promise<Computed> {
  const arrived = performance.now()
  const { call, states, body } = readCall(bytes)
  const { id, layout, outputs } = JSON.parse(Buffer.from(body).toString()) as StreamEnd
  return withModel(call, context, async (set) => {
    const { version, m } = call.sequence!.from!
    checkVersion(call.model, version, set)
    const tensors = tensorsOf(set, states, m, layout, context)
    const named = outputs.map((wanted) => ({ wanted, tensor: tensors[wanted.name]() }))
    const response = writeResponse(responseHead(call, set, id), named, 0)
    return {
      ...response,
      stateBytes: 0,
      m,
      executions: 0,
      timing: { decode: 0, compute: 0, encode: performance.now() - arrived }
    }
  })
}

function tensorsOf(
  set: ParameterSet,
  states: Float32Array,
  m: number,
  layout: StreamEnd['layout'],
  { kernel }: WorkerContext
): Record<string, () => StridedTensor> {
  const { hiddenStates, cellStates } = continuedStates(states, set, m)
  const stacked = (rows: typeof hiddenStates) => () =>
    stackStates(
      rows!.map(({ data, strides }) => ({ data, n: strides.m })),
      m,
      layout
    )
  return {
    a_last: stacked(hiddenStates),
    c_last: stacked(cellStates),
    // the top layer is the last one where none runs backwards
    y_last: () => predictionOf(set.head!, hiddenStates![hiddenStates!.length - 1].data, m, layout, kernel)
  }
}
