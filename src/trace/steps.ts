/**
 * A number that changes at moments, and which row changed it. One rule: two
 * steps in a row differ, in time and in value.
 */
export class Steps {
  readonly times: number[] = []
  readonly values: number[] = []
  /** The row that changed it. */
  readonly rows: number[] = []
  readonly #before: number

  /** @param before the value in front of the first step */
  constructor(before = 0) {
    this.#before = before
  }

  /** It is `value` from `time` on, which is not before the last step. */
  set(time: number, value: number, row: number): void {
    if (value === (this.values.at(-1) ?? this.#before)) return
    if (this.times.at(-1) === time) {
      this.times.pop()
      this.values.pop()
      this.rows.pop()
    }
    if (value === (this.values.at(-1) ?? this.#before)) return
    this.times.push(time)
    this.values.push(value)
    this.rows.push(row)
  }

  /** The step in force at `time`; -1 in front of the first. */
  stepAt(time: number): number {
    let low = 0
    let high = this.times.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.times[middle]! <= time) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  at(time: number): number {
    const step = this.stepAt(time)
    return step < 0 ? this.#before : this.values[step]!
  }

  /** Moments of change after `from` and before `to`, put into `into`. */
  changes(from: number, to: number, into: number[]): void {
    for (let step = this.stepAt(from) + 1; step < this.times.length && this.times[step]! < to; step++) {
      into.push(this.times[step]!)
    }
  }

  /** The rows that began and ended what holds at `time`; fewer where none did. */
  proof(time: number): number[] {
    const step = this.stepAt(time)
    return [this.rows[step], this.rows[step + 1]].filter((row) => row !== undefined)
  }
}

/** Steps from changes in any order: 1 while the sum of `before` and all changes is 0 or less, else 0. */
export function exhausted(before: number, changes: readonly Change[]): Steps {
  const steps = new Steps(before <= 0 ? 1 : 0)
  let sum = before
  for (const { time, by, row } of changes.toSorted((a, b) => a.time - b.time)) {
    sum += by
    steps.set(time, sum <= 0 ? 1 : 0, row)
  }
  return steps
}

export interface Change {
  readonly time: number
  readonly by: number
  readonly row: number
}
