import t from 'tap'
import { exportModel } from '../../src/parameters/exporters/export-model.ts'
import { fixture } from '../fixtures.ts'
import { importBytes } from '../parameters/importers/read.ts'
import { randomModels } from '../random-model.ts'
import { startService } from '../service.ts'

const octets = { 'content-type': 'application/octet-stream' }

t.test('one set in every format is the same set', async (t) => {
  const { ask } = await startService(t)
  const versions = new Set<string>()
  const types = {
    json: 'application/json',
    npz: 'application/x-npz',
    safetensors: 'application/vnd.safetensors',
    onnx: 'application/onnx'
  }
  for (const [format, type] of Object.entries(types)) {
    const body = exportModel(randomModels.plain, format as keyof typeof types)
    for (const headers of [octets, { 'content-type': type }]) {
      const { status, json } = await ask({ method: 'PUT', url: `/parameters/${format}`, body, headers })
      t.ok(status < 300, format)
      versions.add(json.version)
    }
  }
  t.equal(versions.size, 1)
  for (const [format, type] of Object.entries(types)) {
    const asked = await ask({ method: 'GET', url: `/parameters/onnx/weights?format=${format}` })
    t.match(asked.headers['content-type'], type)
    const accepted = await ask({ method: 'GET', url: '/parameters/json/weights', headers: { accept: type } })
    t.ok(accepted.bytes.equals(asked.bytes), format)
    if (format !== 'json') t.equal(asked.headers['content-disposition'], `attachment; filename="onnx.${format}"`)
    t.strictSame(
      importBytes(asked.bytes).model,
      importBytes(exportModel(randomModels.plain, format as keyof typeof types)).model
    )
  }
  t.equal(
    (await ask({ method: 'GET', url: '/parameters/json/weights?format=gguf' })).json.code,
    'LSTM_ERR_INVALID_REQUEST'
  )
})

t.test('the query says what the file does not', async (t) => {
  const { ask } = await startService(t)
  const put = (file: string, query = '') =>
    ask({ method: 'PUT', url: `/parameters/p${query}`, body: fixture(file), headers: octets })
  t.match((await put('pytorch/plain.pt', '?head_activation=softmax')).json, { n_x: 5, n_a: 7, n_y: 3 })
  t.match((await put('keras/plain.keras')).json, { n_x: 5, n_a: 7, n_y: 3 })
  t.match((await put('keras/plain.h5')).json, { n_x: 5, n_a: 7, n_y: 3 })
  t.match((await put('onnx/exported_plain.onnx')).json, { n_x: 5, n_a: 7, n_y: 3 })
  const refused: [string, string, string, RegExp][] = [
    ['pytorch/two_lstms.pt', '', 'LSTM_ERR_INVALID_PARAMETER_SET', /choose one with \?prefix=encoder\.rnn\./],
    [
      'pytorch/plain.pt',
      '?head_activation=relu',
      'LSTM_ERR_INVALID_REQUEST',
      /head_activation must be one of softmax, sigmoid, linear/
    ],
    ['pytorch/plain.pt', '?heads=1', 'LSTM_ERR_INVALID_REQUEST', /heads is not a known field/],
    ['pytorch/refused_call.pt', '', 'LSTM_ERR_UNREADABLE_FILE', /posix\.system/]
  ]
  for (const [file, query, code, message] of refused) {
    const { status, json } = await put(file, query)
    t.equal(status, 400)
    t.equal(json.code, code, file)
    t.match(json.detail, message)
  }
})
