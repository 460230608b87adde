import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** What Linux calls nice: beside a thread of the usual 0 that has enough to do, one of 10 gets a tenth of a core. */
const BACKGROUND_NICENESS = 10

/**
 * Makes this thread, and no other one of the process, step back for the others. Where threads have no numbers of their
 * own (all but Linux), or the number cannot be found out, it stays as it is: slower for the others, and right.
 */
export function stepBack(): void {
  try {
    const [, thread] = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? []
    // of 0 it would be the process, so its first thread: the one that must not step back
    if (Number(thread) > 0) setPriority(Number(thread), BACKGROUND_NICENESS)
  } catch {
    // no /proc, or not allowed
  }
}
