import type { MovedImport, RestoredSet } from '../../engine/messages.ts'
import { readSetFile, writeSetFile } from '../../parameters/durable/set-file.ts'
import { faultOf } from '../../parameters/files/fault.ts'
import type { ImportSettings } from '../../parameters/importers/imported.ts'
import { type ParameterSet, releaseParameterSet } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'
import { importSet } from './import-set.ts'

/**
 * Imports a set and, where it is to be kept, writes what was sent aside, for the HTTP thread to give it its name.
 * @throws what importSet throws, LSTM_ERR_STORAGE_FULL, LSTM_ERR_STORAGE
 */
export async function keepSet(
  { body, keep, settings = {} }: MovedImport,
  context: WorkerContext
): Promise<ParameterSet> {
  const set = await importSet(body, settings, context)
  if (keep === undefined) return set
  try {
    const { aside, name, created } = keep
    await writeSetFile(aside, { name, created, version: set.version, settings, body })
    return set
  } catch (error) {
    releaseParameterSet(context.kernel, set)
    throw error
  }
}

/**
 * A set out of its file, read as it was when it was put in, or otherwise where the settings say so.
 * @throws LSTM_ERR_UNREADABLE_FILE, LSTM_ERR_STORAGE, and what importSet throws
 */
export async function restoreSet(
  path: string,
  context: WorkerContext,
  otherSettings?: ImportSettings
): Promise<RestoredSet> {
  const { name, created, version, settings, body } = await readSetFile(path)
  const set = await importSet(body, otherSettings ?? settings, context)
  if (otherSettings === undefined && set.version !== version && set.version !== decimal(version)) {
    releaseParameterSet(context.kernel, set)
    throw faultOf('set file')(`it was put in as version ${version} and is read as ${set.version}`)
  }
  return { name, set, created }
}

/** The version of a file that was written when versions were 16 hexadecimal digits of the same hash. */
function decimal(version: string): string | undefined {
  return /^[0-9a-f]{16}$/.test(version) ? BigInt.asUintN(63, BigInt(`0x${version}`)).toString() : undefined
}
