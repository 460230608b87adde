import { spawnSync } from 'node:child_process'
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * The exclusive lock of a folder, held by the kernel for as long as this process lives (docs/adr/0008). Node has no
 * call for it, so flock(1) takes it: a lock belongs to the open file, which the child only borrows from this process.
 */

/** BSD and macOS take the lock with open(2) itself; Node has no name for the flag. */
const O_EXLOCK = 0x20

const bsd = ['darwin', 'freebsd', 'openbsd', 'netbsd'].includes(process.platform)

/**
 * Takes the lock file and returns its descriptor; closing it, or the end of the process, lets go.
 * @throws Error in words for a person when another process has it, or when no lock can be had here
 */
export function takeLock(path: string): number {
  const descriptor = openLocked(path)
  ftruncateSync(descriptor)
  writeSync(descriptor, `process ${process.pid} on ${hostname()} since ${new Date().toISOString()}\n`, 0)
  return descriptor
}

function openLocked(path: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT
  if (bsd) {
    try {
      return openSync(path, flags | constants.O_NONBLOCK | O_EXLOCK, 0o600)
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'EAGAIN' ? inUse(path) : error
    }
  }
  const descriptor = openSync(path, flags, 0o600)
  try {
    // the descriptor is number 3 in the child
    const { status, error } = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', descriptor] })
    if (error !== undefined) throw new Error(`${path} cannot be locked: flock (util-linux) is needed, ${error.message}`)
    if (status === 1) throw inUse(path)
    if (status !== 0) throw new Error(`${path} cannot be locked: flock ended with ${status}`)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

function inUse(path: string): Error {
  return new Error(
    `${path} is locked: the folder is in use by ${readFileSync(path, 'utf8').trim() || 'another process'}`
  )
}
