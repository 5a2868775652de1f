/**
 * What is being looked at: a span of time, a selection, a search. Its one rule:
 * whoever draws is told of a change once a frame of the screen, whatever changed.
 */
import type { Cause } from '../trace/index.ts'
import type { Model } from './model.ts'
import { type Match, searchFor } from './search.ts'

/** Of the whole, the shortest span that is shown, in milliseconds. */
const SHORTEST = 0.01

export class View {
  readonly model: Model
  from: number
  to: number
  /** The lane that is selected, and the frame, by its place; -1 for none. */
  lane = -1
  place = -1
  /** The one cause that is shown in full colour. */
  cause: Cause | undefined = undefined
  search = ''
  /** Places of frames that match the search; all of them if there is none. */
  matches: readonly number[]
  matching: Match | undefined = undefined
  /** Where the pointer is, in milliseconds; NaN for nowhere. */
  pointer = Number.NaN
  readonly #drawers: (() => void)[] = []
  #due = false

  constructor(model: Model) {
    this.model = model
    this.from = 0
    this.to = model.duration
    this.matches = model.frames.map((_, place) => place)
  }

  /** Is told when something changed. */
  onChange(draw: () => void): void {
    this.#drawers.push(draw)
  }

  changed(): void {
    if (this.#due) return
    this.#due = true
    requestAnimationFrame(() => {
      this.#due = false
      for (const draw of this.#drawers) draw()
    })
  }

  get span(): number {
    return this.to - this.from
  }

  /** Shows this span, as far as there is one. */
  show(from: number, to: number): void {
    const span = Math.min(this.model.duration, Math.max(SHORTEST, to - from))
    this.from = Math.min(Math.max(0, from), this.model.duration - span)
    this.to = this.from + span
    this.changed()
  }

  /** Zooms by a factor around a moment, which stays where it is. */
  zoom(factor: number, around: number = (this.from + this.to) / 2): void {
    const share = (around - this.from) / this.span
    const span = Math.min(this.model.duration, Math.max(SHORTEST, this.span * factor))
    this.show(around - span * share, around + span * (1 - share))
  }

  pan(by: number): void {
    this.show(this.from + by, this.to + by)
  }

  /** Moves so that a moment can be seen. */
  reveal(time: number): void {
    if (time < this.from || time > this.to) this.show(time - this.span / 2, time + this.span / 2)
  }

  selectLane(lane: number): void {
    this.lane = Math.min(this.model.lanes.length - 1, Math.max(-1, lane))
    this.place = -1
    this.changed()
  }

  /** Selects a frame by its place, and the lane of its stream. */
  selectFrame(place: number): void {
    const frame = this.model.frames[place]
    if (frame === undefined) return
    this.place = place
    const lane = this.model.lanes.findIndex(
      ({ stalls: { request } }) => request.connection === frame.connection && request.stream === frame.stream,
    )
    if (frame.stream > 0 && lane >= 0) this.lane = lane
    this.reveal(frame.time)
    this.changed()
  }

  lookFor(text: string): void {
    this.search = text
    this.matching = searchFor(text)
    const { frames, fields } = this.model
    const match = this.matching
    const places = frames.map((_, place) => place)
    this.matches =
      match === undefined
        ? places
        : places.filter((place) => match(frames[place]!, fields.get(frames[place]!.row) ?? []))
    this.changed()
  }

  /** The next match, or the one before. */
  step(by: 1 | -1): void {
    const { matches, place } = this
    const next = by === 1 ? matches.find((one) => one > place) : matches.findLast((one) => one < place)
    const wrapped = next ?? (by === 1 ? matches[0] : matches.at(-1))
    if (wrapped !== undefined) this.selectFrame(wrapped)
  }

  /** The next stall of the selected lane, or the one before; of all lanes if none is selected. */
  stepStall(by: 1 | -1): void {
    if (this.lane < 0) this.lane = 0
    const stalls =
      this.model.lanes[this.lane]?.stalls.stalls.filter(({ cause }) => cause !== 'transfer') ?? []
    const middle = (this.from + this.to) / 2
    const slack = this.span / 1000
    const next =
      by === 1
        ? stalls.find(({ from, to }) => (from + to) / 2 > middle + slack)
        : stalls.findLast(({ from, to }) => (from + to) / 2 < middle - slack)
    if (next === undefined) return
    const room = Math.max(next.to - next.from, SHORTEST) * 0.75
    this.show(next.from - room, next.to + room)
    this.cause = next.cause
  }
}
