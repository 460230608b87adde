import { join } from 'node:path'
import type { ParameterSet } from '../parameter-set.ts'
import type { ParameterStore } from '../store.ts'
import { fileOf, type SetFolder } from './folder.ts'

interface Restored {
  readonly name: string
  readonly set: ParameterSet
  readonly created: string
}

/**
 * Puts every set of the folder into the store; a file that does not give one is reported there and touched no more.
 * @param atOnce how many files are read at a time
 */
export async function restoreSets(
  folder: SetFolder,
  store: ParameterStore,
  atOnce: number,
  restore: (path: string) => Promise<Restored>
): Promise<void> {
  const files = await folder.files()
  const one = async (): Promise<void> => {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      try {
        const { name, set, created } = await restore(join(folder.path, file))
        if (fileOf(name) === file) store.adopt({ name, set, created: new Date(created), inFile: true })
        else store.reportNotLoaded({ file, reason: `it holds the set ${name}, which belongs into ${fileOf(name)}` })
      } catch (error) {
        store.reportNotLoaded({ file, reason: (error as Error).message })
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}
