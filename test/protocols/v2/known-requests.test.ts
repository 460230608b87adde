import t from 'tap'
import type { ParameterSet } from '../../../src/parameters/parameter-set.ts'
import { type AnsweredRequest, KnownRequests } from '../../../src/protocols/v2/known-requests.ts'

const set = () => ({}) as ParameterSet
const answered = (model: string, maxDepth = 8) => ({ model, maxDepth }) as AnsweredRequest

t.test('a request is known to the set that has answered it, under its name and the limit of depth', async (t) => {
  const known = new KnownRequests()
  const [one, other] = [set(), set()]
  const request = answered('p')
  known.add(one, '{}', request)
  t.equal(known.find(one, '{}', 'p', 8), request)
  t.equal(known.find(other, '{}', 'p', 8), undefined)
  t.equal(known.find(one, '{ }', 'p', 8), undefined)
  t.equal(known.find(one, '{}', 'q', 8), undefined)
  t.equal(known.find(one, '{}', 'p', 7), undefined)
  known.add(one, '{}', answered('q'))
  t.equal(known.find(one, '{}', 'p', 8), undefined)
})

t.test('only so many are known, of all sets together', async (t) => {
  const known = new KnownRequests()
  const sets = Array.from({ length: 10 }, set)
  const keys = Array.from({ length: 1000 }, (_, i) => `{"${i}"}`)
  let most = 0
  for (const [i, key] of keys.entries()) {
    known.add(sets[i % 10], key, answered('p'))
    t.ok(known.find(sets[i % 10], key, 'p', 8), 'the last one always')
    if (i % 50 === 49) {
      const found = keys.filter((each, k) => known.find(sets[k % 10], each, 'p', 8) !== undefined)
      most = Math.max(most, found.length)
    }
  }
  t.ok(most > 400 && most <= 512, String(most))
})

t.test('and only so much text', async (t) => {
  const known = new KnownRequests()
  const one = set()
  const keys = Array.from({ length: 200 }, (_, i) => `{${i}${' '.repeat(2000)}}`)
  for (const key of keys) known.add(one, key, answered('p'))
  const found = keys.filter((key) => known.find(one, key, 'p', 8) !== undefined)
  t.ok(found.length > 0 && found.join('').length <= 256 * 1024, String(found.length))
})
