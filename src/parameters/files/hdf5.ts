import type { FileArray } from './array.ts'
import { faultOf, quoted } from './fault.ts'
import { readFloats } from './floats.ts'
import { readStrings } from './hdf5-attribute.ts'
import { Hdf5Bytes } from './hdf5-bytes.ts'
import { readGroup } from './hdf5-group.ts'
import { type Message, message, readObjectHeader } from './hdf5-header.ts'
import { readDataspace, readDatatype } from './hdf5-types.ts'

const SIGNATURE = '\x89HDF\r\n\x1a\n'
const COMPACT = 0
const CONTIGUOUS = 1

export function isHdf5(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, SIGNATURE.length)).toString('latin1') === SIGNATURE
}

/** A group or a dataset. */
export interface Hdf5Object {
  /** The members of a group, by name; none for a dataset. */
  members(): ReadonlyMap<string, Hdf5Object>
  /** What a path such as `layers/lstm/cell` leads to. */
  find(path: string): Hdf5Object | undefined
  /** The strings of an attribute. */
  strings(attribute: string): string[] | undefined
  /** The array of a dataset; undefined for a group. */
  array(): FileArray | undefined
}

/**
 * Reads an HDF5 file as Keras writes it: groups of names, datasets of floats in one piece, attributes of strings. What
 * else the format has (chunks, compression, links, dense storage, external files) is refused by name.
 * Source: "HDF5 File Format Specification Version 3.0".
 * @throws LSTM_ERR_UNREADABLE_FILE, here and from every method
 */
export function readHdf5(bytes: Uint8Array, format: string): Hdf5Object {
  const file = new Hdf5Bytes(bytes, faultOf(format))
  file.signed(0, 9, SIGNATURE, 'an HDF5 file')
  return new StoredObject(file, readSuperblock(file), '')
}

/** @returns the address of the root group's object header. Source: II.A and II.B */
function readSuperblock(file: Hdf5Bytes): number {
  const version = file.u8(8)
  if (version > 3) throw file.fault(`its superblock has version ${version}; 0 to 3 are known`)
  const [sizesAt, basesAt] = version >= 2 ? [9, 12] : [13, version === 0 ? 24 : 28]
  if (file.u8(sizesAt) !== 8 || file.u8(sizesAt + 1) !== 8) throw file.fault('its addresses are not of 8 bytes')
  if (file.u64(basesAt) !== 0) throw file.fault('it does not begin at address 0')
  const end = file.u64(basesAt + 16)
  if (end > file.bytes.byteLength) {
    throw file.fault(`it should end at byte ${end}, but has ${file.bytes.byteLength} bytes; it is cut off`)
  }
  return file.u64(basesAt + (version >= 2 ? 24 : 40))
}

class StoredObject implements Hdf5Object {
  readonly #file: Hdf5Bytes
  readonly #address: number
  readonly #path: string
  #messages: readonly Message[] | undefined
  #members: ReadonlyMap<string, Hdf5Object> | undefined

  constructor(file: Hdf5Bytes, address: number, path: string) {
    this.#file = file
    this.#address = address
    this.#path = path
  }

  members(): ReadonlyMap<string, Hdf5Object> {
    if (this.#members === undefined) {
      const found = readGroup(this.#file, this.#header()) ?? new Map<string, number>()
      const object = ([name, address]: [string, number]): [string, Hdf5Object] => [
        name,
        new StoredObject(this.#file, address, `${this.#path}/${name}`)
      ]
      this.#members = new Map(Array.from(found, object))
    }
    return this.#members
  }

  find(path: string): Hdf5Object | undefined {
    let object: Hdf5Object | undefined = this
    for (const name of path.split('/').filter((each) => each !== '')) object = object?.members().get(name)
    return object
  }

  strings(attribute: string): string[] | undefined {
    return readStrings(this.#file, this.#header(), attribute)
  }

  array(): FileArray | undefined {
    const file = this.#file
    const at = (type: number): number | undefined => this.#header().find((each) => each.type === type)?.start
    const layoutAt = at(message.LAYOUT)
    const datatypeAt = at(message.DATATYPE)
    const dataspaceAt = at(message.DATASPACE)
    if (layoutAt === undefined || datatypeAt === undefined || dataspaceAt === undefined) return undefined
    const where = `dataset ${quoted(this.#path)}`
    const datatype = readDatatype(file, datatypeAt)
    const shape = readDataspace(file, dataspaceAt)
    return {
      shape,
      read: () => {
        if (datatype.kind !== 'float') {
          const kind = datatype.kind === 'other' ? datatype.name : datatype.kind
          throw file.fault(
            `${where} is of type ${kind}; weights are read from little-endian floats of 2, 4 and 8 bytes`
          )
        }
        if (at(message.FILTERS) !== undefined || at(message.EXTERNAL_FILES) !== undefined) {
          throw file.fault(`${where} is compressed or lies in another file; such are not read`)
        }
        const expected = shape.reduce((product, length) => product * length, datatype.bytes)
        const start = readLayout(file, layoutAt, expected, where)
        return {
          shape,
          data: readFloats(file.bytes.subarray(start, start + expected), datatype.type, shape, this.#path)
        }
      }
    }
  }

  #header(): readonly Message[] {
    this.#messages ??= readObjectHeader(this.#file, this.#address)
    return this.#messages
  }
}

/** Where the values of a dataset begin. Source: IV.A.2.i. */
function readLayout(file: Hdf5Bytes, at: number, expected: number, where: string): number {
  const version = file.u8(at)
  if (version !== 3 && version !== 4) throw file.fault(`${where} has a layout of version ${version}; 3 and 4 are read`)
  const kind = file.u8(at + 1)
  if (kind !== COMPACT && kind !== CONTIGUOUS)
    throw file.fault(`${where} lies in chunks; only datasets in one piece are read`)
  const size = kind === COMPACT ? file.u16(at + 2) : file.u64(at + 10)
  if (expected > size) throw file.fault(`${where} needs ${expected} bytes and has ${size}`)
  const start = kind === COMPACT ? at + 4 : file.u64(at + 2)
  return expected === 0 ? 0 : file.block(start, expected, where)
}
