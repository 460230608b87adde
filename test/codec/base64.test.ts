import fc from 'fast-check'
import t from 'tap'
import { base64Fault, base64Length, decodeBase64, encodeBase64 } from '../../src/codec/base64.ts'

const decode = (text: string, count: number): Float32Array | undefined => {
  const bytes = Buffer.from(`<<${text}>>`)
  return decodeBase64(bytes, 2, bytes.length - 2, count)
}

t.test('little-endian float32, padded', async (t) => {
  t.equal(encodeBase64(Float32Array.of(1)), 'AACAPw==')
  t.equal(encodeBase64(Float32Array.of(1, -2)), 'AACAPwAAAMA=')
  t.equal(encodeBase64(Float32Array.of(9, 1, 9).subarray(1, 2)), 'AACAPw==', 'a view')
  t.equal(encodeBase64(new Float32Array(0)), '')
  t.same(decode('AACAPwAAAMA=', 2), Float32Array.of(1, -2))
  for (const bytes of [0, 1, 2, 3, 4, 8, 12, 100])
    t.equal(base64Length(bytes), Buffer.alloc(bytes).toString('base64').length)
})

t.test('every size comes back', async (t) => {
  for (const n of [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 4096, 100_003]) {
    const values = Float32Array.from({ length: n }, (_, i) => Math.cos(i))
    const back = decode(encodeBase64(values), n)
    t.ok(back !== undefined && Buffer.from(back.buffer).equals(Buffer.from(values.buffer)), `${n} values`)
  }
})

t.test('takes exactly what encodes back to the same text', async () => {
  const units = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'AZaz09+/=-_ \n\\é')), { maxLength: 2 })
  fc.assert(
    fc.property(fc.float32Array({ minLength: 0, maxLength: 7 }), units, fc.nat(20), (values, edits, cut) => {
      const text = [...encodeBase64(values)]
      for (const [at, unit] of edits) if (text.length > 0) text[at % text.length] = unit
      if (cut < 3) text.splice(text.length - cut)
      const edited = text.join('')
      const back = decode(edited, values.length)
      const strict = Buffer.from(edited, 'base64')
      const good = strict.length === 4 * values.length && strict.toString('base64') === edited
      if ((back !== undefined) !== good) throw new Error(`${edited} for ${values.length} values`)
      if (back !== undefined && !Buffer.from(back.buffer).equals(strict)) throw new Error(edited)
      if (back === undefined && base64Fault(edited, values.length) === '') throw new Error('no reason')
    }),
    { numRuns: 3000 }
  )
})
