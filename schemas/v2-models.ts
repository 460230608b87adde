import { Type } from './typebox.ts'

/** The wire contract of the Open Inference Protocol's models: what they are, what is asked of them, the repository. */

const TensorMetadata = Type.Object(
  {
    name: Type.String(),
    datatype: Type.Enum(['FP32', 'INT32']),
    shape: Type.Array(Type.Integer(), { description: 'Length of every axis; -1 for one that a request chooses.' })
  },
  { additionalProperties: false }
)

export const ModelNames = Type.Object(
  { models: Type.Array(Type.String()) },
  { $id: 'ModelNames', additionalProperties: false }
)

export const ModelMetadata = Type.Object(
  {
    name: Type.String(),
    versions: Type.Array(Type.String(), {
      description: 'The one version that is there.'
    }),
    platform: Type.String(),
    inputs: Type.Array(TensorMetadata, { description: 'x; a0, c0 and lengths may be left out.' }),
    outputs: Type.Array(TensorMetadata, {
      description: 'y, a and c come by default, y where the model has a head; the others when a request names them.'
    })
  },
  {
    $id: 'ModelMetadata',
    additionalProperties: false,
    description: 'Shapes are those of the layout features_first.'
  }
)

export const ModelReadiness = Type.Object(
  { name: Type.String(), ready: Type.Boolean() },
  { $id: 'ModelReadiness', additionalProperties: false }
)

const dataType = Type.Enum(['TYPE_FP32', 'TYPE_INT32'])
const dims = Type.Array(Type.Integer())
const Scheduler = Type.Object({}, { additionalProperties: true })

export const ModelConfig = Type.Object(
  {
    name: Type.String(),
    platform: Type.String(),
    backend: Type.String(),
    version_policy: Type.Object(
      { latest: Type.Object({ num_versions: Type.Integer() }, { additionalProperties: false }) },
      { additionalProperties: false }
    ),
    max_batch_size: Type.Integer({ description: '0: m is an axis of the tensors; requests are batched all the same.' }),
    input: Type.Array(
      Type.Object(
        { name: Type.String(), data_type: dataType, dims, optional: Type.Boolean() },
        { additionalProperties: false }
      )
    ),
    output: Type.Array(
      Type.Object({ name: Type.String(), data_type: dataType, dims }, { additionalProperties: false })
    ),
    sequence_batching: Type.Optional(Scheduler),
    dynamic_batching: Type.Optional(Scheduler),
    model_transaction_policy: Type.Object({ decoupled: Type.Boolean() }, { additionalProperties: false }),
    response_cache: Type.Object({ enable: Type.Boolean() }, { additionalProperties: false })
  },
  {
    $id: 'ModelConfig',
    additionalProperties: false,
    description: "The model's configuration in Triton's form."
  }
)

const DurationStatistics = Type.Object(
  { count: Type.Integer(), ns: Type.Integer({ description: 'Nanoseconds, all together.' }) },
  { additionalProperties: false }
)

export const ModelStatisticsList = Type.Object(
  {
    model_stats: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          version: Type.String({
            pattern: '^[0-9]+$',
            description: 'perf_analyzer reads it as a number.'
          }),
          last_inference: Type.Integer({ description: 'Milliseconds since 1970; 0 for never.' }),
          inference_count: Type.Integer({ description: 'Sequences (columns) that were computed.' }),
          execution_count: Type.Integer({
            description:
              'Batches of the kernel that they were computed in: less than there were requests where these shared them.'
          }),
          inference_stats: Type.Object(
            {
              success: DurationStatistics,
              fail: DurationStatistics,
              queue: DurationStatistics,
              compute_input: DurationStatistics,
              compute_infer: DurationStatistics,
              compute_output: DurationStatistics,
              cache_hit: DurationStatistics,
              cache_miss: DurationStatistics
            },
            { additionalProperties: false }
          ),
          batch_stats: Type.Array(
            Type.Object(
              {
                batch_size: Type.Integer({ description: 'Columns of a request; above 64 rounded up to a power of 2.' }),
                compute_input: DurationStatistics,
                compute_infer: DurationStatistics,
                compute_output: DurationStatistics
              },
              { additionalProperties: false }
            )
          )
        },
        { additionalProperties: false }
      )
    )
  },
  {
    $id: 'ModelStatisticsList',
    additionalProperties: false,
    description: 'Of the inferences of this protocol, since the set was put in.'
  }
)

export const RepositoryIndexRequest = Type.Object(
  { ready: Type.Optional(Type.Boolean({ description: 'Only models that are ready.' })) },
  { $id: 'RepositoryIndexRequest' }
)

export const RepositoryIndex = Type.Array(
  Type.Object(
    {
      name: Type.String(),
      version: Type.String({ description: 'Empty where it is not known.' }),
      state: Type.Enum(['READY', 'LOADING', 'UNAVAILABLE']),
      reason: Type.String({ description: 'Why it is not ready; empty when it is.' })
    },
    { additionalProperties: false }
  ),
  { $id: 'RepositoryIndex' }
)

export const LoadModelRequest = Type.Object(
  {
    parameters: Type.Optional(
      Type.Object(
        {
          config: Type.Optional(
            Type.String({
              description:
                'JSON of a model configuration: `parameters` may hold prefix, head, head_activation and precision as in PUT /parameters/{name}, each a string or {"string_value": …}; of sequence_batching and dynamic_batching, one says what the model\'s own configuration is to show. The rest is not looked at.'
            })
          )
        },
        {
          additionalProperties: Type.String({ contentEncoding: 'base64' }),
          description: 'file:<path> is the model file, of any format that PUT /parameters/{name} takes; one at most.'
        }
      )
    )
  },
  { $id: 'LoadModelRequest', additionalProperties: false }
)

export const UnloadModelRequest = Type.Object(
  { parameters: Type.Optional(Type.Object({ unload_dependents: Type.Optional(Type.Boolean()) })) },
  { $id: 'UnloadModelRequest' }
)

export type ModelNames = Type.Static<typeof ModelNames>
export type ModelMetadata = Type.Static<typeof ModelMetadata>
export type ModelReadiness = Type.Static<typeof ModelReadiness>
export type ModelConfig = Type.Static<typeof ModelConfig>
export type ModelStatisticsList = Type.Static<typeof ModelStatisticsList>
export type RepositoryIndex = Type.Static<typeof RepositoryIndex>
