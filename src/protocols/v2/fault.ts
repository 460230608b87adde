import { LstmError } from '../../errors.ts'

/** What is wrong with a tensor of a request; the message begins with its name. */
export function badInput(name: string, path: string, reason: string): LstmError<'LSTM_ERR_BAD_TENSOR'> {
  return new LstmError('LSTM_ERR_BAD_TENSOR', [shown(name), reason], [{ path, message: reason }])
}

/**
 * A client that has put a tensor into shared memory, or looks for one there, is told so, rather than that there are no
 * values; an output that went elsewhere it would not see at all.
 * @throws LSTM_ERR_BAD_TENSOR
 */
export function refuseSharedMemory(
  name: string,
  path: string,
  parameters: { shared_memory_region?: string } = {}
): void {
  if (parameters.shared_memory_region === undefined) return
  const reason = 'shared memory is not offered; expected the values in the body, as JSON or as raw bytes behind it'
  throw badInput(name, `${path}/parameters/shared_memory_region`, reason)
}

/** A name that came from outside, as a message may show it. */
function shown(name: string): string {
  return name.length <= 100 ? name : `${name.slice(0, 100)}…`
}

/**
 * Runs a check that speaks of a tensor by its name, as the protocols share them.
 * @param path where the tensor stands in this request; what is behind the name in the check's own pointer is put behind it
 */
export function located<T>(path: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof LstmError)) throw error
    const issues = error.issues.map((issue) => ({ ...issue, path: issue.path.replace(/^\/[^/]*/, path) }))
    throw new LstmError(error.code, error.args, issues)
  }
}
