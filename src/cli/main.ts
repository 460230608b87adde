#!/usr/bin/env node
import { writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import { parseArgs } from 'node:util'
import { LstmError } from '../errors.ts'
import { readFile } from './read-file.ts'

/** The command line. What a command needs is loaded when it is called: `serve` has no use for the readers' schemas. */

const usage = `lstm-serve serve [--help]                 the service
lstm-serve inspect FILE [settings]        what is in a file
lstm-serve convert IN OUT [settings]      to .json, .npz, .safetensors or .onnx
lstm-serve run FILE INPUT.npz OUTPUT.npz [settings] [--outputs a,y,c] [--steps all|last] [--layout LAYOUT]
                                          one forward pass without a server: x, and a0, c0, lengths if there, as /sequence takes them

settings: --prefix NAME, --head NAME|none, --head-activation softmax|sigmoid|linear (docs/formats.md)
`

const [command, ...rest] = process.argv.slice(2)
try {
  if (command === 'serve') {
    process.argv.splice(2, 1)
    await import('../server.ts')
  } else if (command === 'inspect') {
    await inspect(rest)
  } else if (command === 'convert') {
    await convert(rest)
  } else if (command === 'run') {
    await run(rest)
  } else {
    process.stdout.write(usage)
    process.exitCode = command === undefined || command === '--help' ? 0 : 2
  }
} catch (error) {
  const known = error instanceof LstmError || error instanceof TypeError || (error as NodeJS.ErrnoException).code
  if (!known) throw error
  process.stderr.write(`lstm-serve: ${(error as Error).message}\n`)
  process.exitCode = 1
}

/** A file, with a line on standard error that says how far it is where it is long. */
function read(path: string): Uint8Array {
  return readFile(path, {
    report: (percent) => process.stderr.write(`\r${path}: ${percent} %${percent === 100 ? '\n' : ''}`)
  })
}

async function inspect(args: string[]): Promise<void> {
  const { files, settings } = parse(args, 1)
  const { describeFile } = await import('./describe.ts')
  const bytes = read(files[0])
  process.stdout.write(describeFile(bytes, await load(bytes, settings)))
}

async function convert(args: string[]): Promise<void> {
  const { files, settings } = parse(args, 2)
  const { exportModel } = await import('../parameters/exporters/export-model.ts')
  const [from, to] = files
  const format = extname(to).slice(1)
  if (format !== 'json' && format !== 'npz' && format !== 'safetensors' && format !== 'onnx') {
    throw new TypeError(`${to} ends in none of .json, .npz, .safetensors, .onnx`)
  }
  const { model } = await load(read(from), settings)
  writeFileSync(to, exportModel(model, format))
}

async function run(args: string[]): Promise<void> {
  const { files, settings, runSettings } = parse(args, 3)
  const { runFile } = await import('./run.ts')
  const [file, input, output] = files
  writeFileSync(output, await runFile(read(file), read(input), settings, runSettings))
}

async function load(bytes: Uint8Array, settings: object) {
  const { importModel } = await import('../parameters/importers/import-model.ts')
  return importModel(bytes, settings, { maxInflatedBytes: Number.MAX_SAFE_INTEGER, maxJsonDepth: 32 })
}

function parse(args: string[], count: number): { files: string[]; settings: object; runSettings: object } {
  const text = { type: 'string' } as const
  const ofRun = { outputs: text, steps: text, layout: text } as const
  const options = { prefix: text, head: text, 'head-activation': text, ...(count === 3 ? ofRun : {}) }
  const { values, positionals: files } = parseArgs({ args, options, allowPositionals: true })
  if (files.length !== count) throw new TypeError(`expected ${count} file names, got ${files.length}\n${usage}`)
  const { prefix, head, 'head-activation': head_activation, outputs, steps, layout } = values as Record<string, string>
  if (head_activation !== undefined && !['softmax', 'sigmoid', 'linear'].includes(head_activation)) {
    throw new TypeError(`--head-activation is ${head_activation}; it may be softmax, sigmoid, linear`)
  }
  return {
    files,
    settings: {
      ...(prefix === undefined ? {} : { prefix }),
      ...(head === undefined ? {} : { head }),
      ...(head_activation === undefined ? {} : { head_activation })
    },
    runSettings: {
      ...(outputs === undefined ? {} : { outputs: outputs.split(',') }),
      ...(steps === undefined ? {} : { steps }),
      ...(layout === undefined ? {} : { layout })
    }
  }
}
