import { importModel } from '../../../src/parameters/importers/import-model.ts'
import type { ImportSettings } from '../../../src/parameters/importers/imported.ts'
import { fixture } from '../../fixtures.ts'

const limits = { maxInflatedBytes: 5e8, maxJsonDepth: 32 }

/** Imports a file of test/fixtures. */
export function imported(path: string, settings: ImportSettings = {}) {
  return importBytes(fixture(path), settings)
}

export function importBytes(bytes: Uint8Array, settings: ImportSettings = {}) {
  return importModel(bytes, settings, limits)
}
