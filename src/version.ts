import { readFileSync } from 'node:fs'

/** The service's version, as package.json has it, which stands two folders above the built code. */
export const version: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
