import t from 'tap'
import { asciiString } from '../../../src/codec/json/short-strings.ts'

t.test('what comes back is what the bytes say, whatever came before', async (t) => {
  let state = 3
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return ((state >>> 8) % below) | 0
  }
  // Few letters and many lengths: strings that come again, and strings that take each other's place.
  const texts = Array.from({ length: 3000 }, () =>
    Array.from({ length: next(27) }, () => String.fromCharCode(0x20 + next(4) * 31)).join('')
  )
  for (let i = 0; i < 20_000; i++) {
    const text = texts[next(texts.length)]
    const lead = next(5)
    const buffer = Buffer.from(`${'x'.repeat(lead)}${text}x`)
    const read = asciiString(buffer, lead, lead + text.length)
    if (read !== text) t.fail(`${JSON.stringify(read)} is not ${JSON.stringify(text)}`)
  }
})

t.test('strings that share ends, middle and length are told apart', async (t) => {
  for (const text of ['abcde', 'axcye', 'abcde', 'aycxe', '']) {
    const buffer = Buffer.from(`"${text}"`)
    t.equal(asciiString(buffer, 1, 1 + text.length), text)
  }
})
