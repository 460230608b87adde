/** Tensors of the document by the axes that they have in the notation; the layout may order them otherwise. */
const axes = {
  xt: ['n_x', 'm'],
  a_prev: ['n_a', 'm'],
  c_prev: ['n_a', 'm'],
  a0: ['n_a', 'm'],
  c0: ['n_a', 'm'],
  x: ['n_x', 'm', 'T_x'],
  Wy: ['n_y', 'n_a'],
  by: ['n_y', 'one'],
  ...Object.fromEntries(['Wf', 'Wi', 'Wc', 'Wo'].map((name) => [name, ['n_a', 'n_a+n_x']])),
  ...Object.fromEntries(['bf', 'bi', 'bc', 'bo', 'pf', 'pi', 'po'].map((name) => [name, ['n_a', 'one']])),
  Wp: ['n_a', 'n_a']
}
const batchFirst = { xt: [1, 0], a_prev: [1, 0], c_prev: [1, 0], a0: [1, 0], c0: [1, 0], x: [1, 2, 0] }
const timeFirst = { ...batchFirst, x: [2, 1, 0] }

const sizes = [1, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33]
const junk = [
  ...[null, true, false, 0, -0, 1, -1, 0.5, 1e300, -1e39, 3.5e38, 1e-300, 2 ** 31, 2 ** 32, 2 ** 53, 1e21],
  ...['', 'p', 'q', '__proto__', 'constructor', '\0', '\ud800', 'é'.repeat(40), 'x'.repeat(5000), 'AAAA', 'AA=='],
  ...[
    [],
    [[]],
    [[[]]],
    [[[[[[1]]]]]],
    {},
    { shape: [] },
    { shape: [0], data: '' },
    { shape: [1, 2 ** 31], data: 'AAAA' }
  ]
]
const numbers = [0, -0, 1, -1, 0.1, 1e-45, 1.4e-45, 3.4028235e38, -3.4028235e38, 1e39, 88.7, -88.7, 104, -104, 1e-320]

/** JSON values from the schemas of the API document: most of them valid, of fitting shapes, and each node wrong now and then. */
export class Generator {
  #document
  #random
  #faults

  constructor(document, random) {
    this.#document = document
    this.#random = random
  }

  body(schema) {
    const random = this.#random
    // half of the bodies have no fault but what their shapes have
    this.#faults = random.chance(0.5) ? 0 : random.of([0.002, 0.01, 0.05, 0.3])
    const small = () => random.of(sizes)
    const n_a = small()
    // the stored sets have these sizes
    const dimensions = random.chance(0.7) ? { n_x: 4, n_a: 8, n_y: 3 } : { n_x: small(), n_a, n_y: small() }
    return this.#value(schema, '', {
      ...dimensions,
      m: random.of([1, 2, 3, 5, 9]),
      T_x: random.of(sizes),
      layout: random.of([undefined, undefined, 'features_first', 'batch_first', 'time_first'])
    })
  }

  query(parameters) {
    const random = this.#random
    const asked = parameters.filter((parameter) => parameter.in === 'query' && random.chance(0.08))
    const pairs = asked.map(({ name, schema }) => [
      name,
      random.chance(0.8) ? String(this.#value(schema, name, {})) : random.of(['', 'x', '%', '\n', '-1', 'null'])
    ])
    return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
  }

  #value(schema, name, context) {
    const random = this.#random
    if (random.chance(this.#faults)) return random.of(junk)
    if (schema.$ref !== undefined) {
      const target = schema.$ref.split('/').at(-1)
      if (/^(Matrix|Vector|Tensor3)$/.test(target)) return this.#tensor(name, context)
      return this.#value(this.#document.components.schemas[target], name, context)
    }
    if (schema.anyOf !== undefined) return this.#value(random.of(schema.anyOf), name, context)
    if (name === 'layout' && context.layout !== undefined) return context.layout
    if (schema.enum !== undefined) return random.of(schema.enum)
    switch (schema.type) {
      case 'object':
        return this.#object(schema, context)
      case 'array':
        return this.#array(schema, name, context)
      case 'integer':
        return name === 'lengths' ? 1 + random.below(context.T_x) : 1 + random.below(20)
      case 'number':
        return this.#number()
      case 'boolean':
        return random.chance(0.5)
      default:
        return random.of(['p', 'p', 'p', 'p', 'q', 'q', 'none', 'a'.repeat(64)])
    }
  }

  #object({ properties, required = [] }, context) {
    const random = this.#random
    const entries = []
    for (const [name, schema] of Object.entries(properties)) {
      const there = required.includes(name) ? !random.chance(this.#faults) : random.chance(0.4)
      if (there || (name === 'layout' && context.layout !== undefined))
        entries.push([name, this.#value(schema, name, context)])
    }
    if (random.chance(this.#faults))
      entries.push([random.of(['', 'W', '__proto__', 'wf', 'x '.repeat(99)]), random.of(junk)])
    if (random.chance(0.2)) entries.sort(() => random.next() - 0.5)
    return Object.fromEntries(entries)
  }

  #array({ items, uniqueItems }, name, context) {
    const random = this.#random
    const length = name === 'lengths' && !random.chance(this.#faults) ? context.m : random.below(4)
    const values = Array.from({ length }, () => this.#value(items, name, context))
    return uniqueItems && !random.chance(this.#faults) ? [...new Set(values)] : values
  }

  #tensor(name, context) {
    const random = this.#random
    const order = { batch_first: batchFirst, time_first: timeFirst }[context.layout]?.[name]
    const known = (axes[name] ?? ['n_a', 'm']).map((axis) => {
      const length = axis === 'one' ? 1 : axis === 'n_a+n_x' ? context.n_a + context.n_x : context[axis]
      return random.chance(this.#faults) ? length + random.of([-1, 1]) : length
    })
    const shape = order === undefined ? known : order.map((axis) => known[axis])
    if (random.chance(this.#faults)) shape.push(2)
    const number = random.chance(0.95) ? () => random.next() * 2 - 1 : () => this.#number()
    if (random.chance(0.3)) {
      const count = Math.max(
        0,
        shape.reduce((product, length) => product * length, 1)
      )
      const data = Buffer.from(Float32Array.from({ length: count }, number).buffer).toString('base64')
      return { shape, data: random.chance(this.#faults) ? data.slice(random.below(4)) : data }
    }
    const nested = ([length, ...rest]) =>
      Array.from({ length: Math.max(0, length) }, () => (rest.length === 0 ? number() : nested(rest)))
    return nested(shape)
  }

  #number() {
    return this.#random.chance(0.2)
      ? this.#random.of(numbers)
      : (this.#random.next() - 0.5) * 10 ** (this.#random.below(9) - 4)
  }
}
