import { inferOutputs, singleLayerInferOutputs } from '../../../schemas/index.ts'
import { type FloatDatatype, floatBytes } from '../../codec/binary.ts'
import type { ParameterSet } from '../../parameters/parameter-set.ts'
import { Outputs } from '../forward/outputs.ts'
import type { InferRequest } from './envelope.ts'
import { badInput, refuseSharedMemory } from './fault.ts'

/** How an output is to be given. */
export interface WantedOutput {
  readonly name: string
  readonly datatype: FloatDatatype
  /** Behind the JSON, as raw bytes. */
  readonly binary: boolean
}

export interface Wanted {
  readonly outputs: readonly WantedOutput[]
  /** The same by name, held against the set. */
  readonly ofSet: Outputs
}

/**
 * The outputs that a request asks for; an empty list asks for the default ones, as none does.
 * @throws LSTM_ERR_NO_SUCH_OUTPUT, LSTM_ERR_BAD_TENSOR
 */
export function wantedOutputs({ outputs = [], parameters }: InferRequest, set: ParameterSet): Wanted {
  const binaryOutput = parameters?.binary_data_output === true
  const byDefault = (set.head === undefined ? ['a', 'c'] : ['y', 'a', 'c']).map((name) => ({ name }))
  const asked: NonNullable<InferRequest['outputs']> = outputs.length === 0 ? byDefault : outputs
  const names = asked.map(({ name }) => name)
  const ofSet = new Outputs(set, names, inferOutputs, singleLayerInferOutputs)
  const wanted = asked.map(({ name, parameters: own = {} }, i) => {
    const path = `/outputs/${i}`
    if (names.indexOf(name) < i) throw badInput(name, path, 'is asked for twice; expected each output once')
    if ((own.classification ?? 0) !== 0) {
      throw badInput(
        name,
        `${path}/parameters/classification`,
        'classification is not offered; the largest of y is the class'
      )
    }
    refuseSharedMemory(name, path, own)
    const { datatype = 'FP32', binary_data: binary = binaryOutput } = own
    if (!binary && floatBytes[datatype] === 2) {
      throw badInput(
        name,
        `${path}/parameters/datatype`,
        `${datatype} has no form in JSON; expected binary_data: true, or FP32`
      )
    }
    return { name, datatype, binary }
  })
  return { outputs: wanted, ofSet }
}
