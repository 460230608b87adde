import { writeNpz } from '../../dist/src/parameters/files/npz.js'

export const n_x = 64
const n_a = 2016 // 4 n_a (n_a + n_x) float32 are 67 MB

/** The npz of a set of 64 MB: weights that are small and differ with the version, so that the answers do. */
export function largeSet(version) {
  const values = (rows, columns) => ({
    shape: [rows, columns],
    data: Float32Array.from({ length: rows * columns }, (_, i) => (((i * 31) % 101) - 50 + version) / 5000)
  })
  const gates = ['f', 'i', 'c', 'o'].flatMap((gate) => [
    [`W${gate}`, values(n_a, n_a + n_x)],
    [`b${gate}`, values(n_a, 1)]
  ])
  return Buffer.from(writeNpz([...gates, ['Wy', values(2, n_a)], ['by', values(2, 1)]]))
}
