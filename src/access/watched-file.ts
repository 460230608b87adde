import { unwatchFile, watchFile } from 'node:fs'

/** How often a file is looked at. By its status and not by events, which mounted volumes do not all send. */
const LOOK_MS = 1000

/** Calls back when a file has changed, or what its name leads to. @returns what ends that */
export function onChange(path: string, changed: () => void): () => void {
  const listener = () => changed()
  watchFile(path, { interval: LOOK_MS, persistent: false }, listener)
  return () => unwatchFile(path, listener)
}
