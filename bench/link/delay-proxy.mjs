/**
 * A TCP proxy that delays and paces what passes, for machines without root.
 * It is no network: two TCP connections, no loss, no slow start over the
 * distance; enough to see what flow control does. It prints `ready`.
 * usage: delay-proxy.mjs PORT TARGET_PORT RTT_MS MBIT
 */
import { connect, createServer } from 'node:net'

const [port, target, rtt, mbit] = process.argv.slice(2).map(Number)
const ONE_WAY_MS = rtt / 2
const BYTES_PER_MS = (mbit * 1e6) / 8 / 1000
/** Bytes under way at most in one direction: beyond it the sender is held back, as by a full queue. */
const CAPACITY = Math.max(1 << 20, 4 * BYTES_PER_MS * rtt)

/** Carries one direction of one connection; `undefined` in the queue is the end. */
function carry(from, to) {
  const queue = []
  let queued = 0
  let lineFreeAt = 0
  let timer

  function accept(chunk) {
    const now = performance.now()
    lineFreeAt = Math.max(lineFreeAt, now) + (chunk?.length ?? 0) / BYTES_PER_MS
    queue.push({ due: lineFreeAt + ONE_WAY_MS, chunk })
    queued += chunk?.length ?? 0
    if (queued > CAPACITY) from.pause()
    schedule()
  }

  function schedule() {
    if (timer !== undefined || queue.length === 0) return
    timer = setTimeout(deliver, Math.max(0, queue[0].due - performance.now()))
  }

  function deliver() {
    timer = undefined
    const now = performance.now()
    while (queue.length > 0 && queue[0].due <= now) {
      const { chunk } = queue.shift()
      queued -= chunk?.length ?? 0
      if (chunk === undefined) to.end()
      else to.write(chunk)
    }
    if (queued < CAPACITY / 2) from.resume()
    schedule()
  }

  from.on('data', accept)
  from.on('end', () => accept(undefined))
  from.on('error', () => to.destroy())
  from.on('close', () => clearTimeout(timer))
}

const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = connect({ host: '127.0.0.1', port: target, noDelay: true, allowHalfOpen: true })
  carry(near, far)
  carry(far, near)
})
server.listen(port, '127.0.0.1', () => console.log('ready'))
