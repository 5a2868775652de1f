/**
 * Runs one attack on the engine, in this process, and prints what it cost as
 * JSON: `node --expose-gc bench/attacks/measure.mjs <number> <streams>`.
 *
 * The attacker's bytes are made before anything is measured, a frame to a
 * chunk. CPU is counted with the limits on how often something may happen lifted,
 * so that it is the cost of an octet and not of the first millisecond; and up to
 * the frame that ends the connection, without it: to fail every open request is
 * work for each of them, once, whatever ends it.
 */
import { Connection } from '../../dist/protocol/index.js'
import { attacks } from './catalogue.mjs'
import { frame, settings } from './wire.mjs'

const MAX_OCTETS = 1_048_576
const MAX_FRAMES = 5000
/** Octets that one read of a socket gives. */
const READ = 65_536
/** CPU time in µs after which an attack is not measured again. */
const ENOUGH = 2_000_000
/** An attack of fewer frames is over before its cost can be told. */
const LEAST = 32
const LIFTED = {
  glitchBurst: 1e9,
  maxEmptyDataFrames: 1e9,
  maxStreamErrors: 1e9,
  maxQueuedControlFrames: 1e9,
}
const MAX_CONCURRENT_STREAMS = 0x3
const INITIAL_WINDOW_SIZE = 0x4
const REQUEST = { method: 'GET', scheme: 'https', authority: 'a.test', path: '/', fields: Object.freeze([]) }
const UPLOAD = { ...REQUEST, method: 'POST' }
const CONTENT = new Uint8Array(10_000)

/** An owner that keeps nothing; it takes content at once. */
class Owner {
  constructor(client) {
    this.client = client
    this.stream = undefined
  }
  onOpened() {}
  onInformational() {}
  onResponse() {}
  onData(_buf, start, end) {
    this.stream.consume(end - start)
  }
  onTrailers() {}
  onWritable() {}
  onPush(stream) {
    if (this.client.attack.refusePushes) return undefined
    const owner = new Owner(this.client)
    owner.stream = stream
    return owner
  }
  onEnd() {
    this.client.over()
  }
  onFailure() {
    this.client.over()
  }
}

class Client {
  constructor(attack, streams, limits) {
    this.attack = attack
    this.closed = undefined
    this.sent = 0
    this.missing = 0
    this.connection = new Connection(this, { keepAlive: false, limits, ...attack.options }, 0)
    this.pull()
    const entries = [[MAX_CONCURRENT_STREAMS, 0x7fffffff]]
    if (attack.initialWindow !== undefined) entries.push([INITIAL_WINDOW_SIZE, attack.initialWindow])
    this.connection.receive(settings(...entries), 0)
    this.connection.receive(frame(0x4, 0x1, 0), 0)
    const owners = Array.from({ length: attack.cancelled ?? 0 }, () => this.open())
    this.pull()
    for (const owner of owners) owner.stream.reset(8)
    for (let i = 0; i < streams; i++) this.open()
    this.pull()
    this.missing = 0
    this.sent = 0
  }

  open() {
    const owner = new Owner(this)
    owner.stream = this.connection.open(this.attack.uploads ? UPLOAD : REQUEST, !this.attack.uploads, owner)
    if (this.attack.uploads) owner.stream.write(CONTENT)
    return owner
  }

  over() {
    this.missing += 1
  }

  pull() {
    for (let out = this.connection.pull(65_536); out !== undefined; out = this.connection.pull(65_536)) {
      this.sent += out.length
    }
  }

  /** One chunk of the attacker's, and what a client does after it. */
  take(chunk) {
    this.connection.receive(chunk, 0)
    if (this.closed !== undefined) return
    if (this.attack.drain !== false) this.pull()
    if (this.attack.refill && this.missing > 0 && !this.connection.draining) this.refill()
  }

  refill() {
    for (; this.missing > 0; this.missing--) this.open()
    this.pull()
  }

  onReady() {}
  onDraining() {}
  onPong() {}
  onNotice() {}
  onClosed(failure) {
    this.closed = failure?.reason ?? 'closed'
  }
}

function chunksOf(attack, streams) {
  let next = 1
  const ids = () => {
    next += 2
    return next - 2
  }
  const chunks = []
  let octets = 0
  for (const chunk of attack.frames(ids, streams)) {
    chunks.push(chunk)
    octets += chunk.length
    if (octets >= MAX_OCTETS || chunks.length >= (attack.maxFrames ?? MAX_FRAMES)) break
  }
  return chunks
}

function retained() {
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Peak of what stays in memory, at 16 moments of the attack; the end of the connection is not one. */
function peak(attack, streams, chunks) {
  const client = new Client(attack, streams)
  const base = retained()
  let most = 0
  const every = Math.max(1, Math.ceil(chunks.length / 16))
  for (const [i, chunk] of chunks.entries()) {
    client.take(chunk)
    if ((i + 1) % every === 0 || i === chunks.length - 1) most = Math.max(most, retained() - base)
  }
  return most
}

function once(attack, streams, chunks) {
  const client = new Client(attack, streams, LIFTED)
  globalThis.gc({ type: 'minor' })
  const before = process.cpuUsage()
  for (const chunk of chunks) client.take(chunk)
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** The median of CPU time in µs, after the compiler has seen the attack with one stream open. */
function median(attack, streams, chunks) {
  const few = chunksOf(attack, 1)
  let spent = 0
  for (let i = 0; i < 40 && spent < ENOUGH / 2; i++) spent += once(attack, 1, few.slice(0, chunks.length))
  const times = []
  spent = 0
  while (times.length < 25 && (times.length < 3 || spent < ENOUGH)) {
    const time = once(attack, streams, chunks)
    times.push(time)
    spent += time
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]
}

/** How many frames it takes until the connection ends, and why it does. */
function trial(attack, streams, all, limits) {
  const client = new Client(attack, streams, limits)
  let count = 0
  while (count < all.length && client.closed === undefined) client.take(all[count++])
  return { count, end: client.closed, sent: client.sent }
}

/** Frames as a socket delivers them: together, 64 KiB at a time. */
function readsOf(chunks) {
  const bytes = Buffer.concat(chunks)
  const reads = []
  for (let at = 0; at < bytes.length; at += READ) reads.push(bytes.subarray(at, at + READ))
  return reads
}

/** Milliseconds of the longest turn of the event loop, the end of the connection included: the least of five attempts. */
function longestTurn(attack, streams, chunks, limits) {
  const reads = readsOf(chunks)
  const attempts = Array.from({ length: 5 }, () => {
    const client = new Client(attack, streams, limits)
    let longest = 0
    for (const read of reads) {
      const begun = performance.now()
      client.take(read)
      longest = Math.max(longest, performance.now() - begun)
      if (client.closed !== undefined) break
    }
    return longest
  })
  return Math.min(...attempts)
}

function main(number, streams) {
  const attack = attacks[number]
  const all = chunksOf(attack, streams)
  const { count, end, sent } = trial(attack, streams, all)
  const { count: longer, end: anyEnd } = trial(attack, streams, all, LIFTED)
  const chunks = all.slice(0, end === undefined ? count : count - 1)
  const timed = all.slice(0, anyEnd === undefined ? longer : longer - 1)
  const octets = lengthOf(timed)
  const perKiB = timed.length < LEAST ? null : (median(attack, streams, timed) / octets) * 1024
  return {
    name: attack.name,
    streams,
    end,
    frames: count,
    octets: lengthOf(all.slice(0, count)),
    answered: chunks.length === 0 ? null : sent / lengthOf(chunks),
    // What the compiler keeps is no part of it: the least of three.
    peak: Math.min(...[1, 2, 3].map(() => peak(attack, streams, chunks))),
    perKiB,
    longestTurn: Math.max(longestTurn(attack, streams, all), longestTurn(attack, streams, all, LIFTED)),
  }
}

function lengthOf(chunks) {
  return chunks.reduce((sum, { length }) => sum + length, 0)
}

console.log(JSON.stringify(main(Number(process.argv[2]), Number(process.argv[3]))))
