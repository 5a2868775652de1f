/** A server of HTTP/1.1 in memory that answers every request alike. */
import type { Clock } from '../../../src/client/settings/clock.ts'
import { memoryPair } from '../../../src/transport/memory.ts'
import type { Dial } from '../../../src/transport/transport.ts'

export class PlainOrigin {
  /** Connections that were made. */
  connections = 0
  /** Request lines, in the order of their arrival. */
  readonly requests: string[] = []
  readonly dial: Dial

  constructor({
    fields = '',
    delayMs = 0,
    clock,
  }: { fields?: string; delayMs?: number; clock?: Clock } = {}) {
    const answer = Buffer.from(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`)
    this.dial = async () => {
      this.connections += 1
      const [ours, theirs] = memoryPair()
      let received = ''
      theirs.start({
        onChunk: (chunk) => {
          received += Buffer.from(chunk).toString('latin1')
          if (!received.endsWith('\r\n\r\n')) return
          this.requests.push(received.slice(0, received.indexOf('\r\n')))
          received = ''
          const write = (): void => theirs.write(new Uint8Array(answer), () => {})
          if (delayMs === 0) write()
          else clock!.setTimer(write, delayMs)
        },
        onEnd: () => theirs.end(),
        onClosed() {},
      })
      return ours
    }
  }
}
