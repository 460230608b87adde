import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { AddressedKernel } from '../../src/kernels/addressed.ts'
import { CREW_WORDS, type CrewTurn, doneWord, GIVEN_UP } from '../../src/kernels/crew.ts'
import type { GateOutputs, LayerRun, PackedLayer } from '../../src/kernels/kernel.ts'
import { createSharedMemory } from '../../src/kernels/memory.ts'
import { precisions } from '../../src/kernels/precision.ts'
import { addressedKernels, nativeMissing } from './kernels.ts'
import { randomLayer, randomSource } from './oracle.ts'
import { gateNames, type RunShape, randomRun, releaseRun } from './runs.ts'

/** The units of one run divided among threads: the same bits as by one, and no wait without an end. */

const PATIENCE_US = 2_000_000 // the machine may be busy with other tests

/** A run over x and the states before the first step of another one. */
function sameInput(kernel: AddressedKernel, run: LayerRun, shape: RunShape): LayerRun {
  const copy = randomRun(kernel, () => 0, shape)
  for (const name of ['x', 'a', 'c'] as const) copy[name].set(run[name])
  return copy
}

function sameBits(got: LayerRun, expected: LayerRun): void {
  const arrays = (run: LayerRun) => [run.a, run.c, ...Object.values(run.gates as GateOutputs)]
  for (const [i, array] of arrays(got).entries()) {
    assert.deepEqual(Buffer.from(bytesOf(array)), Buffer.from(bytesOf(arrays(expected)[i])), `array ${i}`)
  }
}
const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength)

const wordsOf = ({ buffer, byteOffset, length }: Float32Array) => new Int32Array(buffer, byteOffset, length)

interface Trial {
  readonly kernel: AddressedKernel
  readonly layer: PackedLayer
  readonly shape: RunShape
  readonly words: Float32Array
}

const natives = addressedKernels.filter(({ title }) => title.startsWith('native'))
t.test('native', { skip: nativeMissing }, async (t) => {
  for (const { title, create } of natives) {
    t.test(title, async (t) => {
      /** Sizes around the panel, few units and many; ragged rows. */
      function* trials(memory = createSharedMemory()): Generator<Trial> {
        const random = randomSource(31)
        const kernel = create({ memory })
        const words = kernel.allocate(CREW_WORDS)
        for (const precision of precisions) {
          for (const [n_x, n_a, lengths] of [
            [3, 1, [4]],
            [1, 7, [5, 2]],
            [5, 16, [3]],
            [4, 17, [6, 6, 1]],
            [2, 33, [5]],
            [9, 64, [4, 4, 4, 4, 4, 4, 3, 2]],
            [8, 130, [7, 3]],
            [3, 512, [4]],
            [16, 520, [3]],
            [2, 1000, [3]]
          ] as const) {
            if (n_a > 500 && precision !== 'float32') continue // to be quick under the sanitizers too
            const layer = kernel.packLayer(randomLayer(random, n_x, n_a), precision)
            wordsOf(words).fill(0)
            const shape = { n_x, n_a, m: lengths.length, T_x: lengths[0], lengths: [...lengths], gates: gateNames }
            yield { kernel, layer, shape, words }
            kernel.release(layer.memory)
          }
        }
        kernel.close()
      }

      t.test('shares that are made one after the other', async (t) => {
        const random = randomSource(32)
        for (const { kernel, layer, shape, words } of trials()) {
          const alone = randomRun(kernel, random, shape)
          const shared = sameInput(kernel, alone, shape)
          kernel.advance(layer, [alone], shape.T_x)
          for (let turn = 1; shared.t < shape.T_x; turn += 2) {
            const members = [0b11, 0b1001, 0b111, 0b1111, 0b1][Math.floor(random() * 5)]
            for (let place = 3; place > 0; place--) {
              if ((members >> place) % 2 === 0) continue
              const view = { ...shared }
              assert.equal(kernel.advanceShare!(layer, view, 1, { words, turn, place, members, patienceUs: 0 }), 1)
            }
            assert.equal(kernel.advanceShare!(layer, shared, 1, { words, turn, place: 0, members, patienceUs: 0 }), 1)
          }
          sameBits(shared, alone)
          for (const run of [alone, shared]) releaseRun(kernel, run)
        }
        t.pass('the same bits')
      })

      t.test('shares of threads, in turns of a few steps', async (t) => {
        const random = randomSource(33)
        const memory = createSharedMemory()
        const url = new URL(`./share-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
        const helpers = [1, 2].map(() => new Worker(url, { workerData: { memory, title } }))
        await Promise.all(helpers.map((helper) => once(helper, 'message')))
        for (const { kernel, layer, shape, words } of trials(memory)) {
          const alone = randomRun(kernel, random, shape)
          const shared = sameInput(kernel, alone, shape)
          kernel.advance(layer, [alone], shape.T_x)
          for (let turn = 1; shared.t < shape.T_x; turn += 100) {
            const steps = 1 + Math.floor(random() * (shape.T_x - shared.t))
            const members = [0b11, 0b101, 0b111][Math.floor(random() * 3)]
            const crew = { words, turn, members, patienceUs: PATIENCE_US }
            const made = helpers.flatMap((helper, i) => {
              if (((members >> (i + 1)) & 1) === 0) return []
              helper.postMessage({ layer, run: shared, steps, crew: { ...crew, place: i + 1 } })
              return [once(helper, 'message')]
            })
            assert.equal(kernel.advanceShare!(layer, shared, steps, { ...crew, place: 0 }), steps)
            for (const answer of made) assert.deepEqual(await answer, [steps])
          }
          sameBits(shared, alone)
          for (const run of [alone, shared]) releaseRun(kernel, run)
        }
        for (const helper of helpers) {
          helper.postMessage('close')
          await once(helper, 'exit')
        }
        t.pass('the same bits')
      })

      t.test('who does not come is waited for no longer than said, and what is done is kept', async (t) => {
        const random = randomSource(34)
        for (const done of [0, 1, 3]) {
          const shape = { n_x: 4, n_a: 70, m: 1, T_x: 6, gates: gateNames }
          const kernel = create()
          const words = kernel.allocate(CREW_WORDS).fill(0)
          const layer = kernel.packLayer(randomLayer(random, 4, 70))
          const alone = randomRun(kernel, random, shape)
          const shared = sameInput(kernel, alone, shape)
          kernel.advance(layer, [alone], 6)
          const crew = { words, turn: 0xfffffffe, members: 0b11, patienceUs: 200 } // the count of steps wraps around
          // the other one stops in the middle: it has made all units of some steps, and those of the next not
          for (const name of ['a', 'c'] as const) shared[name].set(alone[name].subarray(0, 70 * (done + 1)))
          for (const name of gateNames) shared.gates[name]!.set(alone.gates[name]!.subarray(0, 70 * done))
          Atomics.store(wordsOf(words), doneWord(1), (crew.turn + done) | 0)
          t.equal(kernel.advanceShare!(layer, shared, 6, { ...crew, place: 0 }), done)
          t.equal(wordsOf(words)[GIVEN_UP] >>> 0, crew.turn, 'the others are told')
          t.equal(shared.t, done)
          kernel.advance(layer, [shared], 2)
          // it comes back late: it makes the step that the owner had made its share of, leaves, and has changed nothing
          const late = { ...shared, t: 0 }
          t.equal(kernel.advanceShare!(layer, late, 6, { ...crew, place: 1, patienceUs: 60_000_000 }), done + 1)
          kernel.advance(layer, [shared], 6 - done - 2)
          sameBits(shared, alone)
        }
      })

      t.test('a turn is no longer than the scratch, and its arguments are checked', async (t) => {
        const random = randomSource(35)
        const shape = { n_x: 2, n_a: 16, m: 2, T_x: 9 }
        const lanes = { avx512: 16, avx2: 8, portable: 4 }[title.slice('native '.length)]!
        const kernel = create({ scratchBytes: 16 * 16 * 4 }) // four rows of 16 units
        const words = kernel.allocate(CREW_WORDS).fill(0)
        const layer = kernel.packLayer(randomLayer(random, 2, 16))
        const run = randomRun(kernel, random, shape)
        const good: CrewTurn = { words, turn: 1, place: 0, members: 1, patienceUs: 0 }
        t.equal(kernel.advanceShare!(layer, run, 9, good), 2, `${lanes} lanes`)
        t.equal(run.t, 2)
        const outside = new Float32Array(new SharedArrayBuffer(4 * CREW_WORDS))
        for (const bad of [
          { turn: -1 },
          { turn: 2 ** 32 },
          { place: 1 },
          { place: 32 },
          { place: -1 },
          { members: 0 },
          { members: 2 },
          { members: 16 + 1 },
          { patienceUs: 0.5 },
          { words: words.subarray(1) },
          { words: outside }
        ]) {
          t.throws(() => kernel.advanceShare!(layer, run, 1, { ...good, ...bad }), Error, JSON.stringify(bad))
        }
        t.throws(() => kernel.advanceShare!(layer, run, 8, good), { message: /step 2 of 9 cannot move 8/ })
        t.throws(() => kernel.advanceShare!(layer, run, 0, good), { message: /steps is 0/ })
        const wide = randomRun(kernel, random, { ...shape, m: 5 })
        t.throws(() => kernel.advanceShare!(layer, wide, 1, good), { message: /5 rows of a share/ })
      })
    })
  }
})
