import type { ModelTest } from '../../lstm/model.ts'
import type { FileArrays } from '../files/array.ts'
import { testNames } from '../notation-arrays.ts'

/** The test vector of a file, if it has one. @param used gets the names that were taken */
export function testVector(arrays: FileArrays, used: Set<string>): ModelTest | undefined {
  const [x, a, y] = [testNames.x, testNames.a, testNames.y].map((name) => {
    const array = arrays.get(name)
    if (array !== undefined) used.add(name)
    if (array === undefined) return undefined
    const { shape, data } = array.read()
    return { shape, data }
  })
  if (x === undefined) return undefined
  return { x, ...(a === undefined ? {} : { a }), ...(y === undefined ? {} : { y }) }
}
