/**
 * How far uploads got in one pull, for owners that ask to be told (`onSent`):
 * noted frame by frame, told once a stream, when the pull is over and every
 * book is settled.
 */
import type { Stream } from './stream.ts'

interface Progress {
  octets: number
  ended: boolean
}

export class SentProgress {
  #streams: Map<Stream, Progress> | undefined = undefined

  note(stream: Stream, octets: number, ended: boolean): void {
    if (stream.sink.onSent === undefined) return
    this.#streams ??= new Map()
    const known = this.#streams.get(stream)
    if (known === undefined) {
      this.#streams.set(stream, { octets, ended })
      return
    }
    known.octets += octets
    known.ended ||= ended
  }

  tell(): void {
    const streams = this.#streams
    if (streams === undefined) return
    this.#streams = undefined
    for (const [stream, { octets, ended }] of streams) stream.tellSent(octets, ended)
  }
}
