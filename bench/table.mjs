// Tables in Markdown, and how numbers look in them.

const isNumber = (cell) => /^[\d<−-]/.test(cell)

/** Rows of cells under a header; columns that begin with a number in the first row stand to the right. */
export function table(header, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  const rule = header.map((_, column) => (rows.length > 0 && isNumber(rows[0][column]) ? '---:' : '---'))
  return [line(header), line(rule), ...rows.map(line)].join('\n')
}

/** Three significant digits, with thousands set off, and no exponent. */
export function figure(value) {
  if (!Number.isFinite(value)) return '–'
  const magnitude = Math.abs(value)
  const decimals = magnitude === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(magnitude)))
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
}

/** `1.23× (1.20–1.30)` of a median and its quartiles. */
export const ratio = ({ median, low, high }) => `${median.toFixed(2)}× (${low.toFixed(2)}–${high.toFixed(2)})`

export const difference = (value) => value.toExponential(1)
