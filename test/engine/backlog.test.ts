import fc from 'fast-check'
import t from 'tap'
import { Backlog } from '../../src/engine/backlog.ts'

t.test('few under way are no backlog, however slowly they end', async (t) => {
  const backlog = new Backlog(8)
  for (let now = 0; now < 100_000; now += 1000) t.equal(backlog.waitMs(7, 0, now), 0)
})

t.test('an overload that goes on is known by its rate, and its end too', async (t) => {
  const backlog = new Backlog(8)
  // 100 a second end, 300 come
  let wait = 0
  for (let now = 0; now <= 20_000; now += 10) wait = backlog.waitMs(200, Math.floor(now / 10), now)
  t.ok(wait > 1600 && wait < 2000, `200 at 100 a second would take two seconds: ${wait} ms`)
  t.equal(backlog.waitMs(3, 2001, 20_010), 0)
  t.equal(backlog.waitMs(200, 2001, 60_000), 0, 'after a pause nothing is known')
  // ten times as fast now
  for (let now = 60_000; now <= 64_000; now += 10) wait = backlog.waitMs(200, 2001 + (now - 60_000), now)
  t.ok(wait > 160 && wait < 220, `${wait} ms`)
})

t.test('a rate that changes is noticed within seconds', async (t) => {
  const backlog = new Backlog(8)
  let ended = 0
  let wait = 0
  for (let now = 0; now < 10_000; now += 10) {
    ended += 10
    wait = backlog.waitMs(500, ended, now)
  }
  t.ok(wait > 450 && wait < 550, `1000 a second: ${wait} ms`)
  for (let now = 10_000; now < 15_000; now += 10) {
    ended += 1
    wait = backlog.waitMs(500, ended, now)
  }
  t.ok(wait > 3500, `100 a second: ${wait} ms`)
})

t.test('a burst that is stepped together and ends together is let in', async (t) => {
  const backlog = new Backlog(16)
  for (let now = 0; now <= 400; now++) t.ok(backlog.waitMs(64, 0, now) <= 1600)
  t.ok(backlog.waitMs(64, 0, 5000) > 10_000, 'when nothing ends for seconds, no more of it')
})

t.test('it never says anything but a time, whatever the counts do', async () => {
  const event = fc.record({ pending: fc.nat(2000), ended: fc.integer({ min: -50, max: 500 }), ms: fc.nat(3000) })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), fc.integer({ min: 1, max: 100 }), (events, always) => {
      const backlog = new Backlog(always)
      let [now, total] = [0, 0]
      for (const { pending, ended, ms } of events) {
        now += ms
        total = Math.max(0, total + ended) // a thread that has ended takes its count with it
        const wait = backlog.waitMs(pending, total, now)
        if (!(Number.isFinite(wait) && wait >= 0) || (pending < always && wait !== 0)) return false
      }
      return true
    })
  )
})
