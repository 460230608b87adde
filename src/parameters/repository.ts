import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Body } from '../engine/body.ts'
import type { RestoredSet } from '../engine/messages.ts'
import { LstmError } from '../errors.ts'
import type { LoadRequest } from '../protocols/v2/load-request.ts'
import { fileOf, isSetFile, type Keep, nameOfFile } from './durable/folder.ts'
import type { ImportSettings } from './importers/imported.ts'
import { isSetName, type ModelsFolder, setNameOf } from './models-folder.ts'
import type { ParameterSet } from './parameter-set.ts'
import type { NewSet, ParameterStore } from './store.ts'

/** Who reads files: the worker pool. */
export interface FileReaders {
  import(body: Body, settings: ImportSettings, keep?: Keep): Promise<ParameterSet>
  restore(path: string, settings?: ImportSettings): Promise<RestoredSet>
}

/** A model and whether it can be used. */
export interface ModelState {
  readonly name: string
  /** Empty where it is not known. */
  readonly version: string
  readonly state: 'READY' | 'LOADING' | 'UNAVAILABLE'
  /** Why it is not ready; empty when it is. */
  readonly reason: string
}

/** Statuses of errors that lie in what was to be loaded, not in the service. */
const OF_THE_MODEL = new Set([400, 404, 406])

/**
 * Parameter sets as the models of a repository in Triton's sense, which can be loaded and unloaded. To unload takes a
 * set out of service and leaves what holds it: its file in LSTM_DATA_DIR or LSTM_MODELS_DIR, so that the next start
 * serves it again, or else its memory. To load brings it back.
 */
export class Repository {
  readonly #store: ParameterStore
  readonly #models: ModelsFolder | undefined
  readonly #readers: FileReaders
  /** By name: loads that are under way. */
  readonly #loading = new Map<string, number>()

  constructor(store: ParameterStore, models: ModelsFolder | undefined, readers: FileReaders) {
    this.#store = store
    this.#models = models
    this.#readers = readers
  }

  /** All models that are known of, those that are served first, each by name. */
  index(): ModelState[] {
    const ready = this.#store.list().map(({ name, set }) => state(name, set.version, 'READY', ''))
    const others = [
      ...[...this.#store.unloaded].map(([name, { version }]) => state(name, version, 'UNAVAILABLE', 'unloaded')),
      ...this.#store.notLoaded.map(({ file, reason }) => state(this.#nameOf(file), '', 'UNAVAILABLE', reason))
    ].filter(({ name }) => !this.#loading.has(name))
    const loading = [...this.#loading.keys()]
      .filter((name) => this.#store.get(name) === undefined)
      .map((name) => state(name, '', 'LOADING', ''))
    return [...ready, ...[...others, ...loading].sort((a, b) => (a.name < b.name ? -1 : 1))]
  }

  /** A file whose set is there is another file's: its own name says then which one it is. */
  #nameOf(file: string): string {
    const name = isSetFile(file) ? nameOfFile(file) : (this.#models?.setName(file) ?? setNameOf(file))
    return this.#store.get(name) === undefined && !this.#store.unloaded.has(name) ? name : file
  }

  /**
   * Puts the file of the request under this name, as PUT /parameters does; without one, brings back what was unloaded,
   * or reads the file of this name again.
   * @throws LSTM_ERR_LOAD_FAILED for what is wrong with the model, and what an import throws else; what was there goes
   *   on serving
   */
  async load(name: string, { settings, scheduling, file }: LoadRequest): Promise<void> {
    this.#loading.set(name, (this.#loading.get(name) ?? 0) + 1)
    try {
      if (!isSetName(name)) throw new LstmError('LSTM_ERR_INVALID_NAME', [name])
      if (file === undefined) {
        await this.#store.reload(name, async () => ({
          ...(await this.#readAgain(name, settings)),
          ...(scheduling && { scheduling })
        }))
      } else {
        const load = (keep: Keep | undefined) => this.#readers.import([file], settings, keep)
        await this.#store.put(name, load, () => {}, scheduling)
      }
    } catch (error) {
      throw asLoadError(name, error)
    } finally {
      const others = this.#loading.get(name)! - 1
      if (others === 0) this.#loading.delete(name)
      else this.#loading.set(name, others)
    }
  }

  /** Takes a model out of service; one that is not there is out of it already, as with Triton. */
  async unload(name: string): Promise<void> {
    await this.#store.unload(name)
  }

  async #readAgain(name: string, settings: ImportSettings): Promise<NewSet> {
    const asItWas = Object.keys(settings).length === 0
    const kept = this.#store.unloaded.get(name)?.kept
    if (kept !== undefined && asItWas) return inMemory(kept)
    const path = await this.#store.folder?.find(name)
    if (path !== undefined) {
      const restored = await this.#readers.restore(path, asItWas ? undefined : settings)
      if (restored.name !== name) throw refusal(`its file in LSTM_DATA_DIR holds the set ${restored.name}`)
      this.#store.forgetNotLoaded(fileOf(name))
      return { set: restored.set, created: new Date(restored.created), inFile: true }
    }
    const file = await this.#modelFile(name)
    if (file !== undefined) {
      const set = await this.#readers.import([await readFile(join(this.#models!.path, file))], settings)
      this.#store.forgetNotLoaded(file)
      return { set, created: new Date(), inFile: true }
    }
    const there = this.#store.get(name) ?? kept
    if (there === undefined) {
      throw refusal(
        'failed to poll from model repository: no file of this name is in LSTM_DATA_DIR or LSTM_MODELS_DIR, and none came as the parameter file:<path>'
      )
    }
    if (!asItWas) {
      throw refusal(
        'it is in memory only and cannot be read in another way: send its file as the parameter file:<path>'
      )
    }
    return inMemory(there)
  }

  async #modelFile(name: string): Promise<string | undefined> {
    return (await this.#models?.files())?.find((file) => this.#models!.setName(file) === name)
  }
}

function inMemory({ set, created, inFile = false }: NewSet): NewSet {
  return { set, created, inFile }
}

function state(name: string, version: string, state: ModelState['state'], reason: string): ModelState {
  return { name, version, state, reason }
}

function refusal(reason: string): LstmError {
  return new LstmError('LSTM_ERR_INVALID_PARAMETER_SET', [reason])
}

/** The error of a load, as clients of the protocol expect it. */
export function asLoadError(name: string, error: unknown): unknown {
  if (!(error instanceof LstmError) || error.code === 'LSTM_ERR_LOAD_FAILED' || !OF_THE_MODEL.has(error.status))
    return error
  return new LstmError('LSTM_ERR_LOAD_FAILED', [name.slice(0, 100), error.message], error.issues)
}
