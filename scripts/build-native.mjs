// Compiles the native kernel into build/lstm-native.node with the machine's C++ compiler: no node-gyp, no download.
//
//   node scripts/build-native.mjs              at the end of `npm ci`: says in one line what it did, and never fails
//   node scripts/build-native.mjs --required   fails where the kernel cannot be built
//   node scripts/build-native.mjs --sanitize   with AddressSanitizer and UndefinedBehaviorSanitizer, for .ci/run
//
// CXX names the compiler; otherwise it is the first of c++, g++ and clang++ that is there. Where there is none, or it
// fails, the service runs on WASM. Nothing is done when the binary was made from these very sources: a stamp says so.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const kernel = join(root, 'src/kernels/native')
const codec = join(root, 'src/codec/native')
const folder = join(root, 'build')
const binary = join(folder, 'lstm-native.node')
const stamp = join(folder, 'lstm-native.hash')
const log = join(folder, 'lstm-native.log')

// -ffp-contract=off: products and sums are fused where the source says so and nowhere else, for a row's bits must not
// depend on the tile that the compiler made. No -ffast-math: NaN, infinities and the order of sums have to stay.
// -fvisibility=hidden: the addon shows nothing but its entry.
const compileFlags = [
  ...['-std=c++17', '-O3', '-Wall', '-Wextra', '-Werror', '-ffp-contract=off'],
  ...['-fPIC', '-fvisibility=hidden', '-fno-exceptions', '-fno-rtti', '-DNAPI_VERSION=8']
]
// -O1: with -O3 the compiler takes a minute and a half over the checks.
const sanitizeFlags = [
  '-O1',
  '-g',
  '-fno-omit-frame-pointer',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all'
]
// Node's own symbols are there when it loads the addon; of the C++ library nothing is used.
const linkFlags =
  process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-Wl,--as-needed']

// AVX-512 with its operations on bytes, and what every processor that has it has too
const bytesOfAvx512 = [
  ...['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-mavx512cd', '-mavx512vbmi', '-mavx512vbmi2'],
  '-mavx512ifma',
  ...['-mbmi', '-mbmi2', '-mlzcnt', '-mpopcnt']
]

/** What is compiled, each with its own flags. */
const units = [
  [kernel, 'addon', []],
  [kernel, 'descriptors', []],
  [kernel, 'portable', []],
  [codec, 'addon', []],
  ...(process.arch === 'x64'
    ? [
        [kernel, 'avx2', ['-mavx2', '-mfma']],
        [kernel, 'avx512', ['-mavx512f']],
        [codec, 'read', bytesOfAvx512],
        [codec, 'write', bytesOfAvx512],
        [codec, 'base64', bytesOfAvx512]
      ]
    : [])
]

/** Builds what is not up to date. Returns how it went, in words for a person. */
export async function buildNative({ sanitize = false } = {}) {
  if (!existsSync(join(kernel, 'addon.cc'))) return refusal('its sources are not here')
  const hash = hashOf([
    compileFlags,
    sanitize && sanitizeFlags,
    linkFlags,
    units.map(([, ...unit]) => unit),
    process.platform,
    process.arch
  ])
  const [madeFrom, madeBy] = existsSync(binary) && existsSync(stamp) ? readFileSync(stamp, 'utf8').split('\n') : []
  const { CXX = '' } = process.env
  if (madeFrom === hash && (CXX === '' || CXX === madeBy)) return { built: true, message: 'native kernel: up to date' }

  const compiler = findCompiler(CXX)
  if (compiler === undefined) {
    return refusal(CXX ? `CXX is ${CXX}, which does not run` : 'no C++ compiler: install g++ or clang++')
  }
  const headers = findHeaders()
  if (headers === undefined) return refusal('the package node-api-headers is not installed')
  const flags = [...compileFlags, ...(sanitize ? sanitizeFlags : []), `-I${headers}`]
  const begin = performance.now()
  mkdirSync(folder, { recursive: true })
  const scratch = mkdtempSync(join(folder, 'native-'))
  try {
    const objects = await Promise.all(
      units.map(async ([folder, name, own], i) => {
        const object = join(scratch, `${i}.o`)
        await run(compiler, [...flags, ...own, '-c', join(folder, `${name}.cc`), '-o', object])
        return object
      })
    )
    const made = join(scratch, 'lstm-native.node')
    await run(compiler, [...(sanitize ? sanitizeFlags : []), ...linkFlags, ...objects, '-o', made])
    rmSync(stamp, { force: true })
    renameSync(made, binary) // a process that has the old one open keeps it
    writeFileSync(stamp, `${hash}\n${compiler.join(' ')}`)
    rmSync(log, { force: true })
  } catch (error) {
    writeFileSync(log, `${error.message}\n`)
    return refusal(`${compiler.join(' ')} failed, build/lstm-native.log says why`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  const seconds = ((performance.now() - begin) / 1000).toFixed(1)
  return { built: true, message: `native kernel: built with ${compiler.join(' ')} in ${seconds} s` }
}

function refusal(reason) {
  // one that does not belong to these sources must not be loaded
  rmSync(binary, { force: true })
  rmSync(stamp, { force: true })
  return { built: false, message: `native kernel: not built (${reason}); the service runs on WASM` }
}

/** The compiler's command, and what CXX gives with it. */
function findCompiler(CXX) {
  const candidates = CXX ? [CXX.trim().split(/\s+/)] : [['c++'], ['g++'], ['clang++']]
  return candidates.find(([command, ...args]) => spawnSync(command, [...args, '--version']).status === 0)
}

function findHeaders() {
  try {
    return createRequire(import.meta.url)('node-api-headers').include_dir
  } catch {
    return undefined
  }
}

function hashOf(settings) {
  const hash = createHash('sha256').update(JSON.stringify(settings))
  for (const folder of [kernel, codec]) {
    const files = readdirSync(folder).filter((name) => /\.(cc|h)$/.test(name))
    for (const name of files.sort()) hash.update(`${name}\n`).update(readFileSync(join(folder, name)))
  }
  return hash.digest('hex')
}

async function run([command, ...before], args) {
  const child = spawn(command, [...before, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.on('data', (data) => (said += data))
  child.stderr.on('data', (data) => (said += data))
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(`${command} ${[...before, ...args].join(' ')}\n${said}`)
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { built, message } = await buildNative({ sanitize: process.argv.includes('--sanitize') })
  console.log(message)
  if (!built && process.argv.includes('--required')) process.exitCode = 1
}
