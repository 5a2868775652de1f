/**
 * Functions around a `fetch`, with the platform's own `Request` and `Response`.
 * Its one rule: only here is a platform `Request` made, so that who has no
 * middleware pays for none.
 */

import { type PieceSource, pieceBytes, type RequestBody, takeBody } from '../request/request-body.ts'
import { abortable } from './fetch-failure.ts'
import { describeRequest, type FetchExtras, type FetchInit, type FetchRequest } from './fetch-init.ts'
import type { FetchResponse } from './fetch-response.ts'

/**
 * Stands between the caller and the network: may change the request, answer it, or ask `next` more than once
 * (with a clone of a request that has a body).
 *
 * @example
 * const signed: Middleware = (request, next) => {
 *   request.headers.set('authorization', token())
 *   return next(request)
 * }
 */
export type Middleware = (
  request: Request,
  next: (request: Request) => Promise<Response>,
) => Promise<Response>

/** A `fetch` whose requests pass through `middleware` before `run` sends them. */
export function throughMiddleware(
  middleware: readonly Middleware[],
  run: (request: FetchRequest) => Promise<FetchResponse>,
): (input: unknown, init?: FetchInit) => Promise<FetchResponse> {
  return async (input, init = {}) => {
    const { request, extras } = platformRequest(input, init)
    const last = async (sent: Request): Promise<Response> =>
      run({ ...describeRequest(sent, undefined), extras })
    const chain = middleware.reduceRight<(request: Request) => Promise<Response>>(
      (next, outer) => async (given) => outer(given, next),
      last,
    )
    return withExtras(await abortable(chain(request), request.signal))
  }
}

/** A response of the platform, with what ours has besides. */
export function withExtras(response: Response): FetchResponse {
  if (!('trailers' in response)) {
    Object.defineProperties(response, {
      trailers: { value: Promise.resolve(new Headers()), configurable: true },
      httpVersion: { value: '1.1', configurable: true },
    })
  }
  return response as FetchResponse
}

/** A platform `Request`, and what it cannot carry. */
function platformRequest(
  input: unknown,
  init: FetchInit | undefined,
): { request: Request; extras: FetchExtras } {
  const { url, method, fields, content, signal, extras, ...rest } = describeRequest(input, init)
  const headers = fields.map(([name, value]): [string, string] => [name, value])
  const body =
    content.unread === undefined ? platformBody(content.body) : streamOf(readSource(content.unread))
  const platformInit = {
    method,
    headers,
    signal: signal ?? null,
    redirect: rest.redirect,
    integrity: rest.integrity,
    credentials: rest.credentials,
    cache: rest.cache,
    mode: rest.mode,
    ...(body === undefined ? {} : { body, duplex: 'half' }),
  }
  const streamed = content.body !== undefined && !content.replayable
  return { request: new Request(url.href, platformInit as RequestInit), extras: { ...extras, streamed } }
}

/** What the platform knows as a body. */
function platformBody(
  body: RequestBody | undefined,
): Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array> | undefined {
  if (body === undefined || body instanceof Blob) return body
  const { bytes, open } = takeBody(body)
  return open === undefined ? (bytes as Uint8Array<ArrayBuffer>) : streamOf(open())
}

function readSource(reader: ReadableStreamDefaultReader<Uint8Array>): PieceSource {
  return {
    lends: false,
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    stop: (reason) => void reader.cancel(reason).catch(() => {}),
  }
}

function streamOf(source: PieceSource): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await source.next()
        if (done === true) {
          controller.close()
          return
        }
        const bytes = pieceBytes(value)
        controller.enqueue(source.lends ? new Uint8Array(bytes) : bytes)
      },
      cancel: (reason) => source.stop(reason),
    },
    { highWaterMark: 0 },
  )
}
