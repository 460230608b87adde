import t from 'tap'
import { firstNonFinite } from '../../src/codec/finite.ts'

t.test('the first value that is not finite, wherever it stands', async (t) => {
  for (const length of [0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 33]) {
    // The largest, the least, subnormals and both zeros are finite.
    const extremes = [3.4028234663852886e38, -3.4028234663852886e38, 1e-45, -1e-45, 0, -0, 1, -2.5]
    const values = Float32Array.from({ length }, (_, i) => extremes[i % extremes.length])
    t.equal(firstNonFinite(values), -1, `${length} finite values`)
    for (let at = 0; at < length; at++) {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const spoilt = values.slice()
        spoilt[at] = bad
        if (firstNonFinite(spoilt) !== at) t.fail(`${bad} at ${at} of ${length}`)
        spoilt[length - 1] = Number.NaN
        if (firstNonFinite(spoilt) !== at) t.fail(`${bad} at ${at} and another of ${length}`)
      }
    }
  }
  const window = Float32Array.of(Number.NaN, 1, 2).subarray(1)
  t.equal(firstNonFinite(window), -1, 'a view sees only its own values')
  // All NaNs: quiet, signalling, with a sign.
  for (const pattern of [0x7fc00000, 0x7f800001, 0xffffffff | 0]) {
    t.equal(firstNonFinite(new Float32Array(Int32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, pattern).buffer)), 9)
  }
})
