import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const PIECE_BYTES = 16 * 1024 * 1024

/** Files that are read faster than this say nothing. */
const SILENT_MS = 500

export interface Progress {
  /** Told how much of the file is there, in whole percent. */
  readonly report: (percent: number) => void
  readonly pieceBytes?: number
  readonly silentMs?: number
}

/** Reads a whole file, and says how far it is when that takes a while. */
export function readFile(
  path: string,
  { report, pieceBytes = PIECE_BYTES, silentMs = SILENT_MS }: Progress
): Uint8Array {
  const begin = performance.now()
  const descriptor = openSync(path, 'r')
  try {
    const bytes = new Uint8Array(fstatSync(descriptor).size)
    for (let done = 0; done < bytes.length; ) {
      const read = readSync(descriptor, bytes, done, Math.min(pieceBytes, bytes.length - done), null)
      if (read === 0) throw new TypeError(`${path} became shorter while it was read`)
      done += read
      if (performance.now() - begin >= silentMs) report(Math.floor((100 * done) / bytes.length))
    }
    return bytes
  } finally {
    closeSync(descriptor)
  }
}
