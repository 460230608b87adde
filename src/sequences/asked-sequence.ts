import { LstmError } from '../errors.ts'
import { invalid, numberId, type SequenceId, textId } from './sequence-id.ts'

/** What a request says of its sequence. */
export interface AskedSequence extends SequenceId {
  readonly start: boolean
  readonly end: boolean
  /** Milliseconds that the request gives itself; left out: for ever. */
  readonly timeoutMs?: number
}

/** Longer parameters are not looked at here; the worker refuses them when a sequence is among them. */
const MOST_TEXT = 16_384

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g
const WHERE = 'sequence_id'

/**
 * The sequence that the parameters of a request name.
 * @param json the object `parameters`, as it was sent
 * @returns undefined when they name none, or are no JSON, which the worker says better
 * @throws LSTM_ERR_INVALID_REQUEST for an id that is none
 */
export function askedSequence(json: string): AskedSequence | undefined {
  if (json.length > MOST_TEXT) return undefined
  // a letter before each text and number keeps them apart and the numbers whole, which JSON.parse would round
  const marked = json.replace(TOKEN, (token) => (token[0] === '"' ? `"s${token.slice(1)}` : `"n${token}"`))
  let parameters: Record<string, unknown>
  try {
    parameters = JSON.parse(marked)
  } catch {
    return undefined
  }
  const id = parameters[`s${WHERE}`]
  if (id === undefined) return undefined
  const found = inRequest(() => idOf(id))
  if (found === undefined) return undefined
  // what is not of its type is refused by the worker
  const [, microseconds] = /^n([1-9]\d*)$/.exec(String(parameters.stimeout)) ?? []
  return {
    ...found,
    start: parameters.ssequence_start === true,
    end: parameters.ssequence_end === true,
    ...(microseconds !== undefined && { timeoutMs: Number(microseconds) / 1000 })
  }
}

/** An error about the id points to where it stands. */
function inRequest<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof LstmError ? LstmError.at(`/parameters/${WHERE}`, error.code, error.args) : error
  }
}

function idOf(value: unknown): SequenceId | undefined {
  if (typeof value !== 'string') {
    const got =
      value === null || typeof value === 'boolean' ? String(value) : Array.isArray(value) ? 'an array' : 'an object'
    throw invalid(WHERE, got, 'an unsigned number or a text')
  }
  return value[0] === 'n' ? numberId(value.slice(1), WHERE) : textId(value.slice(1), WHERE)
}
