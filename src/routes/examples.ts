/** The examples of the API document. Each runs as it stands on the demo sets, in Swagger UI and with curl. */

/** A handwritten seven, 8 rows of 8 pixels: the rows are the time steps. */
const seven = [
  [0, 0, 0.125, 0.8125, 1, 0.5625, 0, 0],
  [0, 0, 0.75, 0.75, 0.4375, 1, 0.1875, 0],
  [0, 0.0625, 0.875, 0.1875, 0, 1, 0.25, 0],
  [0, 0, 0, 0.25, 0.625, 1, 0.375, 0],
  [0, 0, 0, 0.8125, 1, 1, 0.5625, 0],
  [0, 0, 0, 0.3125, 0.8125, 0.0625, 0, 0],
  [0, 0, 0, 0.6875, 0.5625, 0, 0, 0],
  [0, 0, 0.0625, 1, 0.25, 0, 0, 0]
]

/** A letter of the words set as its one-hot column; "." stands at 0. */
function oneHot(letter: string): number[] {
  const alphabet = '.abcdefghijklmnopqrstuvwxyz'
  return Array.from(alphabet, (each) => (each === letter ? 1 : 0))
}

/** A set of one input feature, one hidden unit and two outputs. */
const tiny = {
  Wf: [[0.5, -0.25]],
  bf: [[1]],
  Wi: [[0.125, 0.75]],
  bi: [[0]],
  Wc: [[-0.5, 1]],
  bc: [[0]],
  Wo: [[0.25, 0.5]],
  bo: [[0]],
  Wy: [[1], [-1]],
  by: [[0], [0]]
}

const cell = {
  firstLetter: {
    summary: 'words: how a word begins',
    description: 'After "." comes the first letter; yt_pred says how likely each one is.',
    value: { parameters: 'words', layout: 'batch_first', xt: [oneHot('.')] }
  },
  everyGate: {
    summary: 'inline arrays, every gate',
    description: 'No set is needed for a try-out: the ten arrays may stand in the request.',
    value: { parameters: tiny, xt: [[1]], a_prev: [[0.5]], c_prev: [[-0.5]], outputs: ['ft', 'it', 'cct', 'ot'] }
  }
}

const sequence = {
  digit: {
    summary: 'digits: which digit is this?',
    description: 'Eight rows of an image are eight time steps; the largest of y after the last one is the digit.',
    value: { parameters: 'digits', layout: 'batch_first', steps: 'last', outputs: ['y'], x: [seven] }
  },
  gatesOverTime: {
    summary: 'inline arrays, the gates of three steps',
    description: 'Axes as in the notation: x is (n_x, m, T_x) = (1, 1, 3).',
    value: { parameters: tiny, x: [[[1, 0, -1]]], outputs: ['a', 'c', 'ft', 'it', 'cct', 'ot'] }
  }
}

const v2Infer = {
  digit: {
    summary: 'digits: which digit is this?',
    description: 'The largest of y_last is the digit.',
    value: {
      parameters: { layout: 'batch_first' },
      inputs: [{ name: 'x', shape: [1, 8, 8], datatype: 'FP32', data: seven.flat() }],
      outputs: [{ name: 'y_last' }]
    }
  },
  defaultOutputs: {
    summary: 'digits: the first two rows, every default output',
    description: 'Without outputs: y, a and c of every step. The id comes back.',
    value: {
      id: 'rows',
      parameters: { layout: 'batch_first' },
      inputs: [{ name: 'x', shape: [1, 2, 8], datatype: 'FP32', data: [seven.slice(0, 2)] }]
    }
  }
}

const v2InferStream = {
  rows: {
    summary: 'digits: what is seen after every second row',
    description: 'Four events of two rows each, then one with the states that were reached.',
    value: {
      parameters: { layout: 'batch_first', stream_steps: 2 },
      inputs: [{ name: 'x', shape: [1, 8, 8], datatype: 'FP32', data: seven.flat() }],
      outputs: [{ name: 'y' }]
    }
  }
}

const putParameterSet = {
  tiny: {
    summary: 'one input feature, one hidden unit, two outputs',
    value: tiny
  }
}

/** By operation: the named examples of its request. */
export const requestExamples = { cell, sequence, putParameterSet, v2Infer, v2InferStream }
