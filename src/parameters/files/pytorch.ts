import type { FileArray } from './array.ts'
import { type Fault, faultOf, quoted } from './fault.ts'
import { type FloatType, floatTypes, readFloats } from './floats.ts'
import { PickledDict, PickledGlobal, type PickleVocabulary, readPickle } from './pickle.ts'

/** A piece of memory of which tensors are views; one entry of the zip. */
class Storage {
  readonly key: string
  readonly kind: string
  readonly values: number

  constructor(key: string, kind: string, values: number) {
    this.key = key
    this.kind = kind
    this.values = values
  }
}

/** A view on a storage; offset and strides are counted in values. */
class StorageView {
  readonly storage: Storage
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage
    this.offset = offset
    this.shape = shape
    this.strides = strides
  }
}

const storageTypes: Readonly<Record<string, FloatType>> = {
  'torch.HalfStorage': 'float16',
  'torch.BFloat16Storage': 'bfloat16',
  'torch.FloatStorage': 'float32',
  'torch.DoubleStorage': 'float64'
}

const ORDERED_DICT = 'collections.OrderedDict'
const REBUILD_TENSOR = 'torch._utils._rebuild_tensor_v2'
const REBUILD_PARAMETER = 'torch._utils._rebuild_parameter'
const isStorage = (name: string): boolean => /^torch\.[A-Z][A-Za-z0-9]*Storage$/.test(name)

const MAX_AXES = 64
/** How deep dicts may lie in each other: {"state_dict": {…}, "epoch": 3} and the like. */
const MAX_NESTING = 8

/** Whether a zip has been written by `torch.save`. @returns the folder that all its entries lie in */
export function pytorchFolder(entries: Iterable<string>): string | undefined {
  for (const entry of entries) if (entry.endsWith('/data.pkl')) return entry.slice(0, -'data.pkl'.length)
  return undefined
}

/**
 * The tensors in a file of `torch.save`: those of the outermost dict, and those of the plain dicts in it, whose keys go
 * in front of theirs with a dot between. No code of the file is run, and none that it names.
 * @param entries the zip's entries
 * @param folder from `pytorchFolder`
 * @throws LSTM_ERR_UNREADABLE_FILE for a pickle that asks for anything else, and for views past the end of their storage
 */
export function readPytorch(entries: ReadonlyMap<string, Uint8Array>, folder: string): Map<string, FileArray> {
  const fault = faultOf('PyTorch')
  const order = entries.get(`${folder}byteorder`)
  if (order !== undefined && Buffer.from(order).toString('latin1').trim() !== 'little') {
    throw fault('its storages are big-endian, which are not read')
  }
  const root = readPickle(entries.get(`${folder}data.pkl`) as Uint8Array, vocabulary(fault), fault)
  if (!(root instanceof PickledDict)) {
    throw fault('data.pkl does not hold a dict; save a state dict: torch.save(model.state_dict(), path)')
  }
  const arrays = new Map<string, FileArray>()
  const seen = new Set<PickledDict>()
  const collect = (dict: PickledDict, prefix: string, nesting: number): void => {
    if (seen.has(dict)) return // dicts that hold each other many times over would take for ever
    seen.add(dict)
    if (nesting > MAX_NESTING) throw fault(`its dicts are nested more than ${MAX_NESTING} deep`)
    for (const [key, value] of dict.entries) {
      if (typeof key !== 'string') continue // the state of an optimiser is counted, not named
      const name = prefix + key
      if (value instanceof PickledDict) {
        collect(value, `${name}.`, nesting + 1)
      } else if (value instanceof StorageView) {
        if (arrays.has(name)) throw fault(`it has two tensors ${quoted(name)}`)
        arrays.set(name, asArray(value, name, entries.get(`${folder}data/${value.storage.key}`), fault))
      }
    }
  }
  collect(unwrapped(root), '', 0)
  return arrays
}

/** A checkpoint keeps its state dict beside other things: a dict whose one member with tensors in it is a dict. */
function unwrapped(root: PickledDict): PickledDict {
  const withTensors = root.entries.filter(([, value]) => value instanceof StorageView || holdsTensors(value))
  if (withTensors.length !== 1) return root
  const [, only] = withTensors[0]
  return only instanceof PickledDict ? only : root
}

function holdsTensors(value: unknown): boolean {
  return value instanceof PickledDict && value.entries.some(([, each]) => each instanceof StorageView)
}

function vocabulary(fault: Fault): PickleVocabulary {
  return {
    allows: (name) => name === ORDERED_DICT || name === REBUILD_TENSOR || name === REBUILD_PARAMETER || isStorage(name),
    make(name, args) {
      if (name === ORDERED_DICT && args.length === 0) return new PickledDict()
      if (name === REBUILD_TENSOR) return rebuildTensor(args, fault)
      if (name === REBUILD_PARAMETER && args[0] instanceof StorageView) return args[0]
      throw fault(`data.pkl: a call of ${name} with arguments that are not its own`)
    },
    persistent(id) {
      const [kind, type, key, , values] = Array.isArray(id) ? id : []
      if (kind !== 'storage' || !(type instanceof PickledGlobal) || !isStorage(type.name) || typeof key !== 'string') {
        throw fault('data.pkl: a reference to something outside that is no storage')
      }
      if (!isLength(values)) throw fault(`data.pkl: storage ${quoted(key)} has no length`)
      return new Storage(key, type.name, values)
    }
  }
}

function rebuildTensor([storage, offset, shape, strides]: readonly unknown[], fault: Fault): StorageView {
  if (!(storage instanceof Storage) || !isLength(offset) || !isLengths(shape) || !isLengths(strides)) {
    throw fault('data.pkl: a tensor without storage, offset, shape and strides')
  }
  if (shape.length !== strides.length) throw fault('data.pkl: a tensor with more axes than strides, or fewer')
  return new StorageView(storage, offset, shape, strides)
}

const isLength = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isLengths = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= MAX_AXES && value.every(isLength)

function asArray(view: StorageView, name: string, bytes: Uint8Array | undefined, fault: Fault): FileArray {
  const { storage, offset, shape, strides } = view
  const where = `tensor ${quoted(name)}`
  return {
    shape,
    read() {
      const type = storageTypes[storage.kind]
      if (type === undefined) {
        throw fault(`${where} lies in a ${storage.kind}; weights are read from ${Object.keys(storageTypes).join(', ')}`)
      }
      if (bytes === undefined) throw fault(`${where}: the zip has no storage ${quoted(storage.key)}`)
      const size = floatTypes[type].bytes
      if (bytes.byteLength !== storage.values * size) {
        const stated = `storage ${quoted(storage.key)} should hold ${storage.values} values of ${size} bytes`
        throw fault(`${where}: ${stated}, but it has ${bytes.byteLength} bytes`)
      }
      const count = shape.reduce((product, length) => product * length, 1)
      if (count === 0) return { shape, data: new Float32Array(0) }
      const last = shape.reduce((at, length, axis) => at + (length - 1) * strides[axis], offset)
      if (last >= storage.values) {
        throw fault(`${where} reaches to value ${last} of a storage of ${storage.values} values`)
      }
      // Without overlaps (torch.expand has them) a tensor is no larger than its storage, whatever it declares.
      if (count > storage.values) {
        throw fault(
          `${where} has ${count} values over a storage of ${storage.values}; save a copy: tensor.contiguous()`
        )
      }
      if (isDense(view)) {
        return { shape, data: readFloats(bytes.subarray(offset * size, (offset + count) * size), type, shape, name) }
      }
      return { shape, data: readFloats(gather(bytes, size, view, count), type, shape, name) }
    }
  }
}

function isDense({ shape, strides }: StorageView): boolean {
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] > 1 && strides[axis] !== stride) return false
    stride *= shape[axis]
  }
  return true
}

/** The bytes of a view's values, row-major. */
function gather(bytes: Uint8Array, size: number, { shape, strides, offset }: StorageView, count: number): Uint8Array {
  const gathered = new Uint8Array(count * size)
  const axes = shape
    .map((length, axis) => ({ length, stride: strides[axis], at: 0 }))
    .filter(({ length }) => length > 1)
  axes.reverse()
  let from = offset
  for (let i = 0; i < count; i++) {
    for (let byte = 0; byte < size; byte++) gathered[i * size + byte] = bytes[from * size + byte]
    for (const axis of axes) {
      from += axis.stride
      if (++axis.at < axis.length) break
      from -= axis.stride * axis.length
      axis.at = 0
    }
  }
  return gathered
}
