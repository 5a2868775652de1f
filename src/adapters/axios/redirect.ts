/**
 * Redirects as axios follows them (RFC 9110 §15.4). Its one rule: credentials
 * do not leave the origin that they were given for.
 */
import type { Config, RedirectOptions } from './config.ts'
import type { Errors } from './errors.ts'

/** How many are followed if the configuration does not say. */
const DEFAULT_REDIRECTS = 21

const CREDENTIALS: readonly string[] = ['authorization', 'proxy-authorization', 'cookie']

/** A request that can be sent. */
export interface Attempt {
  readonly url: URL
  readonly method: string
  readonly headers: { [name: string]: string | string[] }
  readonly hasBody: boolean
}

/** What came back, as far as a redirect goes by it. */
export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | string[] | undefined }
}

/** Follows the redirects of one request. */
export class Redirects {
  readonly #config: Config
  readonly #errors: Errors
  readonly #sensitive: readonly string[]
  #followed: number

  constructor(config: Config, errors: Errors) {
    const { sensitiveHeaders } = config
    if (sensitiveHeaders !== undefined && !isTexts(sensitiveHeaders)) {
      throw errors.make('sensitiveHeaders must be an array of strings', 'ERR_BAD_OPTION_VALUE')
    }
    this.#config = config
    this.#errors = errors
    this.#sensitive = [...CREDENTIALS, ...(sensitiveHeaders ?? []).map((name) => name.toLowerCase())]
    this.#followed = 0
  }

  /** The next request; undefined if this answer is the last. Throws an error of axios. */
  next(attempt: Attempt, answer: Answer): Attempt | undefined {
    const { maxRedirects = DEFAULT_REDIRECTS } = this.#config
    const { location } = answer.headers
    if (maxRedirects === 0 || typeof location !== 'string' || location === '') return undefined
    if (answer.status < 300 || answer.status >= 400) return undefined
    this.#followed += 1
    if (this.#followed > maxRedirects) {
      throw this.#errors.make('Maximum number of redirects exceeded', 'ERR_FR_TOO_MANY_REDIRECTS')
    }
    const url = this.#target(location, attempt.url)
    const asGet = becomesGet(answer.status, attempt.method)
    const headers = { ...attempt.headers }
    for (const name of Object.keys(headers)) {
      const lower = name.toLowerCase()
      const dropped = lower === 'host' || (asGet && lower.startsWith('content-'))
      if (dropped || (url.origin !== attempt.url.origin && this.#sensitive.includes(lower)))
        delete headers[name]
    }
    const method = asGet ? 'GET' : attempt.method
    return this.#asked({ url, method, headers, hasBody: attempt.hasBody && !asGet }, attempt, answer)
  }

  #target(location: string, base: URL): URL {
    let url: URL
    try {
      url = new URL(location, base)
    } catch (error) {
      throw this.#errors.make(
        'Redirected request failed: Invalid URL',
        'ERR_FR_REDIRECTION_FAILURE',
        undefined,
        error,
      )
    }
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw this.#errors.make(
        `Redirected request failed: Unsupported protocol ${url.protocol}`,
        'ERR_FR_REDIRECTION_FAILURE',
      )
    }
    // Whoever redirects does not choose whom we claim to be.
    url.username = ''
    url.password = ''
    return url
  }

  /** Asks `beforeRedirect`, which may change where it goes and what is sent. */
  #asked(next: Attempt, before: Attempt, { status, headers }: Answer): Attempt {
    const { beforeRedirect } = this.#config
    if (beforeRedirect === undefined) return next
    const { href, protocol, hostname, port, pathname, search } = next.url
    const path = pathname + search
    const options: RedirectOptions = {
      href,
      protocol,
      hostname,
      port,
      path,
      pathname,
      search,
      method: next.method,
      headers: next.headers,
    }
    try {
      const asked = { url: before.url.href, method: before.method, headers: before.headers }
      beforeRedirect(options, { headers, statusCode: status }, asked)
      const url = new URL(options.href === href ? urlOf(options) : options.href)
      return { ...next, url, method: options.method, headers: options.headers }
    } catch (error) {
      const { message } = error as Error
      throw this.#errors.make(
        `Redirected request failed: ${message}`,
        'ERR_FR_REDIRECTION_FAILURE',
        undefined,
        error,
      )
    }
  }
}

/** RFC 9110 §15.4.2, §15.4.3, §15.4.4. */
function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD'
  return (status === 301 || status === 302) && method === 'POST'
}

function urlOf({ protocol, hostname, port, path }: RedirectOptions): string {
  return `${protocol}//${hostname}${port === '' ? '' : `:${port}`}${path}`
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}
