import { largestDifference } from '../fixtures.ts'
import type { Expected, Float64Tensor } from '../framework-outputs.ts'
import type { Service } from '../service.ts'
import { nest } from '../tensors.ts'

/** Asks the service what a framework has computed. */

/** A tensor of a framework as nested arrays of float32 numbers. */
function nested({ shape, data }: Float64Tensor): unknown {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'))
  return nest(shape, Float32Array.from(new Float64Array(bytes.buffer)))
}

type Nested3 = number[][][]

/** (layers, m, n) as (layers, n, m), or as (n, m) where there is one layer. */
function states(tensor: Float64Tensor): unknown {
  const layers = (nested(tensor) as Nested3).map((rows) => rows[0].map((_, i) => rows.map((row) => row[i])))
  return layers.length === 1 ? layers[0] : layers
}

/** The largest difference between what a set computes and every output that the framework gave. */
export async function largestServedError({ ask }: Service, name: string, expected: Expected): Promise<number> {
  const { x, a, y, h, c, h0, c0, lengths, last } = expected
  const wanted: Record<string, unknown> = {
    ...(a && { a: nested(a) }),
    ...(y && { y: nested(y) }),
    ...(h && { a_last: states(h) }),
    ...(c && { c_last: states(c) })
  }
  const body = {
    parameters: name,
    x: nested(x),
    ...(h0 && { a0: states(h0) }),
    ...(c0 && { c0: states(c0) }),
    ...(lengths && { lengths }),
    ...(last && { steps: 'last' }),
    outputs: Object.keys(wanted)
  }
  const { status, json } = await ask({ url: '/sequence', body })
  if (status !== 200) throw new Error(`${name}: ${json.detail}`)
  const [, m, T_x] = x.shape
  const differences = Object.entries(wanted).map(([output, values]) => {
    if (last) {
      const alone = (values as Nested3).map((columns) => columns.map((steps) => steps[0]))
      return largestDifference(json[output], alone)
    }
    if (output !== 'y' && output !== 'a') return largestDifference(json[output], values)
    // past a column's end a framework's head goes on, with a hidden state of zeros
    const real = (tensor: Nested3) =>
      tensor.map((columns) =>
        Array.from({ length: m }, (_, j) => columns[j].slice(0, output === 'y' ? (lengths?.[j] ?? T_x) : T_x))
      )
    return largestDifference(real(json[output]), real(values as Nested3))
  })
  return Math.max(...differences)
}
