import { readFileSync } from 'node:fs'

/** Files of the repository, seen from the built tests in dist/test. */

function repositoryFile(path: string): URL {
  return new URL(`../../${path}`, import.meta.url)
}

/** A file of test/fixtures. */
export function fixture(path: string): Buffer {
  return readFileSync(repositoryFile(`test/fixtures/${path}`))
}

/** A file of examples/. */
export function example(path: string): Buffer {
  return readFileSync(repositoryFile(`examples/${path}`))
}

export function jsonFixture<T>(path: string): T {
  return JSON.parse(fixture(path).toString('utf8')) as T
}

export type Nested2 = number[][]
export type Nested3 = number[][][]

type Names = 'Wf' | 'bf' | 'Wi' | 'bi' | 'Wc' | 'bc' | 'Wo' | 'bo' | 'Wy' | 'by'
type Gates<T> = Record<'ft' | 'it' | 'cct' | 'ot', T>

/** The course's exercise on one step. */
export interface CourseCell {
  parameters: Record<Names, Nested2>
  xt: Nested2
  a_prev: Nested2
  c_prev: Nested2
  expected: { a_next: Nested2; c_next: Nested2; yt_pred: Nested2; cache: Gates<Nested2> }
}

/** The course's exercise on a sequence. */
export interface CourseSequence {
  parameters: Record<Names, Nested2>
  x: Nested3
  a0: Nested2
  expected: { a: Nested3; y: Nested3; c: Nested3; caches: Gates<Nested3> }
}

export const courseCell = (): CourseCell => jsonFixture('course/cell.json')
export const courseSequence = (): CourseSequence => jsonFixture('course/sequence.json')

/** The largest |a - b| over two nested arrays of one shape. */
export function largestDifference(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b)
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return Number.POSITIVE_INFINITY
  return a.reduce((largest: number, value, i) => Math.max(largest, largestDifference(value, b[i])), 0)
}
