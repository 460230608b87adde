import { readFileSync } from 'node:fs'
import { importModel } from '../../src/parameters/importers/import-model.ts'
import { type Float64Tensor, largestError } from '../framework-outputs.ts'
import { flatten, shapeOf } from '../tensors.ts'

/** Compares the LSTM of a real model with what silero.py wrote: node silero.js MODEL.onnx OUT.json NODE */

const [path, outputs, prefix] = process.argv.slice(2)
const { model, source } = importModel(readFileSync(path), { prefix }, { maxInflatedBytes: 5e8, maxJsonDepth: 32 })
const encode = (values: unknown): Float64Tensor => ({
  shape: shapeOf(values),
  data: Buffer.from(Float64Array.from(flatten(values)).buffer).toString('base64')
})
const read = JSON.parse(readFileSync(outputs, 'utf8')) as Record<'x' | 'h0' | 'c0' | 'a' | 'h' | 'c', unknown>
const error = largestError(model, {
  x: encode(read.x),
  h0: encode(read.h0),
  c0: encode(read.c0),
  a: encode(read.a),
  h: encode(read.h),
  c: encode(read.c)
})
const ok = error <= 1e-5
process.stdout.write(`${ok ? 'ok' : 'not ok'} - Silero's ${source.lstm} ${error.toExponential(1)}\n`)
if (!ok) process.exitCode = 1
