import fc from 'fast-check'
import t from 'tap'
import { base64Fault, base64Length, decodeBase64, encodeBase64 } from '../../src/codec/base64.ts'

const decode = (text: string, count: number): Float32Array | undefined => {
  const bytes = Buffer.from(`<<${text}>>`)
  return decodeBase64(bytes, 2, bytes.length - 2, count)?.values
}

/** Between marks, to see that nothing else is written over. */
const encode = (values: Float32Array): string => {
  const target = Buffer.alloc(base64Length(values.byteLength) + 4, '<')
  t.ok(encodeBase64(values, target, 2))
  const text = target.toString('latin1')
  if (!/^<<.*<<$/.test(text)) t.fail('something else was written over')
  return text.slice(2, -2)
}

t.test('little-endian float32, padded', async (t) => {
  t.equal(encode(Float32Array.of(1)), 'AACAPw==')
  t.equal(encode(Float32Array.of(1, -2)), 'AACAPwAAAMA=')
  t.equal(encode(Float32Array.of(9, 1, 9).subarray(1, 2)), 'AACAPw==', 'a view')
  t.equal(encode(new Float32Array(0)), '')
  t.same(decode('AACAPwAAAMA=', 2), Float32Array.of(1, -2))
  for (const bytes of [0, 1, 2, 3, 4, 8, 12, 100])
    t.equal(base64Length(bytes), Buffer.alloc(bytes).toString('base64').length)
})

t.test('every size comes back', async (t) => {
  for (const n of [
    0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 4096, 12_287, 12_288, 12_289, 24_577, 100_003, 262_143, 300_000
  ]) {
    const values = Float32Array.from({ length: n }, (_, i) => Math.cos(i))
    const text = encode(values)
    t.equal(text, Buffer.from(values.buffer).toString('base64'), `${n} values as Node writes them`)
    const back = decode(text, n)
    t.ok(back !== undefined && Buffer.from(back.buffer).equals(Buffer.from(values.buffer)), `${n} values`)
  }
})

t.test('takes exactly what encodes back to the same text', async () => {
  const units = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'AZaz09+/=-_ \n\\é')), { maxLength: 2 })
  fc.assert(
    fc.property(fc.float32Array({ minLength: 0, maxLength: 7 }), units, fc.nat(20), (values, edits, cut) => {
      const text = [...Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')]
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

t.test('takes of all bytes the 64 characters, wherever they stand', async (t) => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const count = 7 // a whole block and 24 characters, of which two are padding
  for (let at = 0; at < 38; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const text = Buffer.from(`${'A'.repeat(38)}==`)
      text[at] = byte
      const decoded = decodeBase64(text, 0, text.length, count)
      // the last character has four bits that no byte takes
      const known =
        alphabet.includes(String.fromCharCode(byte)) &&
        (at < 37 || alphabet.indexOf(String.fromCharCode(byte)) % 16 === 0)
      if ((decoded !== undefined) !== known) t.fail(`byte ${byte} at ${at}`)
      if (
        decoded !== undefined &&
        !Buffer.from(decoded.values.buffer, decoded.values.byteOffset, 28).equals(
          Buffer.from(text.toString(), 'base64')
        )
      ) {
        t.fail(`byte ${byte} at ${at} gives other bytes`)
      }
    }
  }
})

t.test('sees NaN and infinities, and nothing else that is not finite', async (t) => {
  for (const count of [1, 2, 3, 4, 5, 6, 7, 8, 12, 12_290]) {
    const places = count < 20 ? Array.from({ length: count }, (_, i) => i) : [0, 1, 12_287, 12_288, 12_289]
    for (const at of places) {
      for (const bits of [
        0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffffffff, 0x7f7fffff, 0xff7fffff, 0x007fffff
      ]) {
        const values = new Float32Array(count)
        new Uint32Array(values.buffer)[at] = bits
        const finite = (bits & 0x7f800000) !== 0x7f800000
        const text = Buffer.from(Buffer.from(values.buffer).toString('base64'))
        if (decodeBase64(text, 0, text.length, count)?.finite !== finite) t.fail(`reading ${bits} at ${at} of ${count}`)
        if (encodeBase64(values, Buffer.alloc(text.length), 0) !== finite)
          t.fail(`writing ${bits} at ${at} of ${count}`)
      }
    }
  }
})
