/**
 * Reads 360 handwritten digits in one request: node examples/digits/digits.mjs [address]
 * The rows of an image are the time steps, so after each row the model says what it has seen so far.
 */
import { readFile } from 'node:fs/promises'
import { giveUp, post, serverAddress } from '../client.mjs'

async function main() {
  const { x, label } = JSON.parse(await readFile(new URL('test.json', import.meta.url), 'utf8'))
  const address = serverAddress(process.argv[2])

  // x came in base64, so y does too
  const answer = await post(`${address}/sequence`, { parameters: 'digits', x, outputs: ['y'] })

  const pixels = decode(x) // (n_x, m, T_x)
  const y = decode(answer.y) // (n_y, m, T_x)
  const [, m, T_x] = x.shape
  const read = Array.from({ length: m }, (_, j) => mostLikely(y, j, T_x - 1).digit)
  const isRight = (j) => read[j] === label[j]

  const columns = Array.from({ length: m }, (_, j) => j)
  const shown = [...columns.filter(isRight).slice(0, 2), ...columns.filter((j) => !isRight(j)).slice(0, 1)]
  for (const j of shown) {
    console.log(`\nimage ${j}, a ${label[j]}${isRight(j) ? '' : ` that the model takes for a ${read[j]}`}\n`)
    for (let t = 0; t < T_x; t++) {
      const { digit, probability } = mostLikely(y, j, t)
      console.log(`  ${drawRow(pixels, j, t)}  ${digit}  ${(100 * probability).toFixed(0).padStart(3)} %`)
    }
  }

  const right = columns.filter(isRight).length
  console.log(`\n${right} of ${m} right (${((100 * right) / m).toFixed(1)} %)`)
}

/** A tensor from its wire form, with `at(i, j, t)`. */
function decode({ shape: [, m, T_x], shape, data }) {
  // into memory of its own: a Buffer may begin anywhere in a larger one, a Float32Array may not
  const values = new Float32Array(new Uint8Array(Buffer.from(data, 'base64')).buffer)
  return { shape, at: (i, j, t) => values[(i * m + j) * T_x + t] }
}

/** The most likely digit of image j after row t. */
function mostLikely(y, j, t) {
  const probabilities = Array.from({ length: y.shape[0] }, (_, digit) => y.at(digit, j, t))
  const probability = Math.max(...probabilities)
  return { digit: probabilities.indexOf(probability), probability }
}

/** Row t of image j, two characters a pixel to make it square. */
function drawRow(pixels, j, t) {
  const shades = ' ░▒▓█'
  return Array.from({ length: pixels.shape[0] }, (_, i) => shades[Math.round(4 * pixels.at(i, j, t))].repeat(2)).join(
    ''
  )
}

await main().catch(giveUp)
