import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** What a key may be used for. */
export const scopes = ['infer', 'manage', 'metrics'] as const
export type Scope = (typeof scopes)[number]

/** Who has shown a key. */
export interface Client {
  /** The key's name in the file: for the log and the rate limit. */
  readonly id: string
  readonly scopes: ReadonlySet<Scope>
}

/** Keys past this are refused: each request is compared with all of them. */
const MAX_KEYS = 1000

/**
 * The keys of a file, as SHA-256 of each: a line for each key, `id scopes sha256`, with commas between scopes; lines
 * that are empty or begin with # say nothing. A key is 32 random bytes (make-key.ts), so that a hash without salt and
 * rounds does not tell it.
 */
export class KeyFile {
  readonly #keys: readonly { readonly client: Client; readonly digest: Buffer }[]

  /** @throws Error in words for a person, with the line and never its hash */
  constructor(text: string) {
    const ids = new Set<string>()
    this.#keys = text.split('\n').flatMap((line, index) => {
      const words = line.split('#')[0].trim().split(/\s+/)
      if (words[0] === '') return []
      const fault = (reason: string) => new Error(`line ${index + 1}: ${reason}`)
      const [id, allowed, hash, ...more] = words
      if (hash === undefined || more.length > 0) throw fault('expected "id scopes sha256"')
      if (!/^[\w.-]{1,64}$/.test(id)) throw fault('the id is not 1 to 64 of A-Z a-z 0-9 . _ -')
      if (ids.has(id)) throw fault(`the id ${id} stands here twice`)
      ids.add(id)
      const given = allowed.split(',')
      if (!given.every((scope): scope is Scope => (scopes as readonly string[]).includes(scope))) {
        throw fault(`the scopes of ${id} are not among ${scopes.join(', ')}`)
      }
      if (!/^[0-9a-f]{64}$/i.test(hash)) throw fault(`the hash of ${id} is not 64 hexadecimal digits`)
      return [{ client: { id, scopes: new Set(given) }, digest: Buffer.from(hash, 'hex') }]
    })
    if (this.#keys.length === 0) throw new Error('it holds no key')
    if (this.#keys.length > MAX_KEYS)
      throw new Error(`it holds ${this.#keys.length} keys; at most ${MAX_KEYS} are taken`)
  }

  static read(path: string): KeyFile {
    return new KeyFile(readFileSync(path, 'utf8'))
  }

  get size(): number {
    return this.#keys.length
  }

  /** Whose key this is. Takes as long whichever key it is, and when it is none. */
  find(key: string): Client | undefined {
    const shown = createHash('sha256').update(key).digest()
    let found: Client | undefined
    for (const { client, digest } of this.#keys) if (timingSafeEqual(digest, shown)) found = client
    return found
  }
}
