/**
 * One request of axios, from its configuration to what its promise gives. Its
 * one rule: it ends once, and what listened for its end (signal, token, clock)
 * is let go then.
 */
import { STATUS_CODES } from 'node:http'
import type { HTTP20Response } from '../../index.ts'
import { joined } from '../https/incoming-message.ts'
import type { Config, RequestFacts, Response } from './config.ts'
import { Errors } from './errors.ts'
import { Progress } from './progress.ts'
import { type Attempt, Redirects } from './redirect.ts'
import { type RequestData, requestData } from './request-data.ts'
import { dataOf, streamOf } from './response-data.ts'
import { clientOf } from './route.ts'
import { fullUrl } from './url.ts'

/** What is asked for where nobody says, and codings are left to the caller. */
const CODINGS = 'gzip, deflate, br'

export class Call<C extends object> {
  readonly #given: C
  readonly #config: Config
  readonly #errors: Errors
  readonly #abort: AbortController
  /** Lets go of signal, token and clock. */
  #release: () => void

  constructor(config: C) {
    this.#given = config
    this.#config = config as Config
    this.#errors = new Errors(this.#config)
    this.#abort = new AbortController()
    this.#release = () => {}
  }

  async run(): Promise<Response<C>> {
    this.#watch()
    let held = false
    try {
      const url = this.#url()
      const data = await requestData(this.#config, this.#errors)
      this.#abort.signal.throwIfAborted()
      const { response, facts } = await this.#follow(this.#first(url, data), data)
      const result = this.#result(response, facts)
      if (this.#config.responseType === 'stream') {
        result.data = streamOf(response, this.#config, this.#errors, this.#release)
        held = true
      } else result.data = await this.#whole(response, result)
      this.#settle(result)
      return result
    } catch (error) {
      // The reason of our own signal is what ended it, whatever broke because of that.
      const { aborted, reason } = this.#abort.signal
      throw aborted ? reason : this.#errors.failed(error)
    } finally {
      if (!held) this.#release()
    }
  }

  /** From now on it ends when the caller says so, or when time is up. */
  #watch(): void {
    const { signal, cancelToken, timeout } = this.#config
    const give = (reason: unknown): void => this.#abort.abort(reason)
    const onAbort = (): void => give(this.#errors.cancelled())
    const limit = Number.parseInt(String(timeout ?? 0), 10)
    if (Number.isNaN(limit)) {
      throw this.#errors.make('error trying to parse `config.timeout` to int', 'ERR_BAD_OPTION_VALUE')
    }
    const timer = limit > 0 ? setTimeout(() => give(this.#errors.timedOut(limit)), limit) : undefined
    if (signal?.aborted === true) onAbort()
    else signal?.addEventListener('abort', onAbort)
    cancelToken?.subscribe(give)
    this.#release = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      cancelToken?.unsubscribe(give)
    }
    this.#stopClock = () => clearTimeout(timer)
  }

  /** A stream that was given may be read for as long as its reader likes. */
  #stopClock: () => void = () => {}

  #url(): URL {
    let url: URL
    try {
      url = new URL(fullUrl(this.#config))
    } catch (error) {
      const { message, code } = error as Error & { code?: string }
      throw this.#errors.make(message, code ?? 'ERR_BAD_REQUEST', undefined, error)
    }
    if (url.protocol === 'http:' || url.protocol === 'https:') return url
    throw this.#errors.make(`Unsupported protocol ${url.protocol}`, 'ERR_BAD_REQUEST')
  }

  #first(url: URL, data: RequestData | undefined): Attempt {
    const { headers: given, auth, decompress, method = 'get' } = this.#config
    const headers = fieldsOf(given?.toJSON?.() ?? given ?? {})
    for (const [name, value] of Object.entries(data?.fields ?? {})) {
      const kept = nameIn(headers, name)
      // A form's own type names its boundary.
      if (kept === undefined || /^multipart\//.test(value)) {
        if (kept !== undefined) delete headers[kept]
        headers[name] = value
      }
    }
    const credentials = auth ? `${auth.username ?? ''}:${auth.password ?? ''}` : credentialsOf(url)
    url.username = ''
    url.password = ''
    if (credentials !== undefined) {
      const kept = nameIn(headers, 'authorization')
      if (kept !== undefined) delete headers[kept]
      headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
    }
    if (decompress === false && nameIn(headers, 'accept-encoding') === undefined) {
      headers['accept-encoding'] = CODINGS
    }
    return { url, method: method.toUpperCase(), headers, hasBody: data !== undefined }
  }

  async #follow(
    first: Attempt,
    data: RequestData | undefined,
  ): Promise<{ response: HTTP20Response; facts: RequestFacts }> {
    const redirects = new Redirects(this.#config, this.#errors)
    for (let attempt = first; ; ) {
      const facts = factsOf(attempt)
      this.#errors.request = facts
      const response = await this.#send(attempt, data)
      const { status, httpVersion } = response
      facts.res = { responseUrl: attempt.url.href, statusCode: status, httpVersion }
      const answer = { status, headers: joined(response.rawHeaders.flat(), false) }
      let next: Attempt | undefined
      try {
        next = redirects.next(attempt, answer)
      } catch (error) {
        response.cancel()
        throw error
      }
      if (next === undefined) return { response, facts }
      response.cancel()
      attempt = next
    }
  }

  #send({ url, method, headers, hasBody }: Attempt, data: RequestData | undefined): Promise<HTTP20Response> {
    const { onUploadProgress } = this.#config
    const progress =
      hasBody && onUploadProgress !== undefined
        ? new Progress(onUploadProgress, data?.length, 'upload')
        : undefined
    const body = hasBody ? data!.open(progress) : undefined
    if (hasBody && body === undefined) {
      const message = 'Redirected request failed: the body is a stream that was too long to be kept'
      throw this.#errors.make(message, 'ERR_FR_REDIRECTION_FAILURE')
    }
    const fields = { ...headers }
    if (hasBody && data!.length !== undefined && nameIn(fields, 'content-length') === undefined) {
      fields['content-length'] = String(data!.length)
    }
    const client = clientOf(this.#config, url, this.#errors)
    return client.request(url, { method, headers: fields, body, signal: this.#abort.signal })
  }

  #result(response: HTTP20Response, request: RequestFacts): Response<C> {
    const fields = joined(response.rawHeaders.flat(), false) as { [name: string]: string | string[] }
    // What was decoded is not coded any more.
    if (this.#config.decompress !== false) delete fields['content-encoding']
    const kind = this.#config.headers?.constructor as (new (fields: object) => object) | undefined
    const headers = kind === undefined || kind === Object ? fields : (new kind(fields) as typeof fields)
    const { status } = response
    const statusText = STATUS_CODES[status] ?? ''
    return { data: undefined, status, statusText, headers, config: this.#given, request }
  }

  async #whole(response: HTTP20Response, result: Response<C>): Promise<unknown> {
    try {
      return await dataOf(response, this.#config, this.#errors)
    } catch (error) {
      if ((error as { isAxiosError?: boolean }).isAxiosError === true) throw error
      throw this.#errors.make('stream has been aborted', 'ERR_BAD_RESPONSE', result, error)
    }
  }

  /** Whether a status is a failure is the configuration's to say. */
  #settle(result: Response<C>): void {
    this.#stopClock()
    const { validateStatus } = this.#config
    const { status } = result
    if (!validateStatus || validateStatus(status)) return
    const code = status >= 400 && status < 500 ? 'ERR_BAD_REQUEST' : 'ERR_BAD_RESPONSE'
    throw this.#errors.make(`Request failed with status code ${status}`, code, result)
  }
}

/** Fields of HTTP/1.1 connections (RFC 9113 §8.2.2) are let fall, and so is what was set to nothing. */
const OF_CONNECTIONS = /^(?:connection|keep-alive|proxy-connection|transfer-encoding|upgrade|te)$/i

function fieldsOf(given: object): { [name: string]: string | string[] } {
  const fields: { [name: string]: string | string[] } = {}
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false || OF_CONNECTIONS.test(name)) continue
    // As axios sends it: one octet a character, everything else left out.
    fields[name] = Array.isArray(value) ? value.map(String) : String(value)
  }
  return fields
}

function nameIn(fields: object, wanted: string): string | undefined {
  return Object.keys(fields).find((name) => name.toLowerCase() === wanted.toLowerCase())
}

function credentialsOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  return `${decoded(username)}:${decoded(password)}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function factsOf({ url, method }: Attempt): RequestFacts {
  const { protocol, host, pathname, search } = url
  return { method, protocol, host, path: pathname + search, res: undefined }
}
