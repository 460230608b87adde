/** The values of `a` in an answer, in the order in which they stand there. */
export function readAnswer(body, encoding, jsonBytes) {
  if (encoding === 'binary') return new Float32Array(new Uint8Array(body.subarray(jsonBytes)).buffer)
  const { a } = JSON.parse(body)
  if (encoding === 'json') return Float32Array.from(a.flat(2))
  const bytes = new Uint8Array(Buffer.from(a.data, 'base64'))
  return new Float32Array(bytes.buffer)
}
