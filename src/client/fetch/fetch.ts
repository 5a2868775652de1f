/**
 * `fetch` (Fetch §4, §5.6) over anything that sends one request: redirects,
 * cookies, integrity, and how it fails. Its one rule: whatever is not given to
 * the caller is given up, so that no response is left open.
 */
import { Rejection } from '../failure.ts'
import type { ClientRequestInit, SendRequest } from '../request/client-request.ts'
import { readAhead } from '../request/read-ahead.ts'
import { type RequestBody, takeBody } from '../request/request-body.ts'
import { discardBody, type TrailersInput } from '../request/upload.ts'
import type { HTTP20Response } from '../response/http20-response.ts'
import { isPortBlocked } from './blocked-ports.ts'
import { type CookieJar, keepCookies } from './cookies.ts'
import { BytesSource, FetchBody, ResponseSource } from './fetch-body.ts'
import { abortable, fetchFailure, networkError } from './fetch-failure.ts'
import { addDefaults, type Field, hasField } from './fetch-fields.ts'
import { describeRequest, type FetchInit, type FetchRequest } from './fetch-init.ts'
import { type Middleware, throughMiddleware, withExtras } from './fetch-middleware.ts'
import { FetchResponse, linkToPlatform } from './fetch-response.ts'
import { matchesIntegrity } from './integrity.ts'
import { goesAlong, isRedirect, type RedirectVerdict, redirectVerdict } from './redirect-policy.ts'

/** `fetch`, with our additions to `init` and to the response. */
export type Fetch = (input: string | URL | Request, init?: FetchInit) => Promise<FetchResponse>

/** What a `fetch` is made with. */
export interface FetchOptions {
  /** Cookies that responses set and requests carry. Default none. */
  readonly cookies?: CookieJar | undefined
  /** Functions around every request, the outermost first. Default none. */
  readonly middleware?: readonly Middleware[] | undefined
  /** The clock of what sends, so that `timeouts.total` counts through redirects. Default: it counts for each request. */
  readonly now?: (() => number) | undefined
}

/** The platform's own, for the schemes that are no network. */
const platformFetch = globalThis.fetch
const LOCAL_SCHEMES: readonly string[] = ['data:', 'blob:']

/** Octets of a redirect's content that are read rather than refused: a reset costs the peer more. */
const DRAINED = 65_536

/** Makes a `fetch` of something that sends one request. */
export function createFetch(send: SendRequest, options: FetchOptions = {}): Fetch {
  const { cookies, middleware = [], now } = options
  const run = (request: FetchRequest): Promise<FetchResponse> =>
    new FetchRun(send, cookies, request, now?.()).run()
  if (middleware.length > 0) return throughMiddleware(middleware, run)
  // With one parameter that must be given, as the standard's has.
  return async (input, init = {}) => run(describeRequest(input, init))
}

/** One call of `fetch`. */
class FetchRun {
  readonly #send: SendRequest
  readonly #jar: CookieJar | undefined
  /** When the caller asked, on the clock of what sends. */
  readonly #startedAt: number | undefined
  readonly #request: FetchRequest
  /** Of the next request. */
  #url: URL
  /** `#url` as text, without its fragment. */
  #address: string
  #method: string
  #fields: Field[]
  #body: RequestBody | undefined
  #replayable: boolean
  #trailers: TrailersInput | undefined
  /** Redirects followed. */
  #followed: number

  constructor(
    send: SendRequest,
    jar: CookieJar | undefined,
    request: FetchRequest,
    startedAt: number | undefined,
  ) {
    const { url, method, fields, content, credentials, extras } = request
    this.#send = send
    this.#startedAt = startedAt
    // The caller's own cookies stand for all of them.
    this.#jar = credentials === 'omit' ? undefined : jar
    this.#request = request
    this.#url = url
    this.#address = addressOf(url)
    this.#method = method
    this.#fields = fields
    this.#body = content.body
    this.#replayable = content.replayable
    this.#trailers = extras.trailers
    this.#followed = 0
  }

  async run(): Promise<FetchResponse> {
    const { url, signal, cache, fields } = this.#request
    if (signal?.aborted === true) {
      giveUp(this.#request.content, signal.reason)
      throw signal.reason
    }
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return this.#local()
    if (isPortBlocked(url)) throw this.#refused(`port ${url.port} is blocked (Fetch §2.9)`)
    if (cache === 'only-if-cached') throw this.#refused('there is no cache (Fetch §4.5)')
    addDefaults(fields, cache)
    if (this.#request.content.unread !== undefined) await this.#readAhead()
    const passed: HTTP20Response[] = []
    try {
      return await this.#follow(passed)
    } finally {
      // What did not end while the next request was answered is not waited for.
      for (const response of passed) response.cancel()
    }
  }

  /** Follows redirects to the response that is not one, or is to be given. `passed` gets what is read for its end only. */
  async #follow(passed: HTTP20Response[]): Promise<FetchResponse> {
    for (;;) {
      const response = await this.#attempt()
      if (!isRedirect(response.status)) return this.#respond(response)
      const verdict = this.#verdict(response)
      if (verdict.kind === 'respond') return this.#respond(response)
      discard(response)
      passed.push(response)
      if (verdict.kind === 'refuse')
        throw networkError(`redirect failed: ${verdict.reason} (Fetch §4.4)`, 'yes')
      this.#turn(verdict)
    }
  }

  /** What the platform has in memory. */
  async #local(): Promise<FetchResponse> {
    const { url, method, fields, signal } = this.#request
    if (!LOCAL_SCHEMES.includes(url.protocol)) {
      throw this.#refused(`the scheme ${url.protocol} is not one of fetch (Fetch §4.2)`)
    }
    const headers = fields.map(([name, value]): [string, string] => [name, value])
    return withExtras(await platformFetch(url.href, { method, headers, signal: signal ?? null }))
  }

  /** The error of a request that is not sent. */
  #refused(reason: string): TypeError {
    const error = networkError(`request failed: ${reason}`)
    giveUp(this.#request.content, error)
    return error
  }

  async #readAhead(): Promise<void> {
    const { signal, content } = this.#request
    const reader = content.unread!
    try {
      const { body, replayable } = await abortable(readAhead(reader), signal)
      this.#body = body
      this.#replayable = replayable && !this.#request.extras.streamed
    } catch (error) {
      reader.cancel(error).catch(ignore)
      if (signal?.aborted === true) throw signal.reason
      throw new TypeError('fetch failed', { cause: error })
    }
  }

  /** One request, one response. */
  async #attempt(): Promise<HTTP20Response> {
    const { signal } = this.#request
    const jar = this.#jar
    try {
      if (jar === undefined) {
        const sent = this.#send(this.#address, this.#init(this.#fields), this.#startedAt)
        linkToPlatform()
        return await sent
      }
      const fields = await this.#withCookies(jar).catch((error: unknown) => {
        giveUp(
          { ...this.#request.content, body: this.#body },
          signal?.aborted === true ? signal.reason : error,
        )
        throw error
      })
      linkToPlatform()
      const response = await this.#send(this.#address, this.#init(fields), this.#startedAt)
      await abortable(keepCookies(jar, response, this.#address), signal)
      return response
    } catch (error) {
      throw fetchFailure(error, signal)
    }
  }

  #init(headers: Field[]): ClientRequestInit {
    const { signal, extras } = this.#request
    return {
      method: this.#method,
      headers,
      body: this.#body,
      signal,
      priority: extras.priority,
      timeouts: extras.timeouts,
      trailers: this.#trailers,
      onInformational: extras.onInformational,
    }
  }

  /** The fields, with what the jar has for the URL. */
  async #withCookies(jar: CookieJar): Promise<Field[]> {
    if (hasField(this.#request.fields, 'cookie')) return this.#fields
    const given = jar.getCookieString(this.#address)
    const cookie = typeof given === 'string' ? given : await abortable(given, this.#request.signal)
    return cookie === '' ? this.#fields : [...this.#fields, ['cookie', cookie]]
  }

  #verdict(response: HTTP20Response): RedirectVerdict {
    const { redirect, mode } = this.#request
    const bodied = this.#replayable ? 'replayable' : 'stream'
    return redirectVerdict(
      {
        url: this.#url,
        method: this.#method,
        body: this.#body === undefined ? 'none' : bodied,
        redirect,
        followed: this.#followed,
        staysInOrigin: mode === 'same-origin',
      },
      response.status,
      response.getHeader('location'),
    )
  }

  #turn({ url, method, keepsBody, crossesOrigin }: RedirectVerdict & { kind: 'follow' }): void {
    this.#url = url
    this.#address = addressOf(url)
    this.#method = method
    if (!keepsBody) {
      this.#body = undefined
      this.#trailers = undefined
    }
    this.#fields = this.#fields.filter(([name]) => goesAlong(name, keepsBody, crossesOrigin))
    this.#followed += 1
  }

  async #respond(response: HTTP20Response): Promise<FetchResponse> {
    const { signal, integrity } = this.#request
    const { status } = response
    const bodiless = this.#method === 'HEAD' || status === 204 || status === 205 || status === 304
    // RFC 9110 §15.3.6: a 205 has no content either, but only here is that known.
    if (status === 205) discard(response)
    let body = bodiless ? undefined : new FetchBody(new ResponseSource(response, signal), signal)
    if (integrity !== '') body = await checkedBody(body, integrity, signal)
    return new FetchResponse(response, {
      url: this.#address,
      redirected: this.#followed > 0,
      body,
      signal,
    })
  }
}

/** Fetch §5.6: nobody will read what was to be sent. */
function giveUp({ body, unread }: FetchRequest['content'], reason: unknown): void {
  if (body === undefined) {
    unread?.cancel(reason).catch(ignore)
    return
  }
  try {
    discardBody(takeBody(body), new Rejection(reason))
  } catch {
    // Somebody else reads it, and hears of its end.
  }
}

/** The text of a URL without its fragment, even an empty one. */
function addressOf({ href }: URL): string {
  const at = href.indexOf('#')
  return at === -1 ? href : href.slice(0, at)
}

/** All of the content, if it is what `integrity` says (Fetch §4.1). */
async function checkedBody(
  body: FetchBody | undefined,
  integrity: string,
  signal: AbortSignal | undefined,
): Promise<FetchBody> {
  if (body === undefined)
    throw networkError('integrity failed: the response has no content (SRI §3.3)', 'yes')
  const content = await body.bytes()
  if (!(await matchesIntegrity(content, integrity))) {
    throw networkError('integrity failed: the content has another digest (SRI §3.3)', 'yes')
  }
  return new FetchBody(new BytesSource(content), signal)
}

/** Reads what is left of a response that nobody wants, or gives it up if that is much. */
async function discard(response: HTTP20Response): Promise<void> {
  try {
    let left = DRAINED
    while (left > 0) {
      const piece = await response.read(left)
      if (piece.length === 0) return
      left -= piece.length
    }
    response.cancel()
  } catch {
    // It ended in another way.
  }
}

function ignore(): void {}
