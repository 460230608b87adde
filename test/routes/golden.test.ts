import t from 'tap'
import { readNpz } from '../../src/parameters/files/npz.ts'
import { fixture, jsonFixture, largestDifference } from '../fixtures.ts'
import { kernelNames } from '../kernels/kernels.ts'
import { startService } from '../service.ts'
import { nest } from '../tensors.ts'

const limits = { maxInflatedBytes: 1e8 }

for (const kernel of kernelNames)
  t.test(`digits: 349 of 360 images, and the outputs of the first eight: ${kernel}`, async (t) => {
    const { ask, load } = await startService(t, { kernel })
    await load('digits')
    const { x, label } = Object.fromEntries(readNpz(fixture('digits/test.npz'), limits))
    t.strictSame(x.shape, [8, 360, 8])

    const images = { shape: x.shape, data: Buffer.from(x.data.buffer).toString('base64') }
    const { json } = await ask({
      url: '/sequence',
      body: { parameters: 'digits', x: images, steps: 'last', outputs: ['y'], encoding: 'nested' }
    })
    const right = [...label.data].filter((digit, j) => {
      const scores = (json.y as number[][]).map((row) => row[j])
      return scores.indexOf(Math.max(...scores)) === digit
    })
    t.equal(right.length, 349)

    const expected = readNpz(fixture('digits/expected.npz'), limits)
    const outputs = ['a', 'y', 'c', 'ft', 'it', 'cct', 'ot']
    const first = (nest(x.shape, x.data) as number[][][]).map((columns) => columns.slice(0, 8))
    const answer = (await ask({ url: '/sequence', body: { parameters: 'digits', x: first, outputs } })).json
    for (const name of outputs) {
      const { shape, data } = expected.get(name)!
      t.ok(largestDifference(answer[name], nest(shape, data)) < 1e-6, name)
    }
  })

for (const kernel of kernelNames)
  t.test(`words: 1.86149 nats per character over words that the model never saw: ${kernel}`, async (t) => {
    const { ask, load } = await startService(t, { kernel })
    await load('words')
    const { alphabet, mean_negative_log_likelihood_nats_per_character: expected } = jsonFixture<{
      alphabet: string
      mean_negative_log_likelihood_nats_per_character: number
    }>('words/expected.json')
    const words = fixture('words/heldout.txt').toString('utf8').trim().split('\n')
    t.equal(words.length, 200)

    // a word is read after its opening "." and every letter, its closing "." included, is predicted
    const lengths = words.map((word) => word.length + 1)
    const T_x = Math.max(...lengths)
    const x = words.map((word) =>
      Array.from({ length: T_x }, (_, t) => Array.from(alphabet, (letter) => (letter === `.${word}`[t] ? 1 : 0)))
    )
    const { json } = await ask({
      url: '/sequence',
      body: { parameters: 'words', layout: 'batch_first', x, lengths, outputs: ['y'] }
    })
    let nats = 0
    for (const [j, word] of words.entries()) {
      for (const [step, letter] of [...`${word}.`].entries())
        nats -= Math.log(json.y[j][step][alphabet.indexOf(letter)])
    }
    const mean = nats / lengths.reduce((sum, length) => sum + length)
    t.ok(Math.abs(mean - expected) < 1e-6, `${mean} nats`)
    t.equal(mean.toFixed(5), '1.86149')
  })
