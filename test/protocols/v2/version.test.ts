import t from 'tap'
import { meansVersion, versionNumber } from '../../../src/protocols/v2/version.ts'

t.test('a version is a positive number of 63 bits in decimal text', (t) => {
  t.equal(versionNumber('0000000000000001'), '1')
  t.equal(versionNumber('7fffffffffffffff'), '9223372036854775807')
  t.equal(versionNumber('ffffffffffffffff'), '9223372036854775807')
  t.equal(versionNumber('0f9985538eb419bd'), String(0x0f9985538eb419bdn))
  t.end()
})

t.test('a request may say either text', (t) => {
  const version = 'ada5626c4db3aa41'
  t.ok(meansVersion(version, version))
  t.ok(meansVersion(versionNumber(version), version))
  for (const other of ['', '1', 'ADA5626C4DB3AA41', `0${versionNumber(version)}`]) t.notOk(meansVersion(other, version))
  t.end()
})
