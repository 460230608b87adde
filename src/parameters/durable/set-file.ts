import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { faultOf } from '../files/fault.ts'
import { asStorageError } from './storage-error.ts'

/**
 * A parameter set as a file:
 *
 *     lstm-serve set 1 sha256 <64 hexadecimal digits, over all that follows this line>
 *     {"name":…,"created":…,"version":…,"settings":{…}}
 *     <the bytes as they were put in>
 *
 * It holds what the client sent and how it was to be read, not what a kernel made of it, so that it outlives every
 * change of kernels and of packing.
 */

const MAGIC = 'lstm-serve set 1 sha256 '
const DIGEST_DIGITS = 64
const FIRST_LINE_BYTES = MAGIC.length + DIGEST_DIGITS + 1
/** The first two lines are shorter than this: what they hold came in a request's head. */
const HEAD_BYTES = 64 * 1024
/** Bytes between two looks at other work. */
const CHUNK_BYTES = 1024 * 1024

interface SetFileHead {
  readonly name: string
  /** When the set was put in, ISO 8601. */
  readonly created: string
  readonly version: string
  /** What the request said of how its body is to be read. */
  readonly settings: object
}

export interface SetFile extends SetFileHead {
  readonly body: Uint8Array
}

const fault = faultOf('set file')

/**
 * Writes the file whole and has it on the disk when the promise resolves; the name of the file is not yet.
 * @throws LSTM_ERR_STORAGE_FULL, LSTM_ERR_STORAGE
 */
export async function writeSetFile(path: string, { body, ...head }: SetFile): Promise<void> {
  try {
    const file = await open(path, 'w', 0o600)
    try {
      const hash = createHash('sha256')
      const line = Buffer.from(`${JSON.stringify(head)}\n`)
      await writeHashed(file, hash, line, FIRST_LINE_BYTES)
      await writeHashed(file, hash, body, FIRST_LINE_BYTES + line.length)
      await writeAll(file, Buffer.from(`${MAGIC}${hash.digest('hex')}\n`), 0)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    throw asStorageError(error)
  }
}

async function writeHashed(file: FileHandle, hash: Hash, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const chunk = bytes.subarray(at, at + CHUNK_BYTES)
    hash.update(chunk)
    await writeAll(file, chunk, position + at)
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten
  }
}

/**
 * Reads a file back.
 * @throws LSTM_ERR_UNREADABLE_FILE when it is torn, damaged or something else; LSTM_ERR_STORAGE when it cannot be read
 */
export async function readSetFile(path: string): Promise<SetFile> {
  try {
    const file = await open(path, 'r')
    try {
      return await readOpened(file)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw asStorageError(error)
  }
}

async function readOpened(file: FileHandle): Promise<SetFile> {
  const { size } = await file.stat()
  const head = await readRange(file, 0, Math.min(size, HEAD_BYTES))
  const begin = head.subarray(0, FIRST_LINE_BYTES).toString('latin1')
  if (!begin.startsWith(MAGIC)) throw fault(`it does not begin with ${JSON.stringify(MAGIC)}`)
  const lineEnd = head.indexOf('\n', FIRST_LINE_BYTES)
  if (lineEnd < 0) throw fault('it ends within its head')
  const line = head.subarray(FIRST_LINE_BYTES, lineEnd + 1)
  const hash = createHash('sha256').update(line)
  const body = await readRange(file, lineEnd + 1, size - lineEnd - 1, hash)
  if (begin !== `${MAGIC}${hash.digest('hex')}\n`) throw fault('its checksum is wrong: it is torn or damaged')
  return { ...(JSON.parse(line.toString('utf8')) as SetFileHead), body }
}

/** `length` bytes from `position` in a buffer of their own. */
async function readRange(file: FileHandle, position: number, length: number, hash?: Hash): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(CHUNK_BYTES, length - at), position + at)
    if (bytesRead === 0) throw fault('it became shorter while it was read')
    hash?.update(bytes.subarray(at, at + bytesRead))
    at += bytesRead
  }
  return bytes
}
