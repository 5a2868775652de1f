/**
 * Every face of the library, asked in one way: a request as its callers write
 * it, and all that its getters say of the response.
 */
import { once } from 'node:events'
import { hyperAdapter } from '../../src/adapters/axios.ts'
import { createHttpClient } from '../../src/adapters/connect.ts'
import type { ClientRequest } from '../../src/adapters/https/client-request.ts'
import type { IncomingMessage } from '../../src/adapters/https/incoming-message.ts'
import { Agent, request as send } from '../../src/adapters/https.ts'
import { HyperHttpHandler } from '../../src/adapters/smithy.ts'
import { HyperDispatcher } from '../../src/adapters/undici.ts'
import { Client, type HTTP20Response, HTTPConnection } from '../../src/index.ts'
import type { Dial } from '../../src/testing/transport-shape.ts'
import { GENERATIONS, Recorder } from './recorder.ts'

export type Pairs = readonly (readonly [string, string])[]

export interface Asked {
  readonly method?: string
  /** A record with arrays where a name comes twice, or pairs, as the face has them. */
  readonly headers?: Pairs
  readonly body?: string
  readonly trailers?: Pairs
}

/** What a face says of a response; names in lower case. */
export interface Seen {
  readonly status: number
  /** By name, values joined. */
  readonly fields: Readonly<Record<string, string>>
  /** Undefined where the face does not show them. */
  readonly trailers: Readonly<Record<string, string>> | undefined
  readonly text: string
}

export interface Face {
  readonly name: string
  /** True if it can say trailers of a request. */
  readonly trailers: boolean
  /** True if its fields come from a class that refuses or joins what is given to it. */
  readonly standard?: boolean
  ask(transport: Dial, asked: Asked): Promise<Seen>
}

const ORIGIN = 'https://a.test'

function record(pairs: Pairs = []): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {}
  for (const [name, value] of pairs) {
    const before = fields[name]
    fields[name] = before === undefined ? value : [before, value].flat()
  }
  return fields
}

/** A record of what a platform's `Headers`, or an object, has. */
function read(fields: Iterable<readonly [string, unknown]>): Record<string, string> {
  const seen: Record<string, string> = Object.create(null)
  for (const [name, value] of fields) {
    const text = Array.isArray(value) ? value.join(', ') : String(value)
    seen[name.toLowerCase()] = name in seen ? `${seen[name]}, ${text}` : text
  }
  return seen
}

/** Calls every getter there is. */
async function readAll(response: HTTP20Response): Promise<Seen> {
  const fields = read(response.headers)
  for (const name of Object.keys(fields)) {
    if (response.headers.get(name) === null || response.getHeader(name) === undefined) throw new Error(name)
  }
  read(response.rawHeaders)
  read(response.getHeaders())
  for (const { status, headers } of response.informational) read([['status', status], ...headers])
  const text = await response.text()
  return { status: response.status, fields, trailers: read(await response.trailers), text }
}

const init = ({ headers, body, trailers }: Asked) => ({
  headers: record(headers) as Record<string, string>,
  ...(body === undefined ? {} : { body }),
  ...(trailers === undefined ? {} : { trailers: record(trailers) as Record<string, string> }),
})

export const FACES: readonly Face[] = [
  {
    name: 'connection',
    trailers: true,
    async ask(transport, asked) {
      const connection = new HTTPConnection(ORIGIN, { transport })
      return readAll(await connection.request(asked.method ?? 'GET', '/', init(asked)).response)
    },
  },
  {
    name: 'connection, piece by piece',
    trailers: false,
    async ask(transport, { method = 'GET', headers = [], body }) {
      const connection = new HTTPConnection(ORIGIN, { transport })
      await connection.connect()
      const stream = connection.putRequest(method, '/')
      for (const [name, value] of headers) connection.putHeader(name, value)
      connection.endHeaders(undefined, body === undefined)
      if (body !== undefined) connection.send(body, true).catch(() => {})
      return readAll(await connection.getResponse(stream))
    },
  },
  {
    name: 'Client.request',
    trailers: true,
    async ask(transport, asked) {
      const client = new Client({ transport, retry: false })
      return readAll(await client.request(ORIGIN, { method: asked.method ?? 'GET', ...init(asked) }))
    },
  },
  {
    name: 'fetch',
    trailers: false,
    standard: true,
    async ask(transport, { method = 'GET', headers = [], body }) {
      const client = new Client({ transport, retry: false })
      const response = await client.fetch(ORIGIN, {
        method,
        headers: [...headers] as [string, string][],
        body: body ?? null,
      })
      const fields = read(response.headers)
      return { status: response.status, fields, trailers: undefined, text: await response.text() }
    },
  },
  ...GENERATIONS.map((generation) => ({
    name: `undici, ${generation} handlers`,
    trailers: false,
    async ask(transport: Dial, { method = 'GET', headers, body }: Asked) {
      const dispatcher = new HyperDispatcher({ transport, retry: false })
      const recorder = new Recorder(generation)
      const options = { origin: ORIGIN, path: '/', method, headers: record(headers), body: body ?? null }
      dispatcher.dispatch(options as never, recorder.handler)
      if ((await recorder.over) === 'error') throw recorder.error
      const { status, fields } = recorder.heads.at(-1)!
      // What undici's own fetch does with them.
      new Headers(fields)
      return { status, fields: read(fields), trailers: read(recorder.trailers!), text: recorder.text }
    },
  })),
  {
    name: 'https',
    trailers: true,
    async ask(transport, { method = 'GET', headers, body, trailers }) {
      const agent = new Agent({ client: { transport, retry: false } })
      const request = send(ORIGIN, { agent, method, headers: record(headers) }) as object as ClientRequest
      if (trailers !== undefined) request.addTrailers(trailers as never)
      request.end(body)
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      const pieces: Buffer[] = []
      for await (const piece of response) pieces.push(piece as Buffer)
      read(Object.entries(response.headersDistinct))
      read(Object.entries(response.trailersDistinct))
      return {
        status: response.statusCode!,
        fields: read(Object.entries(response.headers)),
        trailers: read(Object.entries(response.trailers)),
        text: Buffer.concat(pieces).toString(),
      }
    },
  },
  {
    name: 'axios',
    trailers: false,
    async ask(transport, { method = 'GET', headers, body }) {
      const httpsAgent = new Agent({ client: { transport, retry: false } })
      const given = record(headers)
      const response = await hyperAdapter({
        url: `${ORIGIN}/`,
        method,
        headers: { ...given, toJSON: () => given } as never,
        data: body,
        httpsAgent,
      } as never)
      const { status, headers: fields, data } = response as { status: number; headers: object; data: unknown }
      return { status, fields: read(Object.entries(fields)), trailers: undefined, text: String(data) }
    },
  },
  {
    name: 'connect',
    trailers: false,
    standard: true,
    async ask(transport, { method = 'GET', headers = [], body }) {
      const http = createHttpClient({ transport })
      const header = new Headers()
      for (const [name, value] of headers) header.append(name, value)
      async function* pieces() {
        yield new TextEncoder().encode(body)
      }
      const response = await http({
        url: `${ORIGIN}/`,
        method,
        header,
        body: body === undefined ? undefined : pieces(),
      })
      const fields = read(response.header)
      let text = ''
      for await (const piece of response.body) text += new TextDecoder().decode(piece)
      return { status: response.status, fields, trailers: read(response.trailer), text }
    },
  },
  {
    name: 'smithy',
    trailers: false,
    async ask(transport, { method = 'GET', headers = [], body }) {
      const http = new HyperHttpHandler({ transport })
      const given = Object.fromEntries(headers)
      const request = { protocol: 'https:', hostname: 'a.test', path: '/', method, headers: given, body }
      const { response } = await http.handle(request)
      const pieces: Buffer[] = []
      for await (const piece of response.body) pieces.push(piece as Buffer)
      const fields = read(Object.entries(response.headers))
      return {
        status: response.statusCode,
        fields,
        trailers: undefined,
        text: Buffer.concat(pieces).toString(),
      }
    },
  },
]
