import { JsonWriter, type LentDocument } from '../../codec/json/write.ts'
import type { Encoding, StridedTensor } from '../../codec/tensor.ts'
import { type CacheMember, cacheMembers } from './caches.ts'
import type { ResolvedSet } from './resolve.ts'

/** The last one that was made; most requests are for the set of the one before. */
const last = { name: null as string | null, version: '', json: '' }

/** How an answer names its parameter set. Names of sets are ASCII. */
function referenceTo(name: string | null, version: string): string {
  if (last.name !== name || last.version !== version) {
    Object.assign(last, { name, version, json: JSON.stringify({ name, version }) })
  }
  return last.json
}

/** The JSON of an answer, member by member, beginning with the parameter set that gave it. */
export class Answer {
  readonly #writer = new JsonWriter()
  readonly #encoding: Encoding
  readonly #reference: string

  constructor(encoding: Encoding, { set, name }: ResolvedSet) {
    this.#encoding = encoding
    this.#reference = referenceTo(name, set.version)
    this.#writer.raw('{"parameters":').raw(this.#reference)
  }

  tensor(name: string, tensor: StridedTensor): void {
    this.#writer.raw(',"').raw(name).raw('":')
    this.#write(tensor)
  }

  /** A member that holds the tensors of a cache and, as the last of them, the parameter set again. */
  cache(name: string, view: (member: CacheMember) => StridedTensor): void {
    this.#writer.raw(`,"${name}":{`)
    for (const member of cacheMembers) {
      this.#writer.raw(`"${member}":`)
      this.#write(view(member))
      this.#writer.raw(',')
    }
    this.#writer.raw('"parameters":').raw(this.#reference).raw('}')
  }

  #write(tensor: StridedTensor): void {
    if (this.#encoding === 'base64') this.#writer.base64(tensor)
    else this.#writer.nested(tensor)
  }

  finish(): LentDocument {
    return this.#writer.raw('}').lend()
  }
}
