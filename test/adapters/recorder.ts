/**
 * Handlers as undici's callers make them, of both generations, that write down
 * what they are told.
 */
import type { Duplex } from 'node:stream'
import type {
  DispatchController,
  DispatchHandler,
  LegacyHandler,
  NewHandler,
} from '../../src/adapters/undici.ts'

export type Generation = 'new' | 'legacy'
export const GENERATIONS: readonly Generation[] = ['new', 'legacy']

/** What a handler does when it is told; each may throw. */
export interface Behaviour {
  readonly onStart?: (abort: (reason?: unknown) => void) => void
  readonly onHead?: (steer: Steer) => void
  /** False: pause. */
  readonly onData?: (chunk: Buffer, steer: Steer) => boolean | undefined
  readonly onEnd?: () => void
  readonly onError?: () => void
  /** False: refused. */
  readonly onUpgrade?: (socket: Duplex) => boolean
}

/** What both generations can do, under one name. */
export interface Steer {
  abort(reason?: unknown): void
  resume(): void
}

export class Recorder {
  /** Each call by its method's meaning, in order. */
  readonly calls: string[] = []
  readonly heads: { status: number; fields: [string, string][] }[] = []
  readonly chunks: Buffer[] = []
  readonly errors: unknown[] = []
  trailers: [string, string][] | undefined
  socket: Duplex | undefined
  steer: Steer = { abort() {}, resume() {} }
  controller: DispatchController | undefined
  readonly handler: DispatchHandler
  readonly behaviour: Behaviour
  /** Resolves with the last call. */
  readonly over: Promise<string>
  #finish!: (last: string) => void

  constructor(generation: Generation, behaviour: Behaviour = {}) {
    this.behaviour = behaviour
    this.over = new Promise((resolve) => {
      this.#finish = resolve
    })
    this.handler = generation === 'new' ? newHandler(this) : legacyHandler(this)
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString()
  }

  get error(): Error & { code?: string } {
    return this.errors[0] as Error & { code?: string }
  }

  start(abort: (reason?: unknown) => void): void {
    this.calls.push('start')
    this.steer = { abort, resume() {} }
    this.behaviour.onStart?.(abort)
  }

  head(status: number, fields: [string, string][]): void {
    this.calls.push(status < 200 ? 'informational' : 'head')
    this.heads.push({ status, fields })
    if (status >= 200) this.behaviour.onHead?.(this.steer)
  }

  data(chunk: Buffer): boolean {
    if (this.calls.at(-1) !== 'data') this.calls.push('data')
    this.chunks.push(chunk)
    return this.behaviour.onData?.(chunk, this.steer) !== false
  }

  end(trailers: [string, string][]): void {
    this.calls.push('end')
    this.trailers = trailers
    this.behaviour.onEnd?.()
    this.#finish('end')
  }

  failed(error: unknown): void {
    this.calls.push('error')
    this.errors.push(error)
    this.#finish('error')
    this.behaviour.onError?.()
  }

  upgraded(status: number, fields: [string, string][], socket: Duplex): boolean {
    this.calls.push('upgrade')
    this.heads.push({ status, fields })
    this.socket = socket
    const wanted = this.behaviour.onUpgrade?.(socket) !== false
    if (wanted) this.#finish('upgrade')
    return wanted
  }
}

function newHandler(recorder: Recorder): NewHandler {
  return {
    onRequestStart(controller) {
      recorder.controller = controller
      recorder.start((reason) => controller.abort(reason))
      recorder.steer = controller
    },
    onResponseStart(controller, status, headers) {
      // Both shapes of the fields say the same.
      const raw = pairsOf(controller.rawHeaders as Buffer[])
      if (JSON.stringify(recordOf(raw)) !== JSON.stringify(headers))
        throw new Error('rawHeaders differ from headers')
      recorder.head(status, raw)
    },
    onResponseData(controller, chunk) {
      if (!recorder.data(chunk)) controller.pause()
    },
    onResponseEnd(controller, trailers) {
      const raw = pairsOf(controller.rawTrailers as Buffer[])
      if (JSON.stringify(recordOf(raw)) !== JSON.stringify(trailers)) throw new Error('rawTrailers differ')
      recorder.end(raw)
    },
    onResponseError: (_, error) => recorder.failed(error),
    onRequestUpgrade: (controller, status, _headers, socket) =>
      recorder.upgraded(status, pairsOf(controller.rawHeaders as Buffer[]), socket),
  }
}

function legacyHandler(recorder: Recorder): LegacyHandler {
  return {
    onConnect: (abort) => recorder.start(abort),
    onHeaders(status, raw, resume) {
      recorder.steer = { abort: recorder.steer.abort, resume }
      recorder.head(status, pairsOf(raw as Buffer[]))
      // As `fetch` does; of informational responses it must not pause.
      return status >= 200
    },
    onData: (chunk) => recorder.data(chunk),
    onComplete: (raw) => recorder.end(pairsOf(raw as Buffer[])),
    onError: (error) => recorder.failed(error),
    onUpgrade: (status, raw, socket) => recorder.upgraded(status, pairsOf(raw as Buffer[]), socket),
  }
}

export function pairsOf(raw: Buffer[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i < raw.length; i += 2) {
    if (!Buffer.isBuffer(raw[i]) || !Buffer.isBuffer(raw[i + 1])) throw new Error('not octets')
    pairs.push([raw[i]!.toString('latin1'), raw[i + 1]!.toString('latin1')])
  }
  return pairs
}

function recordOf(pairs: [string, string][]): Record<string, string | string[]> {
  // Of no class: a field may have the name of a member.
  const record: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of pairs) {
    const before = record[name]
    record[name] =
      before === undefined ? value : typeof before === 'string' ? [before, value] : [...before, value]
  }
  return record
}
