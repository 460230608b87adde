/** Small tensor tools for tests. */

export interface Base64Tensor {
  shape: number[]
  data: string
}

export function shapeOf(values: unknown): number[] {
  return Array.isArray(values) ? [values.length, ...shapeOf(values[0])] : []
}

export function flatten(values: unknown): number[] {
  return Array.isArray(values) ? (values.flat(Number.POSITIVE_INFINITY) as number[]) : [values as number]
}

export function nest(shape: readonly number[], data: ArrayLike<number>): unknown {
  const build = (axis: number, offset: number, stride: number): unknown => {
    if (axis === shape.length) return data[offset]
    const step = stride / shape[axis]
    return Array.from({ length: shape[axis] }, (_, i) => build(axis + 1, offset + i * step, step))
  }
  return build(0, 0, data.length)
}

export function toBase64(values: unknown): Base64Tensor {
  const data = Float32Array.from(flatten(values))
  return { shape: shapeOf(values), data: Buffer.from(data.buffer).toString('base64') }
}

export function fromBase64({ shape, data }: Base64Tensor): unknown {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'))
  return nest(shape, new Float32Array(bytes.buffer))
}

/** Nested arrays (or an object of them) with every number rounded to float32. */
export function float32<T>(values: T): T {
  return JSON.parse(JSON.stringify(values), (_, value) => (typeof value === 'number' ? Math.fround(value) : value)) as T
}

/** Axes of nested arrays in another order: axis k of the result is axis order[k] of the values. */
export function transpose(values: unknown, order: readonly number[]): unknown {
  const shape = shapeOf(values)
  const at = (index: readonly number[]) => {
    let value = values
    for (const i of index) value = (value as unknown[])[i]
    return value
  }
  const build = (axis: number, index: number[]): unknown => {
    if (axis === order.length) return at(index)
    return Array.from({ length: shape[order[axis]] }, (_, i) => {
      const next = [...index]
      next[order[axis]] = i
      return build(axis + 1, next)
    })
  }
  return build(0, new Array(shape.length).fill(0))
}

/** Nested arrays of uniform float32 numbers in [-scale, scale), from a seed. */
export function random(seed: number, shape: readonly number[], scale = 1): unknown {
  const next = generator(seed)
  const size = shape.reduce((product, length) => product * length, 1)
  return nest(
    shape,
    Float32Array.from({ length: size }, () => (2 * next() - 1) * scale)
  )
}

/** Uniform numbers in [0, 1): mulberry32. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let z = Math.imul(state ^ (state >>> 15), state | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296
  }
}

/** The ten arrays of a random set. */
export function randomSet(seed: number, n_x: number, n_a: number, n_y: number): Record<string, unknown> {
  const scale = 1 / Math.sqrt(n_a)
  return {
    ...Object.fromEntries(['Wf', 'Wi', 'Wc', 'Wo'].map((name, i) => [name, random(seed + i, [n_a, n_a + n_x], scale)])),
    ...Object.fromEntries(['bf', 'bi', 'bc', 'bo'].map((name, i) => [name, random(seed + 10 + i, [n_a, 1], scale)])),
    Wy: random(seed + 20, [n_y, n_a], scale),
    by: random(seed + 21, [n_y, 1], scale)
  }
}
