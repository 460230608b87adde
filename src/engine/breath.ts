/** How long it works at a stretch, and how long it then sleeps. */
const STRETCH_MS = 0.5
const BREATH_MS = 0.05

const nothing = new Int32Array(new SharedArrayBuffer(4))
let since = 0

/**
 * For the background thread, in the middle of long work: sleeps for a moment, if it has not for a while. A lower priority
 * alone leaves others waiting: a thread that wakes up on a core that is taken may wait for the system's next tick, which
 * is up to 4 ms.
 */
export function breathe(): void {
  const now = performance.now()
  if (now - since < STRETCH_MS) return
  Atomics.wait(nothing, 0, 0, BREATH_MS)
  since = performance.now()
}
