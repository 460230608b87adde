import type { NamedArray } from './array.ts'

/** The data begins at a multiple of this, so that it can be read in place. */
const ALIGNMENT = 8

/**
 * Writes a safetensors file of float32 tensors; the same arrays always give the same bytes.
 * @param metadata free text, by name
 */
export function writeSafetensors(
  arrays: Iterable<readonly [string, NamedArray]>,
  metadata: Readonly<Record<string, string>>
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: metadata }
  const parts: Float32Array[] = []
  let end = 0
  for (const [name, { shape, data }] of arrays) {
    const begin = end
    end += 4 * data.length
    header[name] = { dtype: 'F32', shape, data_offsets: [begin, end] }
    parts.push(data)
  }
  const json = Buffer.from(JSON.stringify(header))
  const length = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT
  const file = new Uint8Array(8 + length + end)
  const view = new DataView(file.buffer)
  view.setBigUint64(0, BigInt(length), true)
  file.fill(0x20, 8, 8 + length)
  file.set(json, 8)
  let at = 8 + length
  for (const part of parts) {
    for (let i = 0; i < part.length; i++, at += 4) view.setFloat32(at, part[i], true)
  }
  return file
}
