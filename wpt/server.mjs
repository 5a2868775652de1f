/**
 * The server of the Web Platform Tests, `wpt serve` of the checkout. Its one
 * rule: it is ended with whoever started it, and no test runs without it.
 */
import { spawn } from 'node:child_process'
import net from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const HOST = 'web-platform.test'
/** The port of https: that `wpt serve` takes unless its configuration says otherwise. */
const PORT = 8443
const START_SECONDS = 90

/**
 * Starts it. `origin` is where tests are; `ca` the authority of its certificates; `check` throws if it is gone:
 * what a test says of a server that is not there tells nothing, and looks like a result.
 */
export async function startServer(root) {
  const child = spawn('python3', [join(root, 'wpt'), 'serve', '--no-h2'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said = (said + text).slice(-4_000)
  })
  const gone = new Promise((resolve) => child.on('close', resolve))
  const stop = async () => {
    child.kill('SIGINT')
    await Promise.race([gone, delay(5_000).then(() => child.kill('SIGKILL'))])
  }
  const check = async () => {
    if (!(await listens(PORT))) throw new Error(`wpt serve is gone. It said last:\n${said}`)
  }
  for (let i = 0; i < START_SECONDS * 4; i++) {
    if (child.exitCode !== null) throw new Error(`wpt serve ended with code ${child.exitCode}:\n${said}`)
    if (await listens(PORT)) {
      const ca = join(root, 'tools', 'certs', 'cacert.pem')
      return { origin: `https://${HOST}:${PORT}`, ca, check, stop }
    }
    await delay(250)
  }
  await stop()
  throw new Error(`wpt serve did not listen on port ${PORT} in ${START_SECONDS} s:\n${said}`)
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
