import type { Fault } from './fault.ts'

/** Where a zip's central directory lies, [start, end), and how many entries it should have. */
export interface ZipDirectoryRange {
  readonly count: number
  readonly start: number
  readonly end: number
}

/** In place of a 32-bit field, this says that the zip64 record or field has the value. */
export const IN_ZIP64 = 0xffffffff

// Layouts: PKWARE, "APPNOTE.TXT - .ZIP File Format Specification" 6.3.10, the sections named here.
const END = { signature: 0x06054b50, bytes: 22 } // 4.3.16
const END_64 = { signature: 0x06064b50, bytes: 56 } // 4.3.14
const LOCATOR_64 = { signature: 0x07064b50, bytes: 20 } // 4.3.15
const MAX_COMMENT = 0xffff

/**
 * Finds the central directory from the records at the end of a zip. They must reach to the file's last byte and the
 * directory to them, so that a file cut off, or with another one before or after it, is refused.
 *
 * @param view the whole file
 * @throws what `fault` makes, when there is no such record or it contradicts itself or its zip64 form
 */
export function findZipDirectory(view: DataView, fault: Fault): ZipDirectoryRange {
  let at = view.byteLength - END.bytes
  const lowest = Math.max(0, at - MAX_COMMENT)
  const isEnd = (): boolean =>
    view.getUint32(at, true) === END.signature && at + END.bytes + view.getUint16(at + 20, true) === view.byteLength
  while (at >= lowest && !isEnd()) at--
  if (at < lowest) {
    throw fault(
      `no zip directory ends at the last of the ${view.byteLength} bytes; the file is cut off or is not a zip`
    )
  }
  if (view.getUint32(at + 4, true) !== 0 || view.getUint16(at + 8, true) !== view.getUint16(at + 10, true)) {
    throw fault('the zip is a part of several files; only whole ones are read')
  }
  const plain = {
    count: view.getUint16(at + 10, true),
    size: view.getUint32(at + 12, true),
    start: view.getUint32(at + 16, true)
  }
  const locator = at - LOCATOR_64.bytes
  if (locator < 0 || view.getUint32(locator, true) !== LOCATOR_64.signature) return range(plain, at, fault)

  const record = readUint64(view, locator + 8)
  if (record + END_64.bytes > locator || view.getUint32(record, true) !== END_64.signature) {
    throw fault(`expected a zip64 end of directory at byte ${record}`)
  }
  if (record + 12 + readUint64(view, record + 4) !== locator) {
    throw fault(`the zip64 end of directory at byte ${record} does not reach to its locator at byte ${locator}`)
  }
  const onDisks = [
    view.getUint32(locator + 4, true),
    view.getUint32(record + 16, true),
    view.getUint32(record + 20, true)
  ]
  const count = readUint64(view, record + 32)
  if (
    onDisks.some((disk) => disk !== 0) ||
    view.getUint32(locator + 16, true) !== 1 ||
    readUint64(view, record + 24) !== count
  ) {
    throw fault('the zip is a part of several files; only whole ones are read')
  }
  const size = readUint64(view, record + 40)
  const start = readUint64(view, record + 48)
  const agree = (short: number, long: number, none: number): boolean => short === long || short === none
  if (
    !agree(plain.count, count, 0xffff) ||
    !agree(plain.size, size, IN_ZIP64) ||
    !agree(plain.start, start, IN_ZIP64)
  ) {
    throw fault('the two ends of directory, zip and zip64, do not agree')
  }
  return range({ count, size, start }, record, fault)
}

function range(
  { count, size, start }: { count: number; size: number; start: number },
  end: number,
  fault: Fault
): ZipDirectoryRange {
  if (start + size !== end) {
    throw fault(`the zip directory should take bytes ${start} to ${start + size}, but its end record is at byte ${end}`)
  }
  return { count, start, end }
}

/** Numbers past 2^53 come out rounded, and still past the end of every file. */
export const readUint64 = (view: DataView, at: number): number => Number(view.getBigUint64(at, true))
