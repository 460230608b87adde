import { type Phases, phaseNames } from '../metrics/phases.ts'

/** The Server-Timing header (W3C) of an inference, in milliseconds. */
export function serverTiming(phases: Phases): string {
  let header = ''
  for (const name of phaseNames) header += `${header === '' ? '' : ', '}${name};dur=${phases[name].toFixed(3)}`
  return header
}
