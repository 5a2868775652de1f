/**
 * A path with a round trip and a rate between server and client: two network
 * namespaces joined by `emulator.c` where this is root and has a C compiler,
 * else the proxy beside this file. It touches nothing but its two namespaces.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LINK_SERVER } from '../content.mjs'
import { freePort, installed, pinned, SERVER_CORE, start } from '../processes.mjs'

const LINK_CLIENT = '10.77.0.2'
const PORT = 8443
/** Succeeds in the server's namespace if the server accepts. */
const PROBE = `exec 3<>/dev/tcp/${LINK_SERVER}/${PORT}`
const DEVICE = 'bench0'
const NAMES = { server: `bench-s-${process.pid}`, client: `bench-c-${process.pid}` }
/** Room for socket buffers of several bandwidth-delay products, so that only flow control limits. */
const BUFFERS = ['net.ipv4.tcp_rmem=4096 131072 67108864', 'net.ipv4.tcp_wmem=4096 65536 67108864']

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const canEmulate =
  process.getuid?.() === 0 && installed('ip') && installed('cc') && existsSync('/dev/net/tun')

/** Which of the two is used, for the report. */
export const linkKind = canEmulate
  ? 'two network namespaces joined by an emulated link (bench/link/emulator.c), TCP cubic of the kernel over it'
  : 'a delay proxy in user space (bench/link/delay-proxy.mjs), for want of root, a C compiler or /dev/net/tun'

let emulator

export class Link {
  /** @param {{ rtt: number, mbit: number }} params milliseconds and Mbit/s; @param {string} server URL for the proxy */
  constructor({ rtt, mbit }, server) {
    this.rtt = rtt
    this.mbit = mbit
    this.server = server
    this.running = []
  }

  /**
   * Brings the path up.
   *
   * @param {(address: string, port: number) => string[]} serverCommand
   * @returns {Promise<{ url: string, prefix: string[] }>} where the server is, and the command that a client starts with
   */
  async up(serverCommand) {
    if (!canEmulate) return this.upByProxy()
    emulator ??= build()
    for (const name of Object.values(NAMES)) {
      must('ip', 'netns', 'add', name)
      must('ip', '-n', name, 'link', 'set', 'lo', 'up')
      for (const setting of BUFFERS) must('ip', 'netns', 'exec', name, 'sysctl', '-qw', setting)
    }
    const numbers = [this.rtt * 500, this.mbit * 1e6, this.queueBytes()].map((n) => String(Math.round(n)))
    const command = [emulator, NAMES.server, NAMES.client, DEVICE, ...numbers]
    this.running.push(await start(pinned(SERVER_CORE, command), 'ready'))
    address(NAMES.server, LINK_SERVER)
    address(NAMES.client, LINK_CLIENT)
    const inServer = ['ip', 'netns', 'exec', NAMES.server]
    const accepts = () => spawnSync(inServer[0], [...inServer.slice(1), 'bash', '-c', PROBE]).status === 0
    this.running.push(await start([...inServer, ...serverCommand(LINK_SERVER, PORT)], accepts))
    return { url: `https://${LINK_SERVER}:${PORT}`, prefix: ['ip', 'netns', 'exec', NAMES.client] }
  }

  async upByProxy() {
    const port = await freePort()
    const numbers = [port, new URL(this.server).port, this.rtt, this.mbit].map(String)
    const command = [process.execPath, here('delay-proxy.mjs'), ...numbers]
    this.running.push(await start(pinned(SERVER_CORE, command), 'ready'))
    return { url: `https://127.0.0.1:${port}`, prefix: [] }
  }

  /** One bandwidth-delay product, as routers are told to have, and what TCP's start makes of a file of 1 MB: its last packet is not to be lost. */
  queueBytes() {
    return Math.max(512 * 1024, (this.mbit * 1e6 * this.rtt) / 8 / 1000)
  }

  async down() {
    for (const { stop } of this.running) await stop()
    this.running = []
    if (!canEmulate) return
    for (const name of Object.values(NAMES)) spawnSync('ip', ['netns', 'del', name])
  }
}

/** Compiles the emulator into a directory that goes away with this process. */
function build() {
  const directory = mkdtempSync(join(tmpdir(), 'hyper-link-'))
  process.once('exit', () => {
    rmSync(directory, { recursive: true, force: true })
    for (const name of Object.values(NAMES)) spawnSync('ip', ['netns', 'del', name])
  })
  const program = join(directory, 'emulator')
  must('cc', '-O2', '-pthread', '-o', program, here('emulator.c'))
  return program
}

function address(name, ip) {
  must('ip', '-n', name, 'addr', 'add', `${ip}/24`, 'dev', DEVICE)
  must('ip', '-n', name, 'link', 'set', DEVICE, 'mtu', '1500', 'txqueuelen', '10000', 'up')
  // A route may name a congestion control that the namespace's own setting does not offer.
  must('ip', '-n', name, 'route', 'replace', '10.77.0.0/24', 'dev', DEVICE, 'src', ip, 'congctl', 'cubic')
}

function must(...command) {
  const { status, stderr } = spawnSync(command[0], command.slice(1), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`)
}
