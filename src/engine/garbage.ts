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

/** Frees what this thread has made and dropped lately; less than a millisecond. For the pieces of a large body. */
export function collectYoung(): void {
  collector()({ type: 'minor' })
}
