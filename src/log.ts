import { type DestinationStream, destination } from 'pino'

/** Characters of log lines that are gathered before they are written, and how long they may wait for more. */
const GATHER_LENGTH = 16_384
const GATHER_MS = 200

/**
 * Standard output for the log of a process. Lines go out many at a time: a write of its own for each was a
 * sixth of what a small request cost this thread. What has been gathered is written when the process ends,
 * unless it is killed.
 *
 * They are gathered here as pino's destination, which could do it too, measures all that it holds anew at each line.
 */
export function logToStandardOutput(): DestinationStream & { flushSync(): void } {
  let lines = ''
  const pass = () => {
    if (lines === '' || output.destroyed) return
    output.write(lines)
    lines = ''
  }
  // before the destination's own: it ends itself when nothing is left to do
  process.on('beforeExit', pass)
  const output = destination({ dest: 1, sync: false }) as ReturnType<typeof destination> & { destroyed: boolean }
  const flushSync = () => {
    pass()
    if (!output.destroyed) output.flushSync()
  }
  process.on('exit', flushSync)
  setInterval(pass, GATHER_MS).unref()
  return {
    write(line) {
      lines += line
      if (lines.length >= GATHER_LENGTH) pass()
    },
    flushSync
  }
}
