/** A server as a child process: started in the foreground, ready when its port accepts, ended by its id. */
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

const READY_WITHIN_MS = 10_000
const STOPPED_WITHIN_MS = 5_000

/** Ends what still runs when this process is ended early: no server outlives the table. */
const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM')
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/** A TCP port of the loopback interface that nobody listened on a moment ago. */
export async function freePort() {
  const server = createServer()
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address()
  await new Promise((closed) => server.close(closed))
  return port
}

/** What a program prints when it is asked for its version; undefined if it is not installed. */
export function versionOf(program, flag, pattern) {
  const { stdout, stderr, error } = spawnSync(program, [flag].flat(), { encoding: 'utf8' })
  return error ? undefined : (pattern.exec(stdout + stderr)?.[1] ?? 'unknown version')
}

/**
 * Starts a program that serves `port`, its output in the file `log`.
 *
 * @typedef {object} Serving
 * @property {() => Promise<void>} stop
 * @property {number} pid
 * @property {(signal: NodeJS.Signals) => void} signal  tells the process something
 * @property {Promise<unknown>} exited                   the process is gone
 *
 * @returns {Promise<Serving>}
 */
export async function serve(program, args, port, log, readyWithinMs = READY_WITHIN_MS) {
  const output = openSync(log, 'a')
  const child = spawn(program, args, { stdio: ['ignore', output, output] })
  closeSync(output)
  running.add(child)
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve)).finally(() =>
    running.delete(child),
  )
  const stop = async () => {
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), STOPPED_WITHIN_MS)
    await exited
    clearTimeout(late)
  }

  const deadline = Date.now() + readyWithinMs
  while (running.has(child) && Date.now() < deadline) {
    if (await accepts(port)) return { stop, pid: child.pid, signal: (name) => child.kill(name), exited }
    await wait(50)
  }
  await stop()
  throw new Error(`${program} did not start:\n${readFileSync(log, 'utf8')}`)
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
