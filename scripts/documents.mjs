// The tables in the documents that the code knows better: the settings in README.md, the errors in docs/errors.md.
// With --write they are written, without they are compared.
import { readFileSync, writeFileSync } from 'node:fs'
import { flagOf, settings } from '../dist/src/config.js'
import { errorCatalogue } from '../dist/src/errors.js'

const settingRows = Object.entries(settings).map(
  ([name, { default: initial, description }]) =>
    `| \`${name}\` | \`--${flagOf(name)}\` | ${initial === '' ? '' : `\`${initial}\``} | ${description} |`
)
const errorRows = errorCatalogue.map(({ code, status, title }) => `| \`${code}\` | ${status} | ${title} |`)

const tables = [
  {
    file: 'README.md',
    name: 'settings',
    rows: ['| variable | flag | default | meaning |', '| --- | --- | --- | --- |', ...settingRows]
  },
  {
    file: 'docs/errors.md',
    name: 'errors',
    rows: ['| code | status | title |', '| --- | --- | --- |', ...errorRows]
  }
]

for (const { file, name, rows } of tables) {
  const path = new URL(`../${file}`, import.meta.url)
  const text = readFileSync(path, 'utf8')
  const section = new RegExp(`(<!-- ${name}: made by scripts/documents.mjs -->\n)[^]*?(<!-- /${name} -->)`)
  if (!section.test(text)) throw new Error(`${file} has no section ${name}`)
  const expected = text.replace(section, (_, begin, end) => `${begin}${rows.join('\n')}\n${end}`)
  if (expected === text) continue
  if (process.argv.includes('--write')) {
    writeFileSync(path, expected)
  } else {
    console.error(`the table of ${name} in ${file} is not what the code says; run \`npm run documents\``)
    process.exitCode = 1
  }
}
