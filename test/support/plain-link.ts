/** An origin of HTTP/1.1 in memory that keeps what it is sent, octet by octet, and answers as it is told. */
import { memoryPair } from '../../src/transport/memory.ts'
import type { Dial } from '../../src/transport/transport.ts'

export class PlainLink {
  /** All that was sent. */
  received = ''
  readonly dial: Dial

  /** Answers, once what a connection sent matches `whole`. */
  constructor(answer: string, whole = /\r\n\r\n$/) {
    this.dial = async () => {
      const [ours, theirs] = memoryPair()
      let request = ''
      theirs.start({
        onChunk: (chunk) => {
          const text = Buffer.from(chunk).toString('latin1')
          this.received += text
          request += text
          if (!whole.test(request)) return
          request = ''
          theirs.write(new Uint8Array(Buffer.from(answer, 'latin1')), () => {})
        },
        onEnd: () => theirs.end(),
        onClosed() {},
      })
      return ours
    }
  }
}
