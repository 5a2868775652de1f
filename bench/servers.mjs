/**
 * The servers of a benchmark: `static` (nghttpd, or the origin where nghttpd is
 * missing), `origin` (`node:http2`), and nghttpd behind an emulated link.
 */
import { fileURLToPath } from 'node:url'
import { Link, linkKind } from './link/link.mjs'
import { accepts, freePort, installed, pinned, SERVER_CORE, start, versionOf } from './processes.mjs'

const ORIGIN = fileURLToPath(new URL('./servers/origin.mjs', import.meta.url))
const LOOPBACK = '127.0.0.1'
const WINDOW_BITS = '24'
/** Debian keeps it where an ordinary user's PATH does not look. */
const NGHTTPD = installed('nghttpd') ? 'nghttpd' : '/usr/sbin/nghttpd'

export class Servers {
  constructor(content, runtime) {
    this.content = content
    this.runtime = runtime
    this.nghttpd = versionOf(NGHTTPD, /nghttp2\/(\d+\.\d+\.\d+)/)
    this.running = []
    this.origin = undefined
    this.static = undefined
    this.link = undefined
  }

  /** What serves what, for the report. */
  describe() {
    return {
      static:
        this.nghttpd === undefined
          ? `node:http2 of Node ${this.runtime.version}, because nghttpd is missing`
          : `nghttpd ${this.nghttpd}`,
      origin: `node:http2 of Node ${this.runtime.version}`,
      link: linkKind,
    }
  }

  /** Starts what is not started, for the ordinary workloads. */
  async up() {
    if (this.origin !== undefined) return
    const port = await freePort()
    this.running.push(await start(this.originCommand(LOOPBACK, port), 'ready'))
    this.origin = `https://${LOOPBACK}:${port}`
    this.static = this.nghttpd === undefined ? this.origin : await this.startNghttpd()
  }

  async startNghttpd() {
    const port = await freePort()
    this.running.push(await start(this.nghttpdCommand(LOOPBACK, port), () => accepts(port)))
    return `https://${LOOPBACK}:${port}`
  }

  originCommand(address, port) {
    const { key, cert, root } = this.content
    return pinned(SERVER_CORE, [this.runtime.file, ORIGIN, address, String(port), key, cert, root])
  }

  nghttpdCommand(address, port) {
    const { key, cert, root } = this.content
    const windows = ['-w', WINDOW_BITS, '-W', WINDOW_BITS]
    const options = ['-a', address, '-d', root, '-m', '20000', ...windows]
    return pinned(SERVER_CORE, [NGHTTPD, ...options, String(port), key, cert])
  }

  /**
   * The URL of a workload's server, and the command before a client's own one
   * where the client has to be somewhere else.
   */
  async for(kind, params) {
    await this.up()
    if (kind !== 'link') return { url: this[kind], prefix: [] }
    await this.link?.down()
    this.link = new Link(params, this.static)
    return this.link.up((address, port) =>
      this.nghttpd === undefined ? this.originCommand(address, port) : this.nghttpdCommand(address, port),
    )
  }

  async down() {
    await this.link?.down()
    this.link = undefined
    for (const { stop } of this.running) await stop()
    this.running = []
    this.origin = undefined
  }
}
