/** An origin in memory behind an `Agent`, and what a test asks of both. */
import { type EventEmitter, once } from 'node:events'
import { afterEach, beforeEach, expect } from 'vitest'
import type { ClientRequest } from '../../src/adapters/https/client-request.ts'
import type { IncomingMessage } from '../../src/adapters/https/incoming-message.ts'
import type { RequestOptions } from '../../src/adapters/https/request-target.ts'
import { Agent, request as send } from '../../src/adapters/https.ts'
import { MemoryOrigin, type OriginHandler } from '../../src/testing/index.ts'

export class Pair {
  readonly origin: MemoryOrigin
  readonly agent: Agent

  constructor(handler: OriginHandler) {
    this.origin = new MemoryOrigin(handler)
    this.agent = new Agent({ client: { transport: this.origin.dial } })
  }

  request(options: RequestOptions & { url?: string } = {}): ClientRequest {
    const { url = 'https://a.test/', ...others } = options
    return send(url, { agent: this.agent, ...others }) as object as ClientRequest
  }

  /** Sends and reads all of the answer. */
  async exchange(
    options: RequestOptions & { url?: string } = {},
    body?: string | Uint8Array,
  ): Promise<Exchanged> {
    const request = this.request(options)
    request.end(body)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const pieces: Buffer[] = []
    for await (const piece of response) pieces.push(piece as Buffer)
    return { request, response, text: Buffer.concat(pieces).toString() }
  }

  /** Requests that are open, and that wait. */
  get open(): number {
    const { open, waiting } = this.agent.clientFor({}).stats()
    return open + waiting
  }
}

export interface Exchanged {
  readonly request: ClientRequest
  readonly response: IncomingMessage
  readonly text: string
}

/** The names of events in the order in which they come, of several emitters. */
export function record(
  names: { readonly [name: string]: EventEmitter | undefined },
  ...events: string[]
): string[] {
  const seen: string[] = []
  for (const [name, emitter] of Object.entries(names)) {
    for (const event of events) emitter?.on(event, () => seen.push(`${name} ${event}`))
  }
  return seen
}

/** Turns of the event loop, until what was begun is done. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** From here on every test of the file fails if an error in it is caught by nobody. Gives those that were, to be taken. */
export function expectNoneUncaught(): unknown[] {
  const uncaught: unknown[] = []
  const caught = (error: unknown): void => {
    uncaught.push(error)
  }
  beforeEach(() => {
    process.on('uncaughtException', caught)
    process.on('unhandledRejection', caught)
  })
  afterEach(() => {
    process.off('uncaughtException', caught)
    process.off('unhandledRejection', caught)
    expect(uncaught.splice(0)).toEqual([])
  })
  return uncaught
}
