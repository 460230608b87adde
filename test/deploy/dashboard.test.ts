import { readFileSync } from 'node:fs'
import t from 'tap'
import { startService } from '../service.ts'

const file = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

t.test('the dashboard and the handbook speak of metrics that there are, and the handbook of all', async (t) => {
  const { app } = await startService(t)
  const { body } = await app.inject('/metrics')
  const families = [...body.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name)
  const known = (name: string) => families.some((family) => new RegExp(`^${family}(_bucket|_sum|_count)?$`).test(name))
  const namesIn = (text: string) =>
    new Set([...text.matchAll(/\b(?:lstm|nodejs|process)_[a-z0-9_]+/g)].map(([name]) => name))
  const handbook = file('docs/operations.md')
  for (const text of [file('deploy/grafana/dashboard.json'), handbook, file('deploy/kubernetes/autoscaler.yaml')]) {
    const names = namesIn(text)
    t.ok(names.size > 0)
    for (const name of names) t.ok(known(name), name)
  }
  for (const family of families) if (family.startsWith('lstm_')) t.match(handbook, family)
})
