// npm run bench [-- --short] [-- --only kernels|codec|http|growth|memory]
//
// Runs the comparisons and writes docs/benchmarks.md. With --only or --short it prints instead: the document is to hold
// one whole run.
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { stopAll } from './children.mjs'
import { document } from './document.mjs'
import { describeMachine } from './machine.mjs'

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, short: { type: 'boolean', default: false } }
})

const parts = ['kernels', 'codec', 'http', 'growth', 'memory']
if (options.only !== undefined && !parts.includes(options.only)) {
  console.error(`--only is ${options.only}; expected one of ${parts.join(', ')}`)
  process.exit(2)
}

try {
  const results = {}
  for (const part of parts.filter((name) => options.only === undefined || name === options.only)) {
    const start = performance.now()
    process.stderr.write(`${part} … `)
    const module = await import(`./${part}.mjs`)
    results[part] = await module[part](options)
    process.stderr.write(`${((performance.now() - start) / 1000).toFixed(0)} s\n`)
  }
  if (options.only === undefined && !options.short) {
    const file = new URL('../docs/benchmarks.md', import.meta.url)
    await writeFile(file, document(await describeMachine(), results))
    console.log('written: docs/benchmarks.md')
  } else {
    for (const result of Object.values(results)) {
      for (const text of typeof result === 'string' ? [result] : Object.values(result)) console.log(`${text}\n`)
    }
  }
} finally {
  await stopAll()
}
