/**
 * Invents words letter by letter: node examples/words/words.mjs [address] [--seed 1] [--count 10]
 * Each letter is one POST /cell; the state stays with the client, which sends it along with the next letter.
 */
import { parseArgs } from 'node:util'
import { giveUp, post, serverAddress } from '../client.mjs'

const alphabet = '.abcdefghijklmnopqrstuvwxyz' // "." begins and ends a word
const longestWord = 24

async function main() {
  const { values, positionals } = parseArgs({
    options: { seed: { type: 'string', default: '1' }, count: { type: 'string', default: '10' } },
    allowPositionals: true
  })
  const cell = `${serverAddress(positionals[0])}/cell`
  const random = generator(wholeNumber('--seed', values.seed))
  const count = wholeNumber('--count', values.count)
  for (let word = 0; word < count; word++) console.log(await inventWord(cell, random))
}

/** @param random gives a number in [0, 1) */
async function inventWord(cell, random) {
  let word = ''
  let letter = '.'
  let state = {} // zeros before the first letter
  while (word.length < longestWord) {
    const xt = [oneHot(letter)] // (1, n_x), as layout says
    const answer = await post(cell, { parameters: 'words', layout: 'batch_first', xt, ...state })
    state = { a_prev: answer.a_next, c_prev: answer.c_next }

    const [probabilities] = answer.yt_pred
    if (word === '') probabilities[0] = 0 // a word has at least one letter
    letter = alphabet[sample(probabilities, random())]
    if (letter === '.') break
    word += letter
  }
  return word
}

function oneHot(letter) {
  return Array.from(alphabet, (each) => (each === letter ? 1 : 0))
}

/** An index, drawn as the weights say, which need not sum to 1. */
function sample(weights, chance) {
  let left = chance * weights.reduce((sum, weight) => sum + weight)
  const drawn = weights.findIndex((weight) => {
    left -= weight
    return left < 0
  })
  return drawn < 0 ? weights.indexOf(Math.max(...weights)) : drawn // rounding may leave a rest
}

/** Random numbers in [0, 1), the same ones for one seed (mulberry32). */
function generator(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

function wholeNumber(option, text) {
  if (!/^\d+$/.test(text)) throw new Error(`${option} ${text}: expected a whole number`)
  return Number(text)
}

await main().catch(giveUp)
