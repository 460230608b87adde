/** The arrays of a set, wherever they lie in it. */
export function memoryOf(value: unknown): Float32Array[] {
  if (value instanceof Float32Array) return [value]
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
  return Object.values(value).flatMap(memoryOf)
}
