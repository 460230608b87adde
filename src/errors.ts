/**
 * The one table of errors: code, HTTP status, title and message.
 * An error travels between threads as `{ code, args, issues }` and is rebuilt on the other side,
 * because structured clone keeps neither the class nor the `code` of an Error.
 */

/** Where in a document a fault lies, as a JSON pointer (RFC 6901), and what is wrong there. */
export interface Issue {
  readonly path: string
  readonly message: string
}

const shape = (dims: readonly number[]): string => `(${dims.join(', ')}${dims.length === 1 ? ',' : ''})`

const table = {
  LSTM_ERR_MALFORMED_JSON: {
    status: 400,
    title: 'The body is not JSON',
    message: (position: number, reason: string) => `malformed JSON at byte ${position}: ${reason}`
  },
  LSTM_ERR_INVALID_BODY: {
    status: 400,
    title: 'The body does not fit the schema',
    message: (summary: string) => summary
  },
  LSTM_ERR_INVALID_REQUEST: {
    status: 400,
    title: 'The request is not valid',
    message: (reason: string) => reason
  },
  LSTM_ERR_BAD_TENSOR: {
    status: 400,
    title: 'Not a tensor',
    message: (where: string, reason: string) => `${where}: ${reason}`
  },
  LSTM_ERR_BAD_BASE64: {
    status: 400,
    title: 'Not base64 of float32 values',
    message: (tensor: string, reason: string) => `${tensor}: ${reason}`
  },
  LSTM_ERR_NON_FINITE: {
    status: 400,
    title: 'A number is not finite in float32',
    message: (where: string, what: string) => `${where} is ${what}; every value must be a finite float32`
  },
  LSTM_ERR_SHAPE_MISMATCH: {
    status: 400,
    title: 'A tensor has the wrong shape',
    message: (tensor: string, got: readonly number[], symbols: string, expected: readonly (number | string)[]) =>
      `${tensor} has shape ${shape(got)}; expected ${symbols} = (${expected.join(', ')})`
  },
  LSTM_ERR_EMPTY_AXIS: {
    status: 400,
    title: 'An axis has length 0',
    message: (tensor: string, axis: string, got: readonly number[]) =>
      `${tensor} has shape ${shape(got)}; ${axis} must be at least 1`
  },
  LSTM_ERR_BAD_LENGTHS: {
    status: 400,
    title: 'lengths do not fit the sequences',
    message: (reason: string) => reason
  },
  LSTM_ERR_JOB_TOO_LARGE: {
    status: 400,
    title: 'The computation would need too much memory',
    message: (values: number, limit: number) =>
      `the states and outputs of this request hold ${values} values; the limit is ${limit} (LSTM_MAX_JOB_VALUES): send fewer columns or steps, or ask for fewer outputs`
  },
  LSTM_ERR_INVALID_NAME: {
    status: 400,
    title: 'Not a name of a parameter set',
    message: (name: string) =>
      `${JSON.stringify(name.slice(0, 100))} is not a name: 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit`
  },
  LSTM_ERR_INVALID_PARAMETER_SET: {
    status: 400,
    title: 'The arrays are not a parameter set',
    message: (reason: string) => reason
  },
  LSTM_ERR_UNREADABLE_FILE: {
    status: 400,
    title: 'The file cannot be read',
    message: (format: string, reason: string) => `${format}: ${reason}`
  },
  LSTM_ERR_LOAD_FAILED: {
    status: 400,
    title: 'The model cannot be loaded',
    // clients of the Open Inference Protocol look for the first half
    message: (name: string, reason: string) => `failed to load '${name}', ${reason}`
  },
  LSTM_ERR_SELF_CHECK_FAILED: {
    status: 400,
    title: 'The model misses its own test vector',
    message: (largest: number, where: string, limit: number) =>
      `the test vector of the file is missed by ${largest}, at ${where}; at most ${limit} is allowed: the weights are not those that the test was made with, or were read otherwise than they were written`
  },
  LSTM_ERR_NO_SUCH_OUTPUT: {
    status: 400,
    title: 'The parameter set does not have this output',
    message: (name: string, reason: string, there: readonly string[]) =>
      `this parameter set ${reason}: ${name} cannot be given. It has ${there.slice(0, 60).join(', ')}${there.length > 60 ? ` and ${there.length - 60} more` : ''}`
  },
  LSTM_ERR_REVERSE_LAYER: {
    status: 400,
    title: 'A reverse layer cannot make a single step',
    message: (name: string | null, index: number) =>
      `layer ${index} of ${JSON.stringify(name)} runs from a sequence's last step to its first: send whole sequences to /sequence`
  },
  LSTM_ERR_REVERSE_SEQUENCE: {
    status: 400,
    title: 'A reverse layer cannot go on from request to request',
    message: (name: string, index: number) =>
      `layer ${index} of ${JSON.stringify(name)} runs from a sequence's last step to its first, so that nothing can go on from its state: send whole sequences to infer, without sequence_id`
  },
  LSTM_ERR_SEQUENCE_SET_REPLACED: {
    status: 400,
    title: 'The parameter set of a running sequence was replaced',
    message: (name: string, version: string, now: string) =>
      `the sequence began with version ${JSON.stringify(version)} of ${JSON.stringify(name)}, which is ${JSON.stringify(now)} now: start the sequence again`
  },
  LSTM_ERR_SEQUENCE_COLUMNS: {
    status: 400,
    title: 'A running sequence has other columns',
    message: (m: number, got: number) =>
      `x has m = ${got} columns; expected m = ${m}, with which the sequence began: its number of columns cannot change`
  },
  LSTM_ERR_SEQUENCE_START: {
    status: 400,
    title: 'The first request of a sequence has to say so',
    // Triton's text, which its clients look for, and what came
    message: (model: string, id: string) =>
      `inference request for sequence ID to model '${model}' must specify the START flag on the first request of the sequence; no sequence ${id} is running: send sequence_start with its first request`
  },
  LSTM_ERR_SEQUENCE_EXPIRED: {
    status: 400,
    title: 'The sequence has expired',
    message: (id: string, model: string, when: string, idleMs: number) =>
      `sequence ${id} of model '${model}' expired at ${when}, ${idleMs} ms (LSTM_SEQUENCE_IDLE_MS) after its last request: start it again with sequence_start`
  },
  LSTM_ERR_SEQUENCE_UNSEEN: {
    status: 400,
    title: 'The request belongs to a sequence',
    message: (id: string) =>
      `sequence_id is ${id}, but the request came to the computation without the state of its sequence`
  },
  LSTM_ERR_UNAUTHORIZED: {
    status: 401,
    title: 'An API key is needed',
    message: (reason: string) => `${reason}; send it as "Authorization: Bearer KEY" or "X-API-Key: KEY"`
  },
  LSTM_ERR_FORBIDDEN: {
    status: 403,
    title: 'The API key does not allow this',
    message: (id: string, has: string, needed: string) =>
      `the key ${id} has the scope ${has}; this needs the scope ${needed}`
  },
  LSTM_ERR_PARAMETER_SET_NOT_FOUND: {
    status: 404,
    title: 'No such parameter set',
    message: (name: string) => `there is no parameter set ${JSON.stringify(name)}; GET /parameters lists them`
  },
  LSTM_ERR_UNKNOWN_MODEL: {
    status: 404,
    title: 'No such model',
    // clients of the Open Inference Protocol look for the first half
    message: (name: string, version: string | undefined, there: string | undefined) =>
      version === undefined || there === undefined
        ? `Request for unknown model: '${name}' is not found`
        : `Request for unknown model: '${name}' version ${JSON.stringify(version)} is not found; its version is ${JSON.stringify(there)}`
  },
  LSTM_ERR_SEQUENCE_NOT_FOUND: {
    status: 404,
    title: 'No such sequence',
    message: (id: string, model: string) =>
      `no sequence ${id} of model '${model}' is running; GET /v2/models/${model}/sequences lists those that are`
  },
  LSTM_ERR_NOT_FOUND: {
    status: 404,
    title: 'No such path',
    message: (method: string, path: string) => `there is no ${method} ${path}; /docs shows what there is`
  },
  LSTM_ERR_METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'The path does not take this method',
    message: (method: string, path: string, allowed: string) => `${path} does not take ${method}; it takes ${allowed}`
  },
  LSTM_ERR_NOT_ACCEPTABLE: {
    status: 406,
    title: 'No form that Accept allows',
    message: (accept: string, offered: string) => `Accept is ${JSON.stringify(accept)}; offered are ${offered}`
  },
  LSTM_ERR_NOT_EXPORTABLE: {
    status: 406,
    title: 'The format cannot say what the model is',
    message: (format: string, reason: string) => `${format}: ${reason}`
  },
  LSTM_ERR_REQUEST_TIMEOUT: {
    status: 408,
    title: 'The request did not arrive in time',
    message: () => 'the request did not arrive whole before the time-out'
  },
  LSTM_ERR_PRECONDITION_FAILED: {
    status: 412,
    title: 'A precondition failed',
    message: (header: string, value: string, current: string) => `${header} is ${value}, but ${current}`
  },
  LSTM_ERR_BODY_TOO_LARGE: {
    status: 413,
    title: 'The body is too large',
    message: (limit: number, setting: string) => `the body is larger than ${limit} bytes, the limit set by ${setting}`
  },
  LSTM_ERR_UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'The content type is not taken here',
    message: (got: string, accepted: string) => `Content-Type is ${JSON.stringify(got)}; accepted are ${accepted}`
  },
  LSTM_ERR_UNSUPPORTED_ENCODING: {
    status: 415,
    title: 'The content encoding is not taken here',
    message: (got: string, accepted: string) =>
      `Content-Encoding is ${JSON.stringify(got.slice(0, 100))}; accepted are ${accepted}, or none`
  },
  LSTM_ERR_HEADERS_TOO_LARGE: {
    status: 431,
    title: 'The headers are too large',
    message: () => 'the request line and headers are larger than the server takes'
  },
  LSTM_ERR_OVERLOADED: {
    status: 429,
    title: 'The service has as much to do as it may take',
    message: (what: string, limit: number, setting: string) =>
      `${what} would be more than ${limit}, the limit set by ${setting}; try again when Retry-After says`
  },
  LSTM_ERR_SEQUENCES_FULL: {
    status: 429,
    title: 'As many sequences are running as may',
    message: (what: string, limit: number, setting: string) =>
      `${what} would be more than ${limit}, the limit set by ${setting}: end sequences that are over, with sequence_end or DELETE, or raise the setting`
  },
  LSTM_ERR_RATE_LIMITED: {
    status: 429,
    title: 'Too many requests of this client',
    message: (limit: number, seconds: number) =>
      `more than ${limit} requests in a minute (LSTM_RATE_LIMIT); try again in ${seconds} s`
  },
  LSTM_ERR_INTERNAL: {
    status: 500,
    title: 'A fault in the server',
    message: () => 'the server met a fault of its own; its log has the request id'
  },
  LSTM_ERR_STORAGE: {
    status: 500,
    title: 'The folder of parameter sets failed',
    message: (reason: string) =>
      `the change could not be stored (${reason}); the set that was there, if any, goes on serving`
  },
  LSTM_ERR_WORKER_LOST: {
    status: 503,
    title: 'The worker of this request ended',
    message: () => 'the worker thread that ran this request ended; the request may be sent again'
  },
  LSTM_ERR_OUT_OF_MEMORY: {
    status: 503,
    title: 'The memory for weights and states is full',
    message: (bytes: number, used: number) =>
      `the kernel's memory has no piece of ${bytes} bytes left, ${used} bytes are in use: delete parameter sets, or send less at once`
  },
  LSTM_ERR_SHUTTING_DOWN: {
    status: 503,
    title: 'The server is shutting down',
    message: () => 'the server is shutting down and takes no new requests'
  },
  LSTM_ERR_CLIENT_GONE: {
    status: 499,
    title: 'The client went away',
    message: () => 'the client closed its connection before the answer was there; the work was stopped'
  },
  LSTM_ERR_DEADLINE: {
    status: 504,
    title: 'The deadline has passed',
    message: (ms: number) =>
      `no answer within ${ms} ms (LSTM_DEADLINE_MS, the header X-Request-Timeout-Ms or the parameter timeout); the work was stopped`
  },
  LSTM_ERR_STORAGE_FULL: {
    status: 507,
    title: 'No room to store the parameter set',
    message: (reason: string) =>
      `there is no room to store the set (${reason}); the set that was there, if any, goes on serving`
  }
} as const

type Table = typeof table
export type ErrorCode = keyof Table
export type ErrorArgs<C extends ErrorCode> = Parameters<Table[C]['message']>

/** What crosses a thread boundary in place of an error. */
export interface SerializedError {
  readonly code: ErrorCode
  readonly args: readonly unknown[]
  readonly issues: readonly Issue[]
}

/** An error that a client can act on. `issues` point into the document that it is about. */
export class LstmError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C
  readonly args: ErrorArgs<C>
  readonly issues: readonly Issue[]

  constructor(code: C, args: ErrorArgs<C>, issues: readonly Issue[] = []) {
    const message = table[code].message as (...args: ErrorArgs<C>) => string
    super(message(...args))
    this.name = 'LstmError'
    this.code = code
    this.args = args
    this.issues = issues
  }

  get status(): number {
    return table[this.code].status
  }

  get title(): string {
    return table[this.code].title
  }

  serialize(): SerializedError {
    return { code: this.code, args: this.args, issues: this.issues }
  }

  /** An error about one place of the document; its own message stands at that place. */
  static at<C extends ErrorCode>(path: string, code: C, args: ErrorArgs<C>): LstmError<C> {
    const { message } = new LstmError(code, args)
    return new LstmError(code, args, [{ path, message }])
  }

  static deserialize({ code, args, issues }: SerializedError): LstmError {
    return new LstmError(code, args as unknown as ErrorArgs<ErrorCode>, issues)
  }
}

/** Every code with its status and title, for documents and tests. */
export const errorCatalogue: readonly { code: ErrorCode; status: number; title: string }[] = Object.entries(table).map(
  ([code, { status, title }]) => ({ code: code as ErrorCode, status, title })
)
