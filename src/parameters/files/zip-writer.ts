import { crc32 } from 'node:zlib'

/** 1 January 1980, 00:00, the first moment that a zip can name: the same entries always give the same bytes. */
const DOS_DATE = (1 << 5) | 1
const UTF8_NAME = 1 << 11
/** Files before zip64 end here. The parameter sets of this service are far smaller, so zip64 is not written. */
const MAX_BYTES = 0xffffffff
const MAX_ENTRIES = 0xffff

/**
 * Writes a zip of stored (not compressed) entries, deterministically. Weights hardly compress, and a stored entry can be
 * read in place. Layout: PKWARE, "APPNOTE.TXT - .ZIP File Format Specification" 6.3.10, sections 4.3.7, 4.3.12, 4.3.16.
 *
 * @param entries name → content; names must be unique
 * @throws {RangeError} past 65,535 entries or 4 GiB, or for a name of more than 65,535 bytes
 */
export function writeZip(entries: Iterable<readonly [string, Uint8Array]>): Uint8Array<ArrayBuffer> {
  const files = Array.from(entries, ([name, content]) => ({ name: new TextEncoder().encode(name), content }))
  const directoryAt = files.reduce((sum, { name, content }) => sum + 30 + name.length + content.length, 0)
  const endAt = files.reduce((sum, { name }) => sum + 46 + name.length, directoryAt)
  if (files.length > MAX_ENTRIES || endAt > MAX_BYTES || files.some(({ name }) => name.length > 0xffff)) {
    throw new RangeError(`${files.length} entries in ${endAt} bytes are past what a zip without zip64 can hold`)
  }
  const zip = new Uint8Array(endAt + 22)
  const view = new DataView(zip.buffer)
  let local = 0
  let central = directoryAt
  for (const { name, content } of files) {
    const sum = crc32(content)
    view.setUint32(local, 0x04034b50, true)
    writeShared(view, local + 4, sum, content.length, name.length)
    zip.set(name, local + 30)
    zip.set(content, local + 30 + name.length)

    view.setUint32(central, 0x02014b50, true)
    view.setUint16(central + 4, 20, true) // written by version 2.0 on MS-DOS: no file permissions follow
    writeShared(view, central + 6, sum, content.length, name.length)
    view.setUint32(central + 42, local, true)
    zip.set(name, central + 46)

    local += 30 + name.length + content.length
    central += 46 + name.length
  }
  view.setUint32(endAt, 0x06054b50, true)
  view.setUint16(endAt + 8, files.length, true)
  view.setUint16(endAt + 10, files.length, true)
  view.setUint32(endAt + 12, endAt - directoryAt, true)
  view.setUint32(endAt + 16, directoryAt, true)
  return zip
}

/** The fields that the two headers of an entry share, from "version needed" at `at`; what is not set stays 0. */
function writeShared(view: DataView, at: number, sum: number, size: number, nameLength: number): void {
  view.setUint16(at, 20, true)
  view.setUint16(at + 2, UTF8_NAME, true)
  view.setUint16(at + 8, DOS_DATE, true)
  view.setUint32(at + 10, sum, true)
  view.setUint32(at + 14, size, true)
  view.setUint32(at + 18, size, true)
  view.setUint16(at + 22, nameLength, true)
}
