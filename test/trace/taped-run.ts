/** A run of the engine whose octets are on a tape, too. */
import type { ConnectionOptions } from '../../src/protocol/index.ts'
import { Tape, type TapeOptions } from '../../src/trace/index.ts'
import { Conversation, type script } from '../fuzz/conversation.ts'
import { type Event, Run } from '../fuzz/engine-run.ts'
import { chunks } from '../fuzz/mutation.ts'

type Steps = typeof script extends { generate: (...args: never[]) => { value: infer T } } ? T : never

export class TapedRun extends Run {
  readonly tape: Tape
  readonly #lengths: readonly number[]
  readonly #connection: number

  constructor(options: ConnectionOptions, lengths: readonly number[], taped: TapeOptions = {}) {
    super(options, lengths)
    this.#lengths = lengths
    this.tape = new Tape(taped)
    this.#connection = this.tape.connect('https://a.test', 0)
  }

  override play(event: Event): void {
    if (event instanceof Uint8Array && !this.connection.closed) {
      for (const chunk of chunks(event, this.#lengths)) this.tape.received(this.#connection, chunk, this.now)
    }
    super.play(event)
  }

  /** A peer that keeps every rule plays these steps, and then everything that waits is sent. */
  converse(steps: Steps): void {
    const conversation = new Conversation(this)
    const see = this.onSent
    this.onSent = (bytes) => {
      this.tape.sent(this.#connection, bytes, this.now)
      see(bytes)
    }
    conversation.play(steps)
    this.play({ pull: 65_536 })
  }
}
