/** The C reference: `h2load` and `curl`, run and measured from outside. */
import { check } from './check.mjs'
import { FILES, MB } from './content.mjs'
import { CLIENT_CORE, installed, pinned, run, versionOf } from './processes.mjs'

const TIMEOUT_MS = 120_000

/** Version of a native client, or undefined if it is not installed. */
export function nativeVersion(id) {
  if (!installed(id)) return undefined
  return id === 'curl'
    ? versionOf('curl', /curl (\d+\.\d+\.\d+)/)
    : versionOf('h2load', /nghttp2\/(\d+\.\d+\.\d+)/)
}

/**
 * Runs a command under bash's `time`, which tells the processor time of it alone.
 * Wall-clock seconds, processor seconds, output.
 */
async function timed(prefix, command) {
  const script = 'TIMEFORMAT="took %3R %3U %3S"; time "$@"'
  const line = [...prefix, ...pinned(CLIENT_CORE, ['bash', '-c', script, 'bash', ...command])]
  const { stdout, stderr, code } = await run(line, {
    timeoutMs: TIMEOUT_MS,
    env: { ...process.env, LC_ALL: 'C' },
  })
  check(code === 0, `${command.join(' ')}: ${stderr}`)
  const [, seconds, user, system] = /took (\S+) (\S+) (\S+)/.exec(stderr)
  return { seconds: Number(seconds), cpuSeconds: Number(user) + Number(system), stdout }
}

/** One run of h2load for a workload's case. */
async function h2load({ path, args }, { url, prefix, seconds }) {
  const duration = String(Math.max(1, Math.round(seconds)))
  const command = ['h2load', '-c', '1', '-t', '1', '-D', duration, ...args, url + path]
  const { cpuSeconds, stdout } = await timed(prefix, command)
  const [, done, failed] = /requests: \d+ total, \d+ started, (\d+) done, \d+ succeeded, (\d+) failed/.exec(
    stdout,
  )
  const [, bytes] = /\((\d+)\) data/.exec(stdout)
  check(failed === '0', `${failed} requests of h2load failed`)
  const [, elapsed] = /finished in ([\d.]+)s/.exec(stdout)
  if (path === '/small') {
    check(Number(bytes) >= Number(done) * FILES[path], `${bytes} bytes for ${done} requests`)
    return { rate: done / duration, cpuMicros: (cpuSeconds * 1e6) / done }
  }
  return {
    rate: Number(bytes) / MB / Number(elapsed),
    cpuMillis: (cpuSeconds * 1000) / (Number(bytes) / 1e9),
  }
}

/** One run of curl for a workload's case: the same transfer several times on one connection. */
async function curl({ path, upload, repeat }, { url, prefix, cert, root }) {
  const one = ['--http2', '--cacert', cert, '-s', '-S', '--fail', '-o', '/dev/null', '-w']
  one.push('%{http_version} %{http_code} %{size_download} %{size_upload} %{time_total} %{time_appconnect}\\n')
  if (upload !== undefined) one.push('-X', 'POST', '-H', 'expect:', '--data-binary', `@${root}${upload}`)
  one.push(url + path)
  const command = ['curl']
  for (let i = 0; i < repeat; i++) command.push(...(i === 0 ? [] : ['--next']), ...one)
  const { cpuSeconds, stdout } = await timed(prefix, command)
  let transfer = 0
  let bytes = 0
  for (const line of stdout.trim().split('\n')) {
    const [version, status, down, up, total, connected] = line.split(' ').map(Number)
    check(version === 2 && status === 200, `HTTP ${version}, status ${status} by curl`)
    check(down === FILES[path], `${down} bytes in place of ${FILES[path]}`)
    check(upload === undefined || up === FILES[upload], `${up} bytes sent in place of ${FILES[upload]}`)
    transfer += total - connected
    bytes += upload === undefined ? down : up
  }
  return {
    rate: bytes / MB / transfer,
    seconds: transfer,
    cpuMillis: (cpuSeconds * 1000) / (bytes / 1e9),
  }
}

/** Figures of a native client, or undefined where the workload has none for it. */
export async function runNative(id, name, workload, params, place) {
  const described = workload[id]?.(params)
  if (!described) return undefined
  const figures = await (id === 'curl' ? curl : h2load)(described, place)
  if (name === 'distance') return { rate: figures.rate * 8, seconds: figures.seconds }
  return figures
}
