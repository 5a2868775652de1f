/** Child processes of the benchmark: pinned to a core, awaited, and ended by their id. */
import { spawn, spawnSync } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'

const READY_WITHIN_MS = 10_000
const hasTaskset = spawnSync('taskset', ['--version']).status === 0

/** Ended with this process, whatever ends it. */
const running = new Set()

/** Clients run on the first core, servers and the emulated link on the last. */
export const CLIENT_CORE = 0
export const SERVER_CORE = availableParallelism() - 1
/** How the processes are placed, for the report. */
export const pinning = !hasTaskset
  ? 'not pinned (taskset is missing)'
  : SERVER_CORE === CLIENT_CORE
    ? 'client and server share the only core'
    : `client on core ${CLIENT_CORE}, server on core ${SERVER_CORE}`

/** A command line that runs on one core. */
export function pinned(core, command) {
  return hasTaskset ? ['taskset', '-c', String(core), ...command] : command
}

/** Whether a program can be found. */
export function installed(program) {
  return program.includes('/') || spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

/** What a program prints when it is asked for its version; undefined if it is not installed. */
export function versionOf(program, pattern = /(\d+\.\d+\.\d+)/) {
  const { stdout, error } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  return error ? undefined : pattern.exec(stdout)?.[1]
}

/**
 * Runs a command to its end.
 *
 * @returns {Promise<{ stdout: string, stderr: string, code: number | null }>}
 */
export function run(command, { env, timeoutMs }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0], command.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(child)
    let stdout = ''
    let stderr = ''
    const late = setTimeout(() => {
      stderr += `\nended after ${timeoutMs} ms`
      child.kill('SIGKILL')
    }, timeoutMs)
    child.stdout.on('data', (text) => {
      stdout += text
    })
    child.stderr.on('data', (text) => {
      stderr += text
    })
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(late)
      running.delete(child)
      resolve({ stdout, stderr, code })
    })
  })
}

/**
 * Starts a program that goes on until `stop()`. It is ready when `ready` says
 * so: a text that it prints, or a function.
 *
 * @param {string[]} command
 * @param {string | (() => boolean | Promise<boolean>)} ready
 */
export async function start(command, ready) {
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (text) => {
    output += text
  })
  child.stderr.on('data', (text) => {
    output += text
  })
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
  running.add(child)
  exited.then(() => running.delete(child))
  const stop = async () => {
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 3000)
    await exited
    clearTimeout(late)
  }
  const deadline = Date.now() + READY_WITHIN_MS
  while (running.has(child) && Date.now() < deadline) {
    if (typeof ready === 'string' ? output.includes(ready) : await ready()) return { stop }
    await wait(20)
  }
  await stop()
  throw new Error(`${command.join(' ')} did not start: ${output}`)
}

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A TCP port of the loopback interface that nobody listened on a moment ago. */
export async function freePort() {
  const server = createServer()
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address()
  await new Promise((closed) => server.close(closed))
  return port
}

/** Whether a port of the loopback interface takes connections. */
export function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
