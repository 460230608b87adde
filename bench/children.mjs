// Child processes that all end with this one, however it ends.
import { once } from 'node:events'

const running = new Set()

/** Keeps `child` in mind until it has ended. */
export function adopt(child) {
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

const GRACE_MS = 3000

/** Asks `child` to end, and after a while makes it. */
export async function stop(child) {
  if (!running.has(child)) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  await ended
  clearTimeout(timer)
}

export const stopAll = () => Promise.all([...running].map(stop))

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, async () => {
    await stopAll()
    process.exit(130)
  })
}
