/**
 * A path on paper: one download over TCP, stepped through in tenths of a
 * millisecond. The sender's congestion window doubles each round trip until the
 * queue before the link overflows; then a packet is lost, what came behind it
 * waits for it, and the window goes on from seven tenths. The reader may be
 * kept from reading. Times are in milliseconds, sizes in octets.
 */
import type { WindowManager } from '../../src/protocol/index.ts'

export interface Download {
  readonly roundTripTime: number
  readonly mbit: number
  readonly size: number
  /** The longest time for which the reader is kept from reading, now and then; 0 for never. */
  readonly stall: number
  readonly seed: number
}

export interface Outcome {
  readonly elapsed: number
  /** The largest window that was ever granted. */
  readonly largestWindow: number
  /** What the link carries in a round trip. */
  readonly product: number
}

const STEP = 0.1
const SEGMENT = 1_448
const FRAME = 16_384
const LOSS = 0.7

/** What is under way, by the step in which it arrives. */
class Delay {
  readonly #arriving = new Map<number, number>()

  send(step: number, octets: number): void {
    this.#arriving.set(step, (this.#arriving.get(step) ?? 0) + octets)
  }

  take(step: number): number {
    const octets = this.#arriving.get(step) ?? 0
    this.#arriving.delete(step)
    return octets
  }
}

/** The sender, its link and the queue before it. */
class Sender {
  readonly download: Download
  readonly perStep: number
  readonly oneWay: number
  readonly data = new Delay()
  readonly acks = new Delay()
  sent = 0
  /** Octets that flow control lets it send. */
  credit: number
  #congestion = 10 * SEGMENT
  #unacknowledged = 0
  #queued = 0
  #lossOver = -1
  #avoids = false
  /** Steps between which what arrives waits for what was lost. */
  readonly holes: [from: number, to: number][] = []

  constructor(download: Download, perStep: number, oneWay: number, credit: number) {
    this.download = download
    this.perStep = perStep
    this.oneWay = oneWay
    this.credit = credit
  }

  step(step: number): void {
    const { size, roundTripTime } = this.download
    const acknowledged = this.acks.take(step)
    this.#unacknowledged -= acknowledged
    this.#congestion += this.#avoids ? (acknowledged * SEGMENT) / this.#congestion : acknowledged
    const sends = Math.min(this.#congestion - this.#unacknowledged, this.credit, size - this.sent)
    if (sends > 0) {
      this.sent += sends
      this.credit -= sends
      this.#unacknowledged += sends
      this.#queued += sends
    }
    const product = (this.perStep * roundTripTime) / STEP
    if (this.#queued > Math.max(262_144, product) && step > this.#lossOver && this.sent < size)
      this.#lose(step)
    const leaves = Math.min(this.#queued, this.perStep)
    this.#queued -= leaves
    if (leaves > 0) this.data.send(step + this.oneWay, leaves)
  }

  #lose(step: number): void {
    const queue = Math.round(this.#queued / this.perStep)
    const roundTrip = Math.round(this.download.roundTripTime / STEP)
    const from = step + this.oneWay + queue
    this.holes.push([from, from + roundTrip + queue])
    this.#lossOver = step + 2 * (roundTrip + queue)
    this.#avoids = true
    this.#congestion *= LOSS
  }
}

/** Downloads with this manager on the stream. */
export function simulate(download: Download, manager: WindowManager): Outcome {
  const { roundTripTime, mbit, size, stall } = download
  const perStep = ((mbit * 1e6) / 8 / 1000) * STEP
  const oneWay = Math.max(1, Math.round(roundTripTime / 2 / STEP))
  const sender = new Sender(download, perStep, oneWay, manager.initialWindowSize)
  const credits = new Delay()
  const path = { now: 0, roundTripTime }
  manager.path = path
  const random = randomOf(download.seed)
  let window = manager.initialWindowSize
  let largestWindow = window
  let behindLoss = 0
  let readable = 0
  let read = 0
  let readsAt = 0
  let stallsAt = stall === 0 ? Number.POSITIVE_INFINITY : 10
  for (let step = 0; read < size - 1; step++) {
    const now = step * STEP
    sender.credit += credits.take(step)
    sender.step(step)
    const arrived = sender.data.take(step)
    sender.acks.send(step + oneWay, arrived)
    while (sender.holes[0] !== undefined && step >= sender.holes[0][1]) {
      readable += behindLoss
      behindLoss = 0
      sender.holes.shift()
    }
    if (sender.holes[0] !== undefined && step >= sender.holes[0][0]) behindLoss += arrived
    else readable += arrived
    if (now >= stallsAt) {
      readsAt = now + random() * stall
      stallsAt = readsAt + 20 + random() * 150
    }
    if (now < readsAt || readable < Math.min(FRAME, size - read) - 1) continue
    path.now = now
    for (let turn = 0; turn < 16 && readable >= 1; turn++) {
      const length = Math.min(FRAME, readable)
      readable -= length
      read += length
      const credit = manager.onDataReceived(length) + manager.onDataConsumed(length)
      window += credit - length
      largestWindow = Math.max(largestWindow, window)
      if (credit > 0) credits.send(step + oneWay, credit)
    }
  }
  return { elapsed: path.now + roundTripTime, largestWindow, product: (perStep * roundTripTime) / STEP }
}

/** The same numbers from 0 to 1 for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed * 7919
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
