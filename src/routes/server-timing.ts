import { type Phases, phaseNames } from '../metrics/phases.ts'

/** The Server-Timing header (W3C) of an inference, in milliseconds. */
export function serverTiming(phases: Phases): string {
  return phaseNames.map((name) => `${name};dur=${phases[name].toFixed(3)}`).join(', ')
}
