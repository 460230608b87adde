import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parameterSetNamePattern } from '../../schemas/index.ts'
import type { Body } from '../engine/body.ts'
import { LstmError } from '../errors.ts'
import type { ParameterSet } from './parameter-set.ts'
import type { ParameterStore } from './store.ts'

const namePattern = new RegExp(parameterSetNamePattern)

/** Whether a set may have this name. */
export function isSetName(name: string): boolean {
  return namePattern.test(name)
}

/** What is no part of a set's name: the last extension, and what Keras puts before it. */
const EXTENSION = /(\.weights)?\.[A-Za-z0-9]+$/

/** The name of the set that a model file gives: `mine` of mine.pt, mine.weights.h5 and mine. */
export function setNameOf(file: string): string {
  return file.replace(EXTENSION, '')
}

/** The model files of LSTM_MODELS_DIR, and which sets they give. */
export class ModelsFolder {
  readonly path: string
  readonly #modelName: string

  /** @param modelName of the set of the only file; empty where files have their own names */
  constructor(path: string, modelName: string) {
    this.path = path
    this.#modelName = modelName
  }

  /**
   * The files, in the order of their names, so that of two for one set it is always the first that is read.
   * @throws Error in words for a person when the folder cannot be read, or one name is for several files
   */
  async files(): Promise<string[]> {
    const files = await modelFiles(this.path)
    if (this.#modelName !== '' && files.length > 1) {
      throw new Error(
        `LSTM_MODEL_NAME names the set of one file; LSTM_MODELS_DIR has ${files.length}: ${files.slice(0, 8).join(', ')}`
      )
    }
    return files
  }

  /** The name of the set that a file of the folder gives. */
  setName(file: string): string {
    return this.#modelName === '' ? setNameOf(file) : this.#modelName
  }
}

/**
 * Puts the set of every file of a folder into the store, under the file's name; hidden files and folders are passed
 * over. A file that gives no set is reported in the store and does not stop the others. A set that is there already,
 * kept from an earlier run, stays: somebody has put it in since.
 * @param files what `ModelsFolder.files` gave
 * @param atOnce how many files are read at a time
 */
export async function loadModels(
  folder: ModelsFolder,
  files: string[],
  store: ParameterStore,
  atOnce: number,
  load: (body: Body) => Promise<ParameterSet>
): Promise<void> {
  const sources = new Map<string, string>()
  const one = async (): Promise<void> => {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      try {
        const name = folder.setName(file)
        claim(sources, name, file)
        if (store.get(name) !== undefined) continue
        store.adopt({
          name,
          set: await load([await readFile(join(folder.path, file))]),
          created: new Date(),
          inFile: true
        })
      } catch (error) {
        store.reportNotLoaded({ file, reason: (error as Error).message })
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}

async function modelFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort()
  } catch (error) {
    throw new Error(`LSTM_MODELS_DIR cannot be read: ${(error as Error).message}`)
  }
}

/** @throws Error, LSTM_ERR_INVALID_NAME when the file cannot have this name */
function claim(sources: Map<string, string>, name: string, file: string): void {
  if (!isSetName(name)) throw new LstmError('LSTM_ERR_INVALID_NAME', [name])
  const other = sources.get(name)
  if (other !== undefined) throw new Error(`${other} is the set ${name} already: give one of them another name`)
  sources.set(name, file)
}
