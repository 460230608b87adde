import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { envSchema } from 'env-schema'
import { parameterSetNamePattern } from '../schemas/index.ts'
import { type TSchema, Type } from '../schemas/typebox.ts'

/** The one schema of all settings: an environment variable each, and a flag of the same name. */
export const settings = {
  LSTM_HOST: Type.String({ default: '127.0.0.1', description: 'Address to listen on; 0.0.0.0 for all.' }),
  LSTM_PORT: Type.Integer({
    default: 3000,
    minimum: 0,
    maximum: 65535,
    description: 'Port to listen on; 0 lets the system choose.'
  }),
  LSTM_WORKERS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 1024,
    description: 'Worker threads; 0 means one per core.'
  }),
  LSTM_HTTP_THREADS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 64,
    description:
      'Threads that take requests; 0 means as many as workers, 16 at most. With TLS, with `LSTM_RATE_LIMIT`, when traces are exported and without the native binary it is one.'
  }),
  LSTM_KERNEL: Type.Enum(['auto', 'native', 'wasm', 'reference'], {
    default: 'auto',
    description:
      'What computes: `native` (C++, if `npm ci` found a compiler), `wasm` (SIMD), `reference` (float64, slow), or the fastest that runs here.'
  }),
  LSTM_LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'Least level that is logged.'
  }),
  LSTM_DEMO_SETS: Type.Boolean({ default: false, description: 'Load the demo sets `digits` and `words` at start.' }),
  LSTM_DATA_DIR: Type.String({
    default: '',
    description:
      'Folder to keep parameter sets in, so that they outlive the process; without it they are in memory only.'
  }),
  LSTM_MODELS_DIR: Type.String({
    default: '',
    description:
      'Folder of model files, each read at start as a set named after it; a file that cannot be read is reported and does not stop the others.'
  }),
  LSTM_MODEL_NAME: Type.String({
    default: '',
    pattern: `${parameterSetNamePattern}|^$`,
    description:
      "Name of the set of `LSTM_MODELS_DIR`'s only file, in place of the file's own: KServe's clients ask for the name of their InferenceService."
  }),
  LSTM_MAX_BODY_BYTES: Type.Integer({
    default: 67_108_864,
    minimum: 1024,
    description: 'Largest body of `/cell` and `/sequence`.'
  }),
  LSTM_MAX_PARAMETERS_BYTES: Type.Integer({
    default: 536_870_912,
    minimum: 1024,
    description:
      'Largest body of `PUT /parameters/{name}`, and what a compressed one may inflate to, which is four times its size or 32 MiB at most.'
  }),
  LSTM_MAX_JOB_VALUES: Type.Integer({
    default: 33_554_432,
    minimum: 1,
    description: 'Most float32 values of input, states and outputs that one request may need.'
  }),
  LSTM_MAX_JSON_DEPTH: Type.Integer({
    default: 32,
    minimum: 4,
    maximum: 1000,
    description: 'Most brackets nested in a body.'
  }),
  LSTM_MAX_PENDING: Type.Integer({
    default: 1024,
    minimum: 1,
    description: 'Most requests under way at once; one more is answered 429.'
  }),
  LSTM_MAX_PENDING_BYTES: Type.Integer({
    default: 1_073_741_824,
    minimum: 1024,
    description: 'Most bytes of bodies under way and arriving, together; what would be more is answered 429.'
  }),
  LSTM_MAX_WAIT_MS: Type.Integer({
    default: 2000,
    minimum: 0,
    description:
      'Longest that a request would wait, as fast as others are answered at the moment; one that would wait longer is answered 429, but for the first 8 a worker. 0 is for ever.'
  }),
  LSTM_MAX_RUNNING_VALUES: Type.Integer({
    default: 268_435_456,
    minimum: 1,
    description: 'Most float32 values of all running requests together; a request that would be more is answered 429.'
  }),
  LSTM_MAX_SEQUENCES: Type.Integer({
    default: 100_000,
    minimum: 0,
    description: 'Most sequences (`sequence_id`) that run at once; one more is answered 429.'
  }),
  LSTM_MAX_SEQUENCE_BYTES: Type.Integer({
    default: 268_435_456,
    minimum: 0,
    description: 'Most bytes of the states of all running sequences; what would be more is answered 429.'
  }),
  LSTM_SEQUENCE_IDLE_MS: Type.Integer({
    default: 600_000,
    minimum: 1,
    description: 'How long a sequence is kept after its last request.'
  }),
  LSTM_DEADLINE_MS: Type.Integer({
    default: 30_000,
    minimum: 0,
    description:
      'How long an inference may take from its arrival to its answer before it is stopped with 504; 0 means for ever.'
  }),
  LSTM_DEADLINE_MAX_MS: Type.Integer({
    default: 300_000,
    minimum: 1,
    description: 'Most that a request may ask for with the header `X-Request-Timeout-Ms` in place of that.'
  }),
  LSTM_HEADERS_TIMEOUT_MS: Type.Integer({
    default: 10_000,
    minimum: 1,
    description: "How long a request's head may take to arrive."
  }),
  LSTM_REQUEST_TIMEOUT_MS: Type.Integer({
    default: 60_000,
    minimum: 0,
    description: 'How long a request may take to arrive whole; 0 means for ever.'
  }),
  LSTM_API_KEYS_FILE: Type.String({
    default: '',
    description:
      'File of API keys (SECURITY.md says how it is made), read again when it changes; without it nobody needs a key.'
  }),
  LSTM_RATE_LIMIT: Type.Integer({
    default: 0,
    minimum: 0,
    description: 'Most requests a minute of one API key or, without keys, one address; 0 means no limit.'
  }),
  LSTM_TRUST_PROXY: Type.String({
    default: '',
    description: 'Addresses or networks of proxies, with commas between, whose `X-Forwarded-For` is believed.'
  }),
  LSTM_CORS_ORIGINS: Type.String({
    default: '',
    description: 'Origins, with commas between, whose pages may use the service; `*` for all.'
  }),
  LSTM_TLS_CERT_FILE: Type.String({
    default: '',
    description: 'Certificate chain (PEM), read again when it changes; with `LSTM_TLS_KEY_FILE` it switches TLS on.'
  }),
  LSTM_TLS_KEY_FILE: Type.String({ default: '', description: 'Private key (PEM) of the certificate.' }),
  LSTM_SHUTDOWN_DELAY_MS: Type.Integer({
    default: 0,
    minimum: 0,
    description: 'How long after SIGTERM requests are still taken, for balancers to see that `/health/ready` says no.'
  }),
  LSTM_SHUTDOWN_TIMEOUT_MS: Type.Integer({
    default: 10_000,
    minimum: 0,
    description: 'How long after that delay the requests under way may take to end.'
  })
} as const satisfies Record<string, TSchema>

const Settings = Type.Object(settings)
type Settings = Type.Static<typeof Settings>

export interface Config {
  readonly host: string
  readonly port: number
  readonly workers: number
  /** 0 to choose. */
  readonly httpThreads: number
  readonly kernel: Settings['LSTM_KERNEL']
  readonly logLevel: Settings['LSTM_LOG_LEVEL']
  readonly demoSets: boolean
  /** Empty when there is none. */
  readonly dataDir: string
  /** Empty when there is none. */
  readonly modelsDir: string
  /** Of the only set in modelsDir; empty where files have their own names. */
  readonly modelName: string
  readonly maxBodyBytes: number
  readonly maxParametersBytes: number
  readonly maxJobValues: number
  readonly maxJsonDepth: number
  readonly maxPending: number
  readonly maxPendingBytes: number
  /** 0 for ever. */
  readonly maxWaitMs: number
  readonly maxRunningValues: number
  readonly maxSequences: number
  readonly maxSequenceBytes: number
  readonly sequenceIdleMs: number
  /** 0 for none. */
  readonly deadlineMs: number
  readonly deadlineMaxMs: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  /** Strings below are empty when there is none. */
  readonly apiKeysFile: string
  /** Requests a minute, 0 for no limit. */
  readonly rateLimit: number
  readonly trustProxy: string
  readonly corsOrigins: string
  readonly tlsCertFile: string
  readonly tlsKeyFile: string
  readonly shutdownDelayMs: number
  readonly shutdownTimeoutMs: number
}

/** `--max-body-bytes` for `LSTM_MAX_BODY_BYTES`. */
export function flagOf(setting: string): string {
  return setting
    .replace(/^LSTM_/, '')
    .toLowerCase()
    .replaceAll('_', '-')
}

/**
 * Settings from the environment, flags going before it.
 * @throws Error in words for a person when a flag is unknown or a value wrong
 */
export function loadConfig(env: NodeJS.ProcessEnv, argv: readonly string[]): Config {
  const given = Object.fromEntries(Object.keys(settings).flatMap((name) => (env[name] ? [[name, env[name]]] : [])))
  const values = envSchema<Settings>({ schema: Settings, data: { ...given, ...readFlags(argv) }, env: false })
  return {
    host: values.LSTM_HOST,
    port: values.LSTM_PORT,
    workers: values.LSTM_WORKERS || availableParallelism(),
    kernel: values.LSTM_KERNEL,
    logLevel: values.LSTM_LOG_LEVEL,
    demoSets: values.LSTM_DEMO_SETS,
    dataDir: values.LSTM_DATA_DIR,
    httpThreads: values.LSTM_HTTP_THREADS,
    modelsDir: values.LSTM_MODELS_DIR,
    modelName: values.LSTM_MODEL_NAME,
    maxBodyBytes: values.LSTM_MAX_BODY_BYTES,
    maxParametersBytes: values.LSTM_MAX_PARAMETERS_BYTES,
    maxJobValues: values.LSTM_MAX_JOB_VALUES,
    maxJsonDepth: values.LSTM_MAX_JSON_DEPTH,
    maxPending: values.LSTM_MAX_PENDING,
    maxPendingBytes: values.LSTM_MAX_PENDING_BYTES,
    maxWaitMs: values.LSTM_MAX_WAIT_MS,
    maxRunningValues: values.LSTM_MAX_RUNNING_VALUES,
    maxSequences: values.LSTM_MAX_SEQUENCES,
    maxSequenceBytes: values.LSTM_MAX_SEQUENCE_BYTES,
    sequenceIdleMs: values.LSTM_SEQUENCE_IDLE_MS,
    deadlineMs: values.LSTM_DEADLINE_MS,
    deadlineMaxMs: values.LSTM_DEADLINE_MAX_MS,
    headersTimeoutMs: values.LSTM_HEADERS_TIMEOUT_MS,
    requestTimeoutMs: values.LSTM_REQUEST_TIMEOUT_MS,
    apiKeysFile: values.LSTM_API_KEYS_FILE,
    rateLimit: values.LSTM_RATE_LIMIT,
    trustProxy: values.LSTM_TRUST_PROXY,
    corsOrigins: values.LSTM_CORS_ORIGINS,
    tlsCertFile: values.LSTM_TLS_CERT_FILE,
    tlsKeyFile: values.LSTM_TLS_KEY_FILE,
    shutdownDelayMs: values.LSTM_SHUTDOWN_DELAY_MS,
    shutdownTimeoutMs: values.LSTM_SHUTDOWN_TIMEOUT_MS
  }
}

/**
 * Variables that look like settings and are none. Worth a warning and no more: Kubernetes puts variables of its own
 * beside ours, LSTM_SERVE_SERVICE_HOST and the like, for every service of such a name.
 */
export function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env).filter((name) => name.startsWith('LSTM_') && !(name in settings))
}

function readFlags(argv: readonly string[]): Record<string, unknown> {
  const options = Object.fromEntries(
    Object.entries(settings).map(([name, schema]) => [
      flagOf(name),
      { type: 'type' in schema && schema.type === 'boolean' ? 'boolean' : 'string' } as const
    ])
  )
  const { values } = parseArgs({ args: [...argv], options })
  return Object.fromEntries(
    Object.keys(settings).flatMap((name) => (flagOf(name) in values ? [[name, values[flagOf(name)]]] : []))
  )
}

/** What --help prints. */
export function usage(): string {
  const rows = Object.entries(settings).map(([name, schema]) => {
    const { default: initial, description } = schema as unknown as { default: unknown; description: string }
    return `  --${flagOf(name)}\n      ${description} (${name}, ${initial === '' ? 'none by default' : `default ${String(initial)}`})`
  })
  return ['lstm-serve: serves LSTM forward passes over HTTP', '', ...rows, ''].join('\n')
}
