import { createHash } from 'node:crypto'
import { directionsOf, type Model } from '../lstm/model.ts'
import type { FileFormat, ImportedModel, ModelSource } from '../parameters/importers/imported.ts'

const formats: Readonly<Record<FileFormat, string>> = {
  json: 'JSON',
  npz: 'npz',
  safetensors: 'safetensors',
  pytorch: 'PyTorch',
  keras: 'Keras',
  hdf5: 'Keras, HDF5',
  onnx: 'ONNX'
}

const conventions: Readonly<Record<ModelSource['convention'], string>> = {
  notation: "the notation's names, gates apart",
  pytorch: "PyTorch's names, gates i, f, g, o",
  keras: "Keras's places, gates i, f, c, o",
  onnx: 'LSTM nodes, gates i, o, f, c'
}

/** What is in a file, in lines for people. */
export function describeFile(
  bytes: Uint8Array,
  { format, model, source }: ImportedModel & { format: FileFormat }
): string {
  const rows: [string, string][] = [
    ['file', `${formats[format]}, ${bytes.byteLength} bytes`],
    ['sha256', createHash('sha256').update(bytes).digest('hex')],
    ['weights', `${conventions[source.convention]}${source.lstm === '' ? '' : `; ${source.lstm}`}`],
    ...layerRows(model),
    ['head', headText(model, source)],
    ...(source.lastOnly ? [['gives', 'the last step alone: ask for steps "last", or y_last'] as [string, string]] : []),
    ...(source.leftOut.length > 0 ? [['left out', source.leftOut.join(', ')] as [string, string]] : []),
    ['test', model.test === undefined ? 'none' : `x (${model.test.x.shape.join(', ')})`]
  ]
  return rows.map(([name, text]) => `${name.padEnd(9)}${text}\n`).join('')
}

function layerRows({ layers }: Model): [string, string][] {
  return layers.flatMap((layer, k) =>
    directionsOf(layer).map(([name, weights]): [string, string] => {
      const { n_x, n_a, n_h, Wp, peepholes, activations, clip, input_forget } = weights
      const parts = [
        `${name}, n_x ${n_x}, n_a ${n_a}`,
        ...(Wp === undefined ? [] : [`projected to ${n_h}`]),
        ...(peepholes === undefined ? [] : ['peepholes']),
        ...(activations === undefined
          ? []
          : [
              Object.values(activations)
                .map((each) => each.name)
                .join(', ')
            ]),
        ...(clip === undefined ? [] : [`clip ${clip}`]),
        ...(input_forget ? ['input_forget'] : [])
      ]
      return [`layer ${k}`, parts.join('; ')]
    })
  )
}

function headText({ head }: Model, source: ModelSource): string {
  return head === undefined ? 'none' : `${source.head}: n_y ${head.n_y}, ${head.activation}`
}
