/**
 * Which upload sends next (RFC 9218 §10): the most urgent first, and among
 * equals each a frame in turn, so that a small one is never long behind a large
 * one. Knows which streams have content and an open window; the connection's
 * window is its caller's affair.
 */
import type { StreamSendWindows } from './flow-control.ts'
import type { Stream } from './stream.ts'
import { StreamQueue } from './stream-queue.ts'

const URGENCIES = 8

export class Scheduler {
  readonly #windows: StreamSendWindows
  /** By urgency: streams with content and an open window. */
  readonly #ready: (StreamQueue<Stream> | undefined)[] = []
  /** By urgency: streams with content whose own window is shut. */
  readonly #blocked: (StreamQueue<Stream> | undefined)[] = []
  /** Streams with nothing left but their end: no window holds them up (RFC 9113 §6.9.1). */
  readonly #ending = new StreamQueue<Stream>()

  /** No stream whose window is shut has more credit. */
  #highestBlocked = Number.NEGATIVE_INFINITY

  constructor(windows: StreamSendWindows) {
    this.#windows = windows
  }

  /** Puts a stream where it belongs, at the end of its queue: after content, an end, a window or an urgency changed. */
  place(stream: Stream): void {
    const upload = stream.upload
    if (upload === undefined || !stream.sending) return
    if (upload.length === 0) {
      if (upload.ended) this.#ending.push(stream)
      else stream.unlink()
      return
    }
    const open = this.#windows.available(stream.sendCredit) > 0
    if (!open && stream.sendCredit > this.#highestBlocked) this.#highestBlocked = stream.sendCredit
    queue(open ? this.#ready : this.#blocked, stream.urgency).push(stream)
  }

  /** Content was added: a stream that stands in a queue for content keeps its turn. */
  added(stream: Stream): void {
    if (!stream.linked) this.place(stream)
  }

  /** The windows of all streams changed: if any that was shut is open now, all are asked again when their turn comes. */
  unblockAll(): void {
    if (this.#windows.available(this.#highestBlocked) <= 0) return
    this.#highestBlocked = Number.NEGATIVE_INFINITY
    for (let urgency = 0; urgency < URGENCIES; urgency++) {
      const blocked = this.#blocked[urgency]
      if (blocked !== undefined) queue(this.#ready, urgency).absorb(blocked)
    }
  }

  /** The next stream that only has to end. */
  get nextEnding(): Stream | undefined {
    return this.#ending.first
  }

  /** The next stream with content and an open window. */
  nextReady(): Stream | undefined {
    for (const ready of this.#ready) {
      if (ready === undefined) continue
      for (let stream = ready.first; stream !== undefined; stream = ready.first) {
        if (this.#windows.available(stream.sendCredit) > 0) return stream
        this.place(stream)
      }
    }
    return undefined
  }
}

function queue(queues: (StreamQueue<Stream> | undefined)[], urgency: number): StreamQueue<Stream> {
  let found = queues[urgency]
  if (found === undefined) {
    found = new StreamQueue()
    queues[urgency] = found
  }
  return found
}
