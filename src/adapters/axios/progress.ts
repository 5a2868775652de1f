/**
 * Progress of a body, told to a listener of axios. Its one rule: the first and
 * the last are told, and of those between three a second.
 */
import type { ProgressEvent } from './config.ts'

/** Its reactions run whatever clock a test has put in place of the platform's. */
const SETTLED = Promise.resolve()
const INTERVAL_MS = 1_000 / 3
/** Milliseconds before which a rate says nothing. */
const RATE_AFTER_MS = 250

export class Progress {
  readonly #listener: (event: ProgressEvent) => void
  readonly #total: number | undefined
  readonly #kind: 'upload' | 'download'
  readonly #startedAt: number
  #loaded: number
  #told: number
  #toldAt: number

  constructor(
    listener: (event: ProgressEvent) => void,
    total: number | undefined,
    kind: 'upload' | 'download',
  ) {
    this.#listener = listener
    this.#total = total
    this.#kind = kind
    this.#startedAt = performance.now()
    this.#loaded = 0
    this.#told = 0
    this.#toldAt = Number.NEGATIVE_INFINITY
  }

  add(length: number): void {
    this.#loaded += length
    const now = performance.now()
    if (now - this.#toldAt >= INTERVAL_MS) this.#tell(now)
  }

  end(): void {
    if (this.#told < this.#loaded) this.#tell(performance.now())
  }

  #tell(now: number): void {
    const passed = now - this.#startedAt
    const total = this.#total
    const loaded = total === undefined ? this.#loaded : Math.min(this.#loaded, total)
    const rate = passed >= RATE_AFTER_MS ? Math.round((loaded * 1_000) / passed) : undefined
    const lengthComputable = total !== undefined
    const event: ProgressEvent = {
      loaded,
      total,
      progress: total === undefined || total === 0 ? undefined : loaded / total,
      bytes: Math.max(0, loaded - this.#told),
      rate,
      estimated: rate === undefined || total === undefined ? undefined : (total - loaded) / rate,
      event: { loaded, total, lengthComputable },
      lengthComputable,
      ...(this.#kind === 'upload' ? { upload: true } : { download: true }),
    }
    this.#told = this.#loaded
    this.#toldAt = now
    void SETTLED.then(() => this.#call(event))
  }
  /** What a listener throws is its own, as with an event. */
  #call(event: ProgressEvent): void {
    try {
      this.#listener(event)
    } catch (error) {
      process.nextTick(rethrow, error)
    }
  }
}

function rethrow(error: unknown): void {
  throw error
}
