import { Layout, layerOutputPattern } from './tensors.ts'
import { type TSchema, Type } from './typebox.ts'

/** The wire contract of the Open Inference Protocol's infer route. Members that are not known are ignored there. */

/** What every set gives, `y` and `y_last` if it has a head. */
export const inferOutputs = ['y', 'a', 'c', 'a_last', 'c_last', 'y_last'] as const
/** What a set of one forward layer gives besides. */
export const singleLayerInferOutputs = ['ft', 'it', 'cct', 'ot'] as const

const Size = Type.Integer({ minimum: 0, description: 'Bytes of the tensor behind the JSON, in place of `data`.' })

const SharedMemory = Type.Optional(Type.String({ description: 'Not offered.' }))

const Numbers = Type.Unsafe<number[] | number[][] | number[][][]>({
  type: 'array',
  description: 'The values, flat or nested, row-major.'
})

/** A request over the given form of `data`: the wire's, or what the codec made of it. */
export function inferRequest<D extends TSchema>(data: D, options: { $id?: string } = {}) {
  return Type.Object(
    {
      id: Type.Optional(Type.String({ description: 'Comes back as sent.' })),
      parameters: Type.Optional(
        Type.Object({
          binary_data_output: Type.Optional(
            Type.Boolean({ description: 'Whether outputs come behind the JSON where they do not say themselves.' })
          ),
          layout: Type.Optional(Layout),
          sequence_id: Type.Optional(
            Type.Union([Type.Integer({ minimum: 0 }), Type.String()], {
              description: 'The sequence that the request goes on with, an integer or a text; 0 or an empty text: none.'
            })
          ),
          sequence_start: Type.Optional(Type.Boolean()),
          sequence_end: Type.Optional(Type.Boolean()),
          priority: Type.Optional(
            Type.Integer({
              minimum: 0,
              description: 'Who goes first: 1 before 0, the default, which 2 is too; 3 and more after it.'
            })
          ),
          timeout: Type.Optional(
            Type.Integer({ minimum: 0, description: 'Microseconds from the arrival to the answer; 0 is none.' })
          ),
          stream_steps: Type.Optional(
            Type.Integer({ minimum: 1, description: 'Of infer_stream: time steps of each event, 64 if left out.' })
          )
        })
      ),
      inputs: Type.Array(
        Type.Object({
          name: Type.String({ description: 'x, a0, c0 or lengths.' }),
          shape: Type.Array(Type.Integer(), {
            description:
              'Of x (n_x, m, T_x), of a0 and c0 (n_a, m), or in the order of the parameter `layout`; of lengths (m,).'
          }),
          datatype: Type.String({
            description: 'Of lengths INT32 or INT64; of others FP32 or FP64, and behind the JSON FP16 or BF16 too.'
          }),
          parameters: Type.Optional(
            Type.Object({ binary_data_size: Type.Optional(Size), shared_memory_region: SharedMemory })
          ),
          data: Type.Optional(data)
        })
      ),
      outputs: Type.Optional(
        Type.Array(
          Type.Object({
            name: Type.String({
              description: `One of ${[...inferOutputs, ...singleLayerInferOutputs].join(', ')}, or of a layer in one direction a, c, ft, it, cct or ot, such as layers.1.forward.ft.`
            }),
            parameters: Type.Optional(
              Type.Object({
                binary_data: Type.Optional(
                  Type.Boolean({ description: 'Whether this output comes behind the JSON, as raw bytes.' })
                ),
                datatype: Type.Optional(
                  Type.Enum(['FP32', 'FP64', 'FP16', 'BF16'], {
                    description: 'What it is given as, FP32 if left out; FP16 and BF16 behind the JSON only.'
                  })
                ),
                shared_memory_region: SharedMemory,
                classification: Type.Optional(Type.Integer({ description: 'Not offered.' }))
              })
            )
          }),
          { description: 'What to give. Default: y, a and c, without y where the set has no head.' }
        )
      )
    },
    {
      ...options,
      description:
        'The tensors that have a `binary_data_size` follow the JSON, in the order of `inputs`, and the header Inference-Header-Content-Length says where it ends.'
    }
  )
}

export const InferRequest = inferRequest(Numbers, { $id: 'InferRequest' })

export const InferResponse = Type.Object(
  {
    model_name: Type.String(),
    model_version: Type.String(),
    id: Type.Optional(Type.String()),
    outputs: Type.Array(
      Type.Object(
        {
          name: Type.String({
            pattern: `^(${[...inferOutputs, ...singleLayerInferOutputs].join('|')})$|${layerOutputPattern}`
          }),
          datatype: Type.Enum(['FP32', 'FP64', 'FP16', 'BF16']),
          shape: Type.Array(Type.Integer({ minimum: 1 })),
          parameters: Type.Optional(Type.Object({ binary_data_size: Size }, { additionalProperties: false })),
          data: Type.Optional(Type.Array(Type.Number(), { description: 'The values, flat, row-major.' }))
        },
        { additionalProperties: false }
      )
    )
  },
  {
    $id: 'InferResponse',
    additionalProperties: false,
    description: 'Outputs with a `binary_data_size` follow the JSON, in this order.'
  }
)
