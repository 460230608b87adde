import { existsSync } from 'node:fs'
import t from 'tap'
import { readZip } from '../../../src/parameters/files/zip.ts'
import { writeZip } from '../../../src/parameters/files/zip-writer.ts'
import { fixture, jsonFixture } from '../../fixtures.ts'
import { type Expected, largestError } from '../../framework-outputs.ts'
import { importBytes, imported } from './read.ts'

const expected = jsonFixture<Record<string, Expected>>('pytorch/expected.json')

t.test("a state dict computes what PyTorch's nn.LSTM computes", async (t) => {
  const forms: Record<string, readonly string[]> = {
    plain: ['pt', 'safetensors'],
    two_layers: ['pt', 'safetensors'],
    three_bidirectional: ['pt', 'safetensors'],
    no_bias: ['pt', 'safetensors'],
    projection: ['pt', 'safetensors'],
    projection_bidirectional: ['pt', 'safetensors'],
    one_unit: ['pt', 'safetensors'],
    float16: ['pt', 'safetensors'],
    bfloat16: ['pt', 'safetensors'],
    float64: ['pt'],
    checkpoint: ['pt'],
    views: ['pt'],
    cell: ['pt']
  }
  t.strictSame(Object.keys(forms).sort(), Object.keys(expected).sort(), 'every fixture is looked at')
  for (const [name, extensions] of Object.entries(forms)) {
    for (const extension of extensions) {
      const { model, source, format } = imported(`pytorch/${name}.${extension}`)
      t.equal(format, extension === 'pt' ? 'pytorch' : 'safetensors')
      t.equal(source.convention, 'pytorch')
      const error = largestError(model, expected[name])
      t.ok(error <= 1e-5, `${name}.${extension}: largest difference ${error}`)
      t.equal(model.head?.activation, expected[name].y === undefined ? undefined : 'linear')
    }
  }
})

t.test('the settings say what a file does not', async (t) => {
  t.match(imported('pytorch/plain.pt', { head: 'none' }).model.head, undefined)
  t.match(imported('pytorch/plain.pt', { head_activation: 'softmax' }).model.head, { activation: 'softmax' })
  const refused: [object, RegExp][] = [
    [{}, /several LSTMs in this file: encoder\.rnn\., decoder\.rnn\.; choose one with \?prefix=encoder\.rnn\.$/],
    [{ prefix: 'encoder' }, /no LSTM of this file is called "encoder"; there are encoder\.rnn\., decoder\.rnn\./],
    [
      { prefix: 'decoder.rnn.' },
      /several layers could be the head: out, extra; choose one with \?head=out or \?head=none/
    ],
    [{ prefix: 'decoder.rnn.', head: 'fc' }, /no linear layer is called fc; those that read 4 features: out, extra/],
    [
      { prefix: 'decoder.rnn.', head: 'embedding' },
      /embedding\.weight has shape \(11, 3\); expected \(n_y, n_h\) = \(11, 4\)/
    ],
    [{ prefix: 'decoder.rnn.', head: 'none', head_activation: 'sigmoid' }, /there is no head/]
  ]
  for (const [settings, message] of refused) t.throws(() => imported('pytorch/two_lstms.pt', settings), { message })
  const { model, source } = imported('pytorch/two_lstms.pt', { prefix: 'encoder.rnn', head: 'extra' })
  t.match(model, { layers: [{ forward: { n_x: 3, n_a: 4 } }], head: { n_y: 5, activation: 'linear' } })
  t.strictSame(source, {
    convention: 'pytorch',
    lstm: 'encoder.rnn.',
    head: 'extra',
    leftOut: ['embedding.weight', 'out.weight', 'out.bias']
  })
})

t.test('what is no state dict is refused by name, and nothing of it is run', async (t) => {
  const refused: [string, RegExp][] = [
    ['gru.pt', /weight_ih_l0 has 12 rows for a hidden state of 4: a GRU, not an LSTM/],
    [
      'refused_counter.pt',
      /data\.pkl, byte \d+: it refers to "collections\.Counter"; only a state dict of plain tensors/
    ],
    ['refused_call.pt', /data\.pkl, byte \d+: it refers to "posix\.system"/],
    ['refused_script.pt', /data\.pkl, byte \d+: it refers to "__torch__/],
    ['refused_legacy.pt', /a pickle; of PyTorch files, those are read that torch\.save has written since version 1\.6/]
  ]
  for (const [file, message] of refused) t.throws(() => imported(`pytorch/${file}`), { message }, file)
  t.notOk(existsSync('/tmp/lstm-serve-was-run'))
})

t.test('pickles made to do harm are refused', async (t) => {
  const entries = readZip(fixture('pytorch/plain.pt'), { maxInflatedBytes: 1e6 }, 'zip')
  const load = (pickle: string | Uint8Array) =>
    importBytes(
      writeZip(
        [...entries].map(([name, content]) => [
          name,
          name.endsWith('/data.pkl') ? Buffer.from(pickle as string, 'latin1') : content
        ])
      )
    )
  const refused: [string, RegExp][] = [
    ['cos\nsystem\n(X\x02\x00\x00\x00idtR.', /refers to "os\.system"/],
    ['c__builtin__\neval\n(X\x01\x00\x00\x00atR.', /refers to "__builtin__\.eval"/],
    ['\x80\x04\x8c\x02os\x8c\x06system\x93.', /refers to "os\.system"/],
    ['ctorch._utils\n_rebuild_tensor_v2\n(tR.', /without storage, offset, shape and strides/],
    ['ccollections\nOrderedDict\nX\x01\x00\x00\x00a(ib.', /./],
    ['(icollections\nOrderedDict\n.', /INST/],
    ['}(X\x01\x00\x00\x00a\x81.', /NEWOBJ/],
    ['\x82\x01.', /EXT1/],
    ['Pabc\n.', /PERSID/],
    ['}}}.', /more than one value/],
    ['.', /stack is empty/],
    ['h\x05.', /gets memo 5/],
    ['0', /instruction 0x30/],
    ['X\xff\xff\xff\xff', /cut off/],
    [`${'}'.repeat(400_000)}.`, /more than 300000 objects/],
    [`${'N'.repeat(3_000_000)}.`, /more than 2000000 instructions/],
    // a dict that holds itself; one that is held by the next one twice, thirty times over
    ['}q\x00X\x01\x00\x00\x00ah\x00s.', /no LSTM|a parameter set has/],
    [
      `}q\x00${Array.from({ length: 30 }, (_, i) => `}q${String.fromCharCode(i + 1)}(X\x01\x00\x00\x00ah${String.fromCharCode(i)}X\x01\x00\x00\x00bh${String.fromCharCode(i)}u`).join('')}0`,
      /./
    ]
  ]
  for (const [pickle, message] of refused)
    t.throws(() => load(pickle), { message, code: /^LSTM_ERR/ }, JSON.stringify(pickle.slice(0, 40)))
})

t.test('views past their storage, and larger than it, are refused', async (t) => {
  const entries = readZip(fixture('pytorch/plain.pt'), { maxInflatedBytes: 1e6 }, 'zip')
  const name = [...entries.keys()].find((each) => each.endsWith('data.pkl')) as string
  const pickle = Buffer.from(entries.get(name) as Uint8Array)
  // weight_hh_l0, (28, 7) with strides (7, 1): K\x1cK\x07\x86 … K\x07K\x01\x86
  const at = pickle.indexOf(Buffer.from('K\x1cK\x07\x86', 'latin1'))
  t.ok(at > 0)
  const load = (change: (bytes: Buffer) => void) => {
    const changed = Buffer.from(pickle)
    change(changed)
    return () => importBytes(writeZip([...entries].map(([each, content]) => [each, each === name ? changed : content])))
  }
  const strides = pickle.indexOf(Buffer.from('K\x07K\x01\x86', 'latin1'), at)
  t.throws(
    load((bytes) => bytes.writeUInt8(8, strides + 1)),
    { message: /reaches to value 222 of a storage of 196 values/ }
  )
  t.throws(
    load((bytes) => bytes.writeUInt8(200, at + 1)),
    { message: /weight_hh_l0 has shape \(200, 7\)|rows|reaches/ }
  )
  t.throws(() => importBytes(writeZip([...entries].filter(([each]) => !each.endsWith('/data/1')))), {
    message: /the zip has no storage "1"/
  })
  t.throws(
    () =>
      importBytes(
        writeZip(
          [...entries].map(([each, content]) => [each, each.endsWith('/data/1') ? content.subarray(4) : content])
        )
      ),
    { message: /storage "1" should hold 196 values of 4 bytes, but it has 780 bytes/ }
  )
})
