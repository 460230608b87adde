import { crc32, inflateRawSync } from 'node:zlib'
import { type Fault, faultOf, quoted } from './fault.ts'
import { readZipDirectory, type ZipEntry } from './zip-directory.ts'

export interface ZipLimits {
  /** Bytes of all entries together once inflated. */
  readonly maxInflatedBytes: number
  /** Default 10,000. */
  readonly maxEntries?: number
}

/**
 * Reads every entry of a zip (stored or deflated, zip64 too).
 *
 * Time and memory are bounded by the file's length and `maxInflatedBytes`, whatever the file says: the declared sizes are
 * summed up before anything is inflated, and no entry is let past its declared size.
 *
 * @param bytes the whole file
 * @param format what the file is to the user (`npz`, `keras`, …), for the message of an error
 * @returns name → content in the directory's order; a stored entry is a view on `bytes`, not a copy
 * @throws {LstmError} LSTM_ERR_UNREADABLE_FILE for a file that is damaged, cut off, ambiguous, encrypted or past the limits
 */
export function readZip(bytes: Uint8Array, limits: ZipLimits, format: string): Map<string, Uint8Array> {
  const fault = faultOf(format)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries = readZipDirectory(view, limits.maxEntries ?? 10_000, fault)
  const declared = entries.reduce((sum, { size }) => sum + size, 0)
  if (declared > limits.maxInflatedBytes) {
    throw fault(`the entries inflate to ${declared} bytes; the limit is ${limits.maxInflatedBytes}`)
  }
  return new Map(entries.map((entry) => [entry.name, readEntry(view, entry, fault)]))
}

function readEntry(view: DataView, entry: ZipEntry, fault: Fault): Uint8Array {
  const raw = new Uint8Array(view.buffer, view.byteOffset + entry.start, entry.end - entry.start)
  const content = entry.deflated ? inflate(raw, entry, fault) : raw
  const sum = crc32(content)
  if (sum !== entry.crc32) {
    throw fault(`entry ${quoted(entry.name)} is damaged: its CRC-32 is ${hex(sum)}, expected ${hex(entry.crc32)}`)
  }
  return content
}

function inflate(raw: Uint8Array, { name, size }: ZipEntry, fault: Fault): Uint8Array {
  const where = `entry ${quoted(name)}`
  let inflated: InflateInfo
  try {
    // One chunk with a byte to spare takes all that the entry may hold: nothing is joined up afterwards, which
    // would cost the size twice and, measured, four times the time.
    const options = { chunkSize: Math.max(64, size + 1), maxOutputLength: Math.max(1, size), info: true }
    inflated = inflateRawSync(raw, options) as unknown as InflateInfo
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw fault(`${where} inflates to more than the ${size} bytes that it declares`)
    if (code?.startsWith('Z_')) throw fault(`${where} cannot be inflated: ${message}`)
    throw error
  }
  const { buffer: content, engine } = inflated
  if (content.length !== size) throw fault(`${where} inflates to ${content.length} bytes; it declares ${size}`)
  if (engine.bytesWritten !== raw.length) {
    throw fault(`${where} has ${raw.length - engine.bytesWritten} bytes more than its deflated content`)
  }
  // A Buffer's slice() is a view where a Uint8Array's is a copy; callers count on the latter.
  return new Uint8Array(content.buffer, content.byteOffset, content.length)
}

/** What zlib's functions return with `info: true`, which @types/node does not say. */
interface InflateInfo {
  readonly buffer: Buffer
  /** `bytesWritten` is how much of the input was taken. */
  readonly engine: { readonly bytesWritten: number }
}

const hex = (sum: number): string => `0x${sum.toString(16).padStart(8, '0')}`
