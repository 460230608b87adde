/** docs/benchmarks.md: what is compared and how to read it, around the tables of one run. */
export function document(machine, { kernels, codec, http, growth, memory }) {
  return `# Benchmarks

Written by \`npm run bench\`; do not edit. A figure belongs to the machine and the hour below and is no promise; a ratio compares things that ran in one run, taking turns, and travels better. Where a ratio has two numbers behind it, these are the quartiles over the rounds; the ratio itself is the median of the pairs of one round.

${machine.map(([what, value]) => `- ${what}: ${value}`).join('\n')}

To run it again: \`npm run bench\` builds, installs what it compares with into \`bench/node_modules\` and takes about a quarter of an hour of a machine with nothing else to do. \`npm run bench -- --short\` is a quick look, \`npm run bench -- --only kernels\` (or codec, http, growth, memory) one part; both print and leave this file alone.

## Kernels

One thread each, the same random weights and inputs. onnxruntime has one LSTM node with fixed shapes. µs is one pass over all T_x steps; GFLOP/s counts the products only, 16 · n² · m · T_x. The largest difference is that of a hidden state from the reference kernel, which computes in float64; on large shapes from its first columns. The reference kernel runs only on small shapes: it is there to be right.

${kernels}

## Codec

Reading: the bytes of \`{"x": …}\` to a Float32Array and its shape, against \`Float32Array.from(JSON.parse(text).x.flat(2))\`. Writing: a Float32Array to the bytes of nested arrays, against \`JSON.stringify\` of arrays made with \`Array.from\`. Digits are those of the text; for writing those of the numbers of which the float32 is made, and float32 has nine at most. JSON.stringify prints up to 17 of them, as it knows doubles only. Tensors take turns, so that none is known by heart.

${codec}

The second table of each sets base64 beside a copy of the same float32s; what is read there goes into memory of its own.

## HTTP

POST /sequence, m = 1, T_x = 50, batch_first, the hidden states of all steps asked for. \`lstm-serve\` is the service as \`npm start\` runs it, with its log in a file. \`fastify+ort\` (bench/peers/) is Fastify in front of onnxruntime-node, \`cluster\` the same under node:cluster with one process per core. The peers get the same bytes and give the same outputs; they neither log nor validate, fill typed arrays in the fastest way found, and round to nine decimals before JSON.stringify, which is faster for them than to print doubles in full. The single process gives onnxruntime a thread per core for models of 1 MiB and more, one for smaller ones, as measured best; a process of the cluster has one.

The load generator (bench/load/) is a process of its own and the same for all; it takes 15 to 25 µs of processor time a small request from the two cores. Every answer has to be a 200 of the right length, the first one on each connection has to have the reference's numbers within 10⁻⁵.

A cell holds requests a second (least–most of the rounds); the median latency; the 99th percentile, both in milliseconds. The servers take turns in each round. The ratio is that of requests a second to the peer that had more.

${http.steady}

Raw tensors of float32 over the Open Inference Protocol, beside base64 on the native route:

${http.binary}

### Short sequences beside long ones

One client posts T_x = 5,000 back to back, eight clients post T_x = 10 every 25 ms, all at n_a = 256. A latency counts from when the request was due, not from when the client, having waited for the answer before, could send it: else the cluster's blocked process would hide its waiting, as its clients would ask less often. The ratio is ours to the better peer's.

${http.mixed}

## Growth

Time of a request in µs, median, over HTTP from one connection, n_x = n_a = 64; as seen by the client, so everything is in it. The slope is that of the logarithms: 1 is linear, less than 1 means that a fixed cost still shows.

T_x, at m = 1:

${growth.lengths}

m, at T_x = 10:

${growth.widths}

## Memory

A set of 64 MB (n_x = n_a = 1,414), put as npz into a service with four workers. RSS counts the pages that the process has in memory, PSS the same with shared pages divided among the processes that share them. Under requests the least of a series of samples counts, as the garbage collector comes when it likes.

${memory.set}

Small requests (n_a = 32, T_x = 2, JSON, 8 connections) and resident memory between them:

${memory.requests}
`
}
