import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { Deadlines } from '../../src/engine/deadlines.ts'

// open deadlines do not keep the process going
const going = setInterval(() => {}, 1000)
t.teardown(() => clearInterval(going))

t.test('each passes when it is due, not before, and in any order of adding', async (t) => {
  const deadlines = new Deadlines()
  const begin = performance.now()
  const passed: number[] = []
  await Promise.all(
    [60, 20, 100, 20, 40].map(
      (ms) =>
        new Promise<void>((resolve) => {
          deadlines.add(ms, () => {
            t.ok(performance.now() - begin >= ms, `${ms} ms have gone by`)
            passed.push(ms)
            resolve()
          })
        })
    )
  )
  t.same(passed, [20, 20, 40, 60, 100])
})

t.test('one that was called off does not pass, and those behind it do', async (t) => {
  const deadlines = new Deadlines()
  const passed: string[] = []
  const first = deadlines.add(10, () => passed.push('first'))
  deadlines.add(30, () => passed.push('second'))
  deadlines.callOff(first)
  deadlines.callOff(first)
  await setTimeout(50)
  t.same(passed, ['second'])
})

t.test('one that passes may add and call off others', async (t) => {
  const deadlines = new Deadlines()
  const passed: string[] = []
  const done = new Promise<void>((resolve) => {
    deadlines.add(10, () => {
      passed.push('first')
      deadlines.callOff(later)
      deadlines.add(10, () => {
        passed.push('added')
        resolve()
      })
    })
  })
  const later = deadlines.add(15, () => passed.push('called off'))
  await done
  await setTimeout(20)
  t.same(passed, ['first', 'added'])
})

t.test('an open deadline keeps no process from ending', async () => {
  new Deadlines().add(1e8, () => {})
})
