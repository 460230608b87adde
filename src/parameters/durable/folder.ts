import { randomUUID } from 'node:crypto'
import { accessSync, closeSync, constants } from 'node:fs'
import { access, type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { LstmError } from '../../errors.ts'
import { takeLock } from './lock.ts'
import { asStorageError } from './storage-error.ts'

const SUFFIX = '.set'
const ASIDE = '.aside-'
const LOCK = '.lock'

/** Where a worker is to write a set before it gets its name. */
export interface Keep {
  readonly aside: string
  readonly name: string
  /** ISO 8601 */
  readonly created: string
}

/** The file of a set. Names differ in case, file systems may not: a capital is written as + and the small letter. */
export function fileOf(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => `+${capital.toLowerCase()}`) + SUFFIX
}

/** The name of the set that a file is of: what `fileOf` was given. */
export function nameOfFile(file: string): string {
  return file.slice(0, -SUFFIX.length).replace(/\+([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** Whether a file is one of a set. */
export function isSetFile(file: string): boolean {
  return file.endsWith(SUFFIX)
}

/**
 * The folder that parameter sets are kept in. One process has it at a time. A change is a rename or a removal and
 * then an fsync of the folder: whatever stops the process, each name holds the old set or the new one, whole.
 */
export class SetFolder {
  readonly path: string
  /** Sets can be read and not changed. */
  readonly readOnly: boolean
  readonly #lock: number | undefined
  readonly #handle: FileHandle

  private constructor(path: string, lock: number | undefined, handle: FileHandle) {
    this.path = path
    this.readOnly = lock === undefined
    this.#lock = lock
    this.#handle = handle
  }

  /**
   * Makes the folder where it is not there, locks it and sweeps out what a process before left unfinished. A folder
   * that this process may only read needs no lock.
   * @throws Error in words for a person
   */
  static async open(folder: string): Promise<SetFolder> {
    const path = resolve(folder)
    const made = await mkdir(path, { recursive: true, mode: 0o700 })
    if (made !== undefined) await syncFolder(dirname(made))
    const lock = mayWrite(path) ? takeLock(join(path, LOCK)) : undefined
    if (lock !== undefined) {
      const left = (await readdir(path)).filter((file) => file.startsWith(ASIDE))
      await Promise.all(left.map((file) => rm(join(path, file), { force: true })))
    }
    return new SetFolder(path, lock, await open(path, 'r'))
  }

  /** The files of sets, in the order of their names. */
  async files(): Promise<string[]> {
    return (await readdir(this.path)).filter((file) => isSetFile(file) && !file.startsWith('.')).sort()
  }

  /** The path of the set of this name; undefined where there is none. */
  async find(name: string): Promise<string | undefined> {
    const path = join(this.path, fileOf(name))
    return access(path).then(
      () => path,
      () => undefined
    )
  }

  /**
   * A place for a new set under this name.
   * @throws LSTM_ERR_STORAGE when the folder is read-only
   */
  keep(name: string, created: Date): Keep {
    this.#demandWritable()
    return { aside: join(this.path, `${ASIDE}${randomUUID()}`), name, created: created.toISOString() }
  }

  /**
   * Puts what was written aside under its name; durable when the promise resolves.
   * @throws LSTM_ERR_STORAGE_FULL, LSTM_ERR_STORAGE
   */
  async commit({ aside, name }: Keep): Promise<void> {
    try {
      await rename(aside, join(this.path, fileOf(name)))
      await this.#handle.sync()
    } catch (error) {
      throw asStorageError(error)
    }
  }

  /** Removes what was written aside, if anything was. */
  async drop({ aside }: Keep): Promise<void> {
    await rm(aside, { force: true }).catch(() => {}) // the next start sweeps it out
  }

  /**
   * Removes the set of this name; durable when the promise resolves.
   * @throws LSTM_ERR_STORAGE
   */
  async remove(name: string): Promise<void> {
    this.#demandWritable()
    try {
      await rm(join(this.path, fileOf(name)), { force: true })
      await this.#handle.sync()
    } catch (error) {
      throw asStorageError(error)
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
    if (this.#lock !== undefined) closeSync(this.#lock)
  }

  #demandWritable(): void {
    if (this.readOnly) throw new LstmError('LSTM_ERR_STORAGE', [`${this.path} is read-only`])
  }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
