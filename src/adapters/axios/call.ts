/**
 * One request of axios, from its configuration to what its promise gives. Its
 * one rule: it ends once, and what listened for its end (signal, token, clock)
 * is let go then.
 */
import { STATUS_CODES } from 'node:http'
import type { Readable } from 'node:stream'
import type { HTTP20Response } from '../../index.ts'
import { joined } from '../https/incoming-message.ts'
import { announcedLength } from '../wire/content-length.ts'
import { isCompress } from './compress.ts'
import { type Config, type RequestFacts, type Response, readable } from './config.ts'
import { answerOf } from './data-url.ts'
import { Errors } from './errors.ts'
import { answered, type Fields, fieldsOf, nameIn, setField } from './fields.ts'
import { Progress } from './progress.ts'
import { type Attempt, Redirects } from './redirect.ts'
import { type RequestData, requestData } from './request-data.ts'
import { brokenBy, dataOf, isUndone, streamOf } from './response-data.ts'
import { routeOf } from './route.ts'
import { fullUrl } from './url.ts'

/** What is asked for where nobody says, and codings are left to the caller. */
const CODINGS = 'gzip, deflate, br'

/** Timers know no longer ones. */
const LONGEST_MS = 2 ** 31 - 1

export class Call<C extends object> {
  readonly #given: C
  readonly #config: Config
  /** The promise has given a stream, and who reads it meets its end. */
  #delivered: boolean
  readonly #errors: Errors
  readonly #abort: AbortController
  /** Lets go of signal, token and clock. */
  #release: () => void

  constructor(config: C) {
    this.#given = config
    this.#errors = new Errors(config)
    this.#config = readable(config)
    this.#delivered = false
    this.#abort = new AbortController()
    this.#release = () => {}
  }

  async run(): Promise<Response<C>> {
    this.#watch()
    let stream: Readable | undefined
    try {
      const url = this.#url()
      if (url.protocol === 'data:') return this.#local(url)
      const { response, facts } = await this.#exchange(url)
      const result = this.#result(response, facts)
      if (this.#config.responseType === 'stream') {
        stream = streamOf(response, this.#config, this.#errors, this.#release)
        result.data = stream
        this.#endWithSignal(stream)
      } else result.data = await this.#whole(response, result)
      this.#settle(result)
      this.#delivered = true
      return result
    } catch (error) {
      // The reason of our own signal is what ended it, whatever broke because of that.
      const { aborted, reason } = this.#abort.signal
      const failure = aborted ? reason : this.#errors.failed(error)
      // Of an error with a response the caller has the stream; of any other nobody.
      if (failure.response === undefined) stream?.destroy()
      throw failure
    } finally {
      if (stream === undefined) this.#release()
    }
  }

  /** From now on it ends when the caller says so, or when time is up. */
  #watch(): void {
    const { signal, cancelToken, timeout } = this.#config
    const give = (reason: unknown): void => this.#abort.abort(reason)
    const onAbort = (): void => give(this.#errors.cancelled('canceled', this.#delivered))
    const limit = Math.min(Number.parseInt(String(timeout || 0), 10), LONGEST_MS)
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

  /** A stream ends with its signal even if nobody reads it yet: then its error waits for the reader. */
  #endWithSignal(stream: Readable): void {
    const { signal } = this.#abort
    signal.addEventListener('abort', () => {
      if (stream.listenerCount('error') === 0) stream.on('error', ignore)
      stream.destroy(signal.reason)
    })
  }

  /** A stream that was given may be read for as long as its reader likes. */
  #stopClock: () => void = () => {}

  #url(): URL {
    let url: URL
    try {
      url = new URL(fullUrl(this.#config))
    } catch (error) {
      const { message, code } = error as Error & { code?: string }
      const made = this.#errors.make(message, code ?? 'ERR_BAD_REQUEST', undefined, error)
      // Axios says so of what it could not make a query of.
      throw Object.assign(made, { url: this.#config.url, exists: true })
    }
    if (['http:', 'https:', 'data:'].includes(url.protocol)) return url
    throw this.#errors.make(`Unsupported protocol ${url.protocol}`, 'ERR_BAD_REQUEST')
  }

  /** Nothing is sent, but a signal that is aborted is heard. */
  #local(url: URL): Response<C> {
    this.#abort.signal.throwIfAborted()
    const { method = 'get' } = this.#config
    const facts = factsOf({ url, method: method.toUpperCase() })
    const result = answerOf(this.#config, this.#given, facts, this.#errors)
    this.#settle(result)
    return result
  }

  #first(url: URL, data: RequestData | undefined): Attempt {
    const { auth, decompress, method = 'get' } = this.#config
    const headers = fieldsOf(this.#config.headers)
    for (const [name, value] of Object.entries(data?.fields ?? {})) setField(headers, name, value)
    const credentials = auth ? `${auth.username ?? ''}:${auth.password ?? ''}` : credentialsOf(url)
    url.username = ''
    url.password = ''
    url.hash = ''
    if (credentials !== undefined) {
      setField(headers, 'authorization', `Basic ${Buffer.from(credentials).toString('base64')}`)
    }
    if (decompress === false && nameIn(headers, 'accept-encoding') === undefined) {
      headers['accept-encoding'] = CODINGS
    }
    return { url, method: method.toUpperCase(), headers, hasBody: data !== undefined }
  }

  async #exchange(url: URL): Promise<{ response: HTTP20Response; facts: RequestFacts }> {
    const data = await requestData(this.#config, this.#errors)
    let failed = true
    try {
      this.#abort.signal.throwIfAborted()
      const exchange = await this.#follow(this.#first(url, data), data)
      failed = false
      return exchange
    } finally {
      data?.settle(failed)
    }
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
        ? new Progress(onUploadProgress, data?.length ?? lengthIn(headers), 'upload')
        : undefined
    const body = hasBody ? data!.open(progress) : undefined
    if (hasBody && body === undefined) {
      const message = 'Redirected request failed: the body is a stream that was too long to be kept'
      throw this.#errors.make(message, 'ERR_FR_REDIRECTION_FAILURE')
    }
    const fields = { ...headers }
    // As axios has it, the credentials of the proxy that is asked for come first.
    const ofProxy = nameIn(fields, 'proxy-authorization')
    if (ofProxy !== undefined && hasCredentials(this.#config.proxy)) delete fields[ofProxy]
    if (hasBody && data!.length !== undefined && nameIn(fields, 'content-length') === undefined) {
      fields['content-length'] = String(data!.length)
    }
    const { client, servername } = routeOf(
      this.#config,
      url,
      fields[nameIn(fields, 'host') ?? ''],
      this.#errors,
    )
    const { signal } = this.#abort
    const path = url.pathname + url.search
    return client.request(url, { method, path, servername, headers: fields, body, signal })
  }

  #result(response: HTTP20Response, request: RequestFacts): Response<C> {
    const fields = joined(response.rawHeaders.flat(), false) as { [name: string]: string | string[] }
    const codings = String(fields['content-encoding'] ?? '')
    const empty = request.method === 'HEAD' || response.status === 204
    // What was decoded is not coded any more, nor is what is not there.
    if (this.#config.decompress !== false && (empty || isUndone(codings) || isCompress(codings)))
      delete fields['content-encoding']
    const headers = answered(this.#config, fields)
    const { status } = response
    // Over HTTP/2 nobody says one.
    const statusText = response.httpVersion === '2' ? (STATUS_CODES[status] ?? '') : response.statusText
    return { data: undefined, status, statusText, headers, config: this.#given, request }
  }

  async #whole(response: HTTP20Response, result: Response<C>): Promise<unknown> {
    try {
      return await dataOf(response, this.#config, this.#errors)
    } catch (error) {
      if ((error as { isAxiosError?: boolean }).isAxiosError === true) throw error
      const broken = brokenBy(error)
      // Of its own reasons axios names those that the reader of the body can mend.
      const named = broken.code !== undefined && !['ECONNRESET', 'EPROTO'].includes(broken.code)
      const [message, code] = named
        ? [broken.message, broken.code!]
        : ['stream has been aborted', 'ERR_BAD_RESPONSE']
      throw this.#errors.make(message, code, result, named ? broken : error)
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

/** The length that the caller announces, if it does. */
function lengthIn(fields: Fields): number | undefined {
  const text = fields[nameIn(fields, 'content-length') ?? '']
  return typeof text === 'string' ? announcedLength(text) : undefined
}

function hasCredentials(proxy: Config['proxy']): boolean {
  return typeof proxy === 'object' && proxy?.auth !== undefined
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

function factsOf({ url, method }: Pick<Attempt, 'url' | 'method'>): RequestFacts {
  const { protocol, host, pathname, search } = url
  return { method, protocol, host, path: pathname + search, agent: { protocol }, res: undefined }
}

function ignore(): void {}
