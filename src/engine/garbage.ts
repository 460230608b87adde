import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Collections at moments that V8 cannot know of. What it collects by itself depends on its own heap, which is small
 * here: buffers lie outside, and an idle thread would keep hundreds of megabytes of them until it is busy again.
 */
type Collect = (options?: { type: 'minor' }) => void

let collect: Collect | undefined

function collector(): Collect {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as Collect
  }
  return collect
}

/** Frees all that this thread no longer uses; some ten milliseconds. For a worker that has imported a large file. */
export function collectGarbage(): void {
  collector()()
}

/** So many bytes of buffers may lie about before they are freed. */
const YOUNG_BYTES = 4 * 1024 * 1024

let dropped = 0

/**
 * Counts bytes of buffers that are made and soon dropped, such as the pieces of bodies, and now and then frees what
 * has become of them: less than a millisecond, and the next ones take their place in memory. Left alone, V8 sees the
 * sum grow and collects all of its heap for them, with four threads.
 */
export function countDropped(bytes: number): void {
  dropped += bytes
  if (dropped < YOUNG_BYTES) return
  dropped = 0
  collector()({ type: 'minor' })
}
