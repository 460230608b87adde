import t from 'tap'
import { isVersion, numericVersion } from '../../../src/protocols/v2/version.ts'

t.test('a version is a positive number of 63 bits in decimal text', (t) => {
  t.equal(numericVersion('0000000000000001'), '1')
  t.equal(numericVersion('7fffffffffffffff'), '9223372036854775807')
  t.equal(numericVersion('ffffffffffffffff'), '9223372036854775807')
  t.equal(numericVersion('0f9985538eb419bd'), String(0x0f9985538eb419bdn))
  t.end()
})

t.test('a request may say either text', (t) => {
  const version = 'ada5626c4db3aa41'
  t.ok(isVersion(version, version))
  t.ok(isVersion(numericVersion(version), version))
  for (const other of ['', '1', 'ADA5626C4DB3AA41', `0${numericVersion(version)}`]) t.notOk(isVersion(other, version))
  t.end()
})
