import t from 'tap'
import type { FloatDatatype } from '../../../src/codec/binary.ts'
import { AnswerForm } from '../../../src/protocols/v2/answer-form.ts'
import { type Output, writeResponse } from '../../../src/protocols/v2/response.ts'

const head = { model_name: 'größe', model_version: 'v1' }

function output(values: readonly number[], name = 'a', datatype: FloatDatatype = 'FP32', binary = true): Output {
  const data = Float32Array.from(values)
  return { wanted: { name, datatype, binary }, tensor: { shape: [data.length], strides: [1], data, offset: 0 } }
}

/** A kernel that copies and looks by itself, as the native one does, and one that does not. */
const kernels = [
  {
    copyFinite: (values: Float32Array, target: Float32Array) => {
      target.set(values)
      return values.length === target.length && values.every(Number.isFinite)
    }
  },
  {}
]

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

t.test('the same bytes as an answer that is written as a whole', async (t) => {
  for (const kernel of kernels) {
    for (const outputs of [
      [output([1, -2, 3.5])],
      [output([])],
      [output([0.1], 'a'), output([1, 2, 3], 'c', 'FP16'), output([4, 5], 'y'), output([1e-3], 'x', 'FP64')]
    ]) {
      const form = AnswerForm.of(head, outputs)!
      for (const id of [undefined, '', '7', 'a "b"\\ü']) {
        const expected = writeResponse({ ...head, ...(id !== undefined && { id }) }, outputs, 0)
        for (let i = 0; i < 3; i++) {
          const { bytes, jsonBytes, release } = form.write(id, outputs, kernel)
          t.equal(jsonBytes, expected.jsonBytes)
          t.equal(textOf(bytes), textOf(expected.bytes))
          release()
        }
      }
    }
  }
})

t.test('memory is used again after its answer was read, and not before', async (t) => {
  for (const kernel of kernels) {
    const form = AnswerForm.of(head, [output([0, 0])])!
    const other = AnswerForm.of({ ...head, model_name: 'other' }, [output([0, 0])])!
    const first = form.write(undefined, [output([1, 2])], kernel)
    const text = textOf(first.bytes)
    const second = form.write(undefined, [output([3, 4])], kernel)
    t.not(second.bytes.buffer, first.bytes.buffer)
    t.equal(textOf(first.bytes), text)
    first.release()
    first.release() // once more does nothing
    const elsewhere = other.write(undefined, [output([5, 6])], kernel)
    t.not(elsewhere.bytes.buffer, first.bytes.buffer, 'which has the JSON of another form')
    const third = form.write(undefined, [output([7, 8])], kernel)
    const fourth = form.write(undefined, [output([9, 10])], kernel)
    t.equal(third.bytes.buffer, first.bytes.buffer)
    t.equal(new Set([second, third, fourth, elsewhere].map(({ bytes }) => bytes.buffer)).size, 4)
    t.strictSame(
      [second, third, fourth].map(({ bytes, jsonBytes }) => [
        Buffer.from(bytes).readFloatLE(jsonBytes),
        Buffer.from(bytes).readFloatLE(jsonBytes + 4)
      ]),
      [
        [3, 4],
        [7, 8],
        [9, 10]
      ]
    )
  }
})

t.test('what is not finite is told by its index, and the next answer is right', async (t) => {
  for (const kernel of kernels) {
    const form = AnswerForm.of(head, [output([0, 0]), output([0], 'c', 'FP16')])!
    for (const [a, c, what] of [
      [[1, Number.NaN], [1], ['output a[1]', 'NaN']],
      [[1, 2], [1e6], ['output c[0]', '1000000, too large for FP16']]
    ] as const) {
      const spoilt = [output(a), output(c, 'c', 'FP16')]
      t.throws(() => form.write(undefined, spoilt, kernel), { code: 'LSTM_ERR_NON_FINITE', args: what })
      const { bytes, jsonBytes } = form.write(undefined, [output([1, 2]), output([3], 'c', 'FP16')], kernel)
      t.equal(Buffer.from(bytes).readFloatLE(jsonBytes + 4), 2)
    }
  }
})

t.test('none where an output is wanted in the JSON', async (t) => {
  t.equal(AnswerForm.of(head, [output([1]), output([2], 'c', 'FP32', false)]), undefined)
})
