/**
 * A line for every frame of one connection (`NODE_DEBUG=hyper`). Its one rule:
 * it only looks, and shows no field value.
 */
import { FrameTrace } from '../../frame/frame-trace.ts'
import type { Transport } from '../../transport/transport.ts'
import type { HttpVersion } from '../response/incoming.ts'
import { Observer, Witness } from '../session/observer.ts'

/** Has the frames of every connection logged. */
export class FrameLogs extends Observer {
  readonly #line: (text: string) => void

  constructor(line: (text: string) => void) {
    super()
    this.#line = line
  }

  override connecting(): Witness {
    return new FrameLog(this.#line)
  }
}

class FrameLog extends Witness {
  readonly #line: (text: string) => void
  #sent: FrameTrace | undefined
  #received: FrameTrace | undefined

  constructor(line: (text: string) => void) {
    super()
    this.#line = line
    this.#sent = undefined
    this.#received = undefined
  }

  override opened(_transport: Transport, httpVersion: HttpVersion): void {
    // HTTP/1.1 has no frames.
    if (httpVersion !== '2') return
    this.#sent = new FrameTrace((text) => this.#line(`send ${text}`), { preface: true })
    this.#received = new FrameTrace((text) => this.#line(`recv ${text}`))
  }

  override sent(chunk: Uint8Array): void {
    this.#sent?.receive(chunk)
  }

  override received(chunk: Uint8Array): void {
    this.#received?.receive(chunk)
  }
}
