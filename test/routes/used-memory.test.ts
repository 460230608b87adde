import t from 'tap'
import { startService } from '../service.ts'
import { random } from '../tensors.ts'

t.test('nothing of an earlier request shows in a later one', async (t) => {
  const { ask, load } = await startService(t, { workers: 1 })
  await load('digits')
  const outputs = ['a', 'y', 'c', 'a_last', 'c_last', 'caches']
  const body = { parameters: 'digits', x: random(1, [8, 5, 6]), lengths: [6, 1, 3, 6, 2], outputs }
  const first = await ask({ url: '/sequence', body })
  // larger, with large values in every place that the memory has
  const filler = { parameters: 'digits', x: random(2, [8, 9, 40], 1e30), outputs, a0: random(3, [32, 9], 1e30) }
  t.equal((await ask({ url: '/sequence', body: filler })).status, 200)
  const again = await ask({ url: '/sequence', body })
  t.ok(again.bytes.equals(first.bytes))
})
