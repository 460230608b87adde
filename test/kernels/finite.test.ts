import t from 'tap'
import { loadVariants } from '../../src/kernels/native/binary.ts'
import { kernels, nativeMissing } from './kernels.ts'

/** The largest, the least, subnormals and both zeros are finite. */
const extremes = [3.4028234663852886e38, -3.4028234663852886e38, 1e-45, -1e-45, 0, -0, 1, -2.5]
/** Infinities and NaNs: quiet, signalling, with a sign. */
const bad = [0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffffffff]

t.test('native', { skip: nativeMissing }, async () => {})

for (const { title, create } of kernels) {
  const kernel = create()
  const { allFinite, copyFinite } = kernel
  if (allFinite === undefined || copyFinite === undefined) continue
  t.test(`${title}: one value that is not finite, wherever it stands`, async (t) => {
    for (const length of [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65]) {
      for (const offset of [0, 1, 3]) {
        const memory = new Float32Array(offset + length + 1).fill(Number.NaN) // which it must not look at
        const values = memory.subarray(offset, offset + length)
        for (let i = 0; i < length; i++) values[i] = extremes[i % extremes.length]
        t.equal(allFinite(values), true, `${length} finite values`)
        const target = new Float32Array(length + 3).fill(7)
        const copy = target.subarray(1, length + 1)
        t.equal(copyFinite(values, copy), true)
        t.strictSame([...target], [7, ...values, 7, 7])
        const bits = new Uint32Array(memory.buffer, 4 * offset, length)
        for (let at = 0; at < length; at++) {
          const before = bits[at]
          for (const pattern of bad) {
            bits[at] = pattern
            if (allFinite(values)) t.fail(`${pattern.toString(16)} at ${at} of ${length}`)
            if (copyFinite(values, copy)) t.fail(`a copy with ${pattern.toString(16)} at ${at} of ${length}`)
          }
          bits[at] = before
        }
      }
    }
    const shared = kernel.allocate(40).fill(1)
    t.equal(allFinite(shared), true)
    shared[39] = Number.POSITIVE_INFINITY
    t.equal(allFinite(shared), false)
    kernel.release(shared)
  })
}

t.test('nothing but floats', { skip: nativeMissing }, async (t) => {
  const message = 'expected Float32Arrays of one length'
  for (const { allFinite, copyFinite } of loadVariants()) {
    for (const wrong of [new Uint8Array(4), new Float64Array(4), [1], undefined, 1]) {
      t.throws(() => allFinite(wrong as unknown as Float32Array), { message })
      t.throws(() => copyFinite(new Float32Array(4), wrong as unknown as Float32Array), { message })
    }
    for (const length of [0, 3, 5]) {
      t.throws(() => copyFinite(new Float32Array(4), new Float32Array(length)), { message })
    }
  }
})
