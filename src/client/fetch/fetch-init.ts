/**
 * `input` and `init` of `fetch` as a plain description of a request (Fetch
 * §5.4, the constructor of `Request`). Its one rule: everything that is wrong
 * with them is a TypeError here, before anything is sent, and nothing of the
 * platform's own classes is made.
 */
import type { ClientRequestInit } from '../request/client-request.ts'
import { formDataBlob, isFormData } from '../request/multipart.ts'
import { bytesOf, type RequestBody, takeBody } from '../request/request-body.ts'
import { checkPriority, type Priority } from '../request/request-head.ts'
import type { TrailersInput } from '../request/upload.ts'
import { shownUrl } from '../settings/shown-url.ts'
import type { Timeouts } from '../settings/timeouts.ts'
import { type CacheMode, type FetchHeaders, type Field, hasField, readFields } from './fetch-fields.ts'

/** What `fetch` takes besides the URL: `RequestInit` and more. Other members are ignored. */
export interface FetchInit {
  /** Default `'GET'`. */
  readonly method?: string | undefined
  /** `Headers`, a record or pairs. Fields of the HTTP/1.1 connection are left out; `host` becomes `:authority`. */
  readonly headers?: FetchHeaders | undefined
  /** Everything that `RequestBody` names. A stream needs `duplex: 'half'`. */
  readonly body?: RequestBody | null | undefined
  /** Default `'follow'`, 20 at most. */
  readonly redirect?: RequestRedirect | undefined
  /** Aborting it rejects with its own reason, until the body was read. */
  readonly signal?: AbortSignal | null | undefined
  /** Digests that the content must have, as in `sha256-…` (SRI). */
  readonly integrity?: string | undefined
  /** `'omit'`: cookies of the client are not used. */
  readonly credentials?: RequestCredentials | undefined
  /** What caches on the way are told. */
  readonly cache?: CacheMode | undefined
  /** `'same-origin'`: redirects must stay in the origin. Otherwise without effect. */
  readonly mode?: RequestMode | undefined
  /** Without effect. */
  readonly keepalive?: boolean | undefined
  /** Checked, and not sent: a program has no page that refers. */
  readonly referrer?: string | undefined
  /** Checked, and without effect. */
  readonly referrerPolicy?: string | undefined
  readonly duplex?: 'half' | undefined
  readonly window?: null | undefined
  /** RFC 9218, or one of the standard's words: `'high'` is urgency 1, `'low'` 5. */
  readonly priority?: Priority | 'high' | 'low' | 'auto' | undefined
  /** Milliseconds, for each request that a redirect leads to. */
  readonly timeouts?: Timeouts | undefined
  /** Fields behind the body, or a function that is called once the body was given. */
  readonly trailers?: TrailersInput | undefined
  /** Called for each informational (1xx) response. */
  readonly onInformational?: ClientRequestInit['onInformational']
}

/** What only our `init` has, and a platform `Request` cannot carry. */
export interface FetchExtras {
  readonly priority: Priority | undefined
  readonly timeouts: Timeouts | undefined
  readonly trailers: TrailersInput | undefined
  readonly onInformational: ClientRequestInit['onInformational']
  /** The body is a stream, whatever a `Request` that carries it through middleware makes of it. */
  readonly streamed: boolean
}

/** What a request sends. */
export interface FetchContent {
  readonly body: RequestBody | undefined
  /** True if `body` can be sent again, or there is none. */
  readonly replayable: boolean
  /** The body of a platform `Request`, which may turn out to be short; then there is no `body`. */
  readonly unread: ReadableStreamDefaultReader<Uint8Array> | undefined
}

/** A request that was checked. */
export interface FetchRequest {
  readonly url: URL
  readonly method: string
  readonly fields: Field[]
  readonly content: FetchContent
  readonly redirect: RequestRedirect
  readonly signal: AbortSignal | undefined
  readonly integrity: string
  readonly credentials: RequestCredentials
  readonly cache: CacheMode
  readonly mode: RequestMode
  readonly extras: FetchExtras
}

type RequestRedirect = 'follow' | 'error' | 'manual'
type RequestCredentials = 'omit' | 'same-origin' | 'include'
type RequestMode = 'cors' | 'no-cors' | 'same-origin' | 'navigate'

const REDIRECTS: readonly RequestRedirect[] = ['follow', 'error', 'manual']
const CREDENTIALS: readonly RequestCredentials[] = ['omit', 'same-origin', 'include']
const MODES: readonly RequestMode[] = ['cors', 'no-cors', 'same-origin', 'navigate']
const CACHE_MODES: readonly CacheMode[] = [
  'default',
  'no-store',
  'reload',
  'no-cache',
  'force-cache',
  'only-if-cached',
]
const REFERRER_POLICIES: readonly string[] = [
  '',
  'no-referrer',
  'no-referrer-when-downgrade',
  'same-origin',
  'origin',
  'strict-origin',
  'origin-when-cross-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
]

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Fetch §2.2.1, "forbidden method". */
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])
/** Fetch §2.2.1, "normalize a method": the others keep their case. */
const NORMALIZED_METHODS: ReadonlySet<string> = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'])
/** Fetch §2.2.1, "CORS-safelisted method". */
const NO_CORS_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST'])
/** Urgencies of the standard's words (RFC 9218 §4.1). */
const URGENCIES: Readonly<Record<string, number>> = { high: 1, low: 5 }

const NO_INIT: FetchInit = {}
const NO_EXTRAS: FetchExtras = {
  priority: undefined,
  timeouts: undefined,
  trailers: undefined,
  onInformational: undefined,
  streamed: false,
}
const NO_CONTENT: FetchContent = { body: undefined, replayable: true, unread: undefined }

/** `Request` as far as it is read here: the platform's, or one of a polyfill. */
type RequestLike = Pick<Request, 'url' | 'method' | 'headers' | 'body' | 'bodyUsed'> & Partial<Request>

/** Checks a request. Takes over the body of a `Request`. Throws TypeError. */
export function describeRequest(input: unknown, given: FetchInit | null | undefined): FetchRequest {
  const init: FetchInit = given ?? NO_INIT
  if (typeof init !== 'object' && typeof init !== 'function') throw new TypeError('init must be an object')
  const from = isRequestLike(input) ? input : undefined
  const url = parseUrl(from === undefined ? `${input}` : from.url)
  const method = methodOf(init.method ?? from?.method)
  const headers = init.headers === undefined ? from?.headers : init.headers
  const fields = headers === undefined ? [] : readFields(headers)
  const mode = oneOf('mode', MODES, init.mode, from?.mode, 'cors')
  const cache = oneOf('cache', CACHE_MODES, init.cache, from?.cache, 'default')
  if (mode === 'no-cors' && !NO_CORS_METHODS.has(method)) {
    throw new TypeError(`mode "no-cors" allows the methods GET, HEAD and POST, not ${method}`)
  }
  if (init.mode === 'navigate') throw new TypeError('mode must not be "navigate"')
  if (cache === 'only-if-cached' && mode !== 'same-origin') {
    throw new TypeError('cache may be "only-if-cached" only if mode is "same-origin"')
  }
  checkRest(init)
  return {
    url,
    method,
    fields,
    redirect: oneOf('redirect', REDIRECTS, init.redirect, from?.redirect, 'follow'),
    signal: signalOf(init.signal === undefined ? from?.signal : init.signal),
    integrity: init.integrity === undefined ? (from?.integrity ?? '') : `${init.integrity}`,
    credentials: oneOf('credentials', CREDENTIALS, init.credentials, from?.credentials, 'same-origin'),
    cache,
    mode,
    extras: init === NO_INIT ? NO_EXTRAS : extrasOf(init),
    // Last: nothing else may throw once the body of a Request was taken over.
    content: contentOf(init, from, method, fields),
  }
}

/** A `Request` of any realm or polyfill, by what is read of it. */
function isRequestLike(input: unknown): input is RequestLike {
  if (typeof input !== 'object' || input === null || input instanceof URL) return false
  const { url, method, headers, bodyUsed } = input as Partial<RequestLike>
  return (
    typeof url === 'string' &&
    typeof method === 'string' &&
    typeof headers === 'object' &&
    typeof bodyUsed === 'boolean'
  )
}

function parseUrl(text: string): URL {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    // The platform's error quotes its input, and the input may hold a password.
    throw new TypeError(`not a URL: ${shownUrl(text)}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(`the URL must not hold a user or password: ${url.protocol}//…@${url.host}`)
  }
  return url
}

function methodOf(given: unknown): string {
  if (given === undefined || given === 'GET') return 'GET'
  const method = `${given}`
  if (!METHOD.test(method))
    throw new TypeError(`method is not a token: ${JSON.stringify(method.slice(0, 64))}`)
  const upper = method.toUpperCase()
  if (FORBIDDEN_METHODS.has(upper)) throw new TypeError(`method ${upper} is not for fetch`)
  return NORMALIZED_METHODS.has(upper) ? upper : method
}

/** A member of an enumeration: what `init` says, else the `Request`, else the default. */
function oneOf<T extends string>(
  name: string,
  known: readonly T[],
  given: T | undefined,
  inherited: string | undefined,
  fallback: T,
): T {
  // What a polyfill says and we do not know is as if it had said nothing.
  if (given === undefined) return known.find((one) => one === inherited) ?? fallback
  if (!known.includes(given)) throw new TypeError(`${name} must be one of ${known.join(', ')}, not ${given}`)
  return given
}

function signalOf(signal: AbortSignal | null | undefined): AbortSignal | undefined {
  if (signal === undefined || signal === null) return undefined
  if (typeof signal.aborted !== 'boolean' || typeof signal.addEventListener !== 'function') {
    throw new TypeError('signal must be an AbortSignal')
  }
  return signal
}

/** Members that are checked and then have no effect. */
function checkRest({ window, duplex, referrer, referrerPolicy }: FetchInit): void {
  if (window !== undefined && window !== null) throw new TypeError('window must be null')
  if (duplex !== undefined && duplex !== 'half') throw new TypeError(`duplex must be half, not ${duplex}`)
  if (referrerPolicy !== undefined && !REFERRER_POLICIES.includes(referrerPolicy)) {
    throw new TypeError(`referrerPolicy is not known: ${referrerPolicy}`)
  }
  if (referrer !== undefined && referrer !== '' && !isUrl(`${referrer}`)) {
    throw new TypeError(`referrer is not a URL: ${shownUrl(`${referrer}`)}`)
  }
}

/** Not `URL.canParse`: that of Node.js 20 says no to some hosts once it is hot. */
function isUrl(text: string): boolean {
  try {
    new URL(text)
    return true
  } catch {
    return false
  }
}

function extrasOf({ priority, timeouts, trailers, onInformational }: FetchInit): FetchExtras {
  if (onInformational !== undefined && typeof onInformational !== 'function') {
    throw new TypeError('onInformational must be a function')
  }
  return { priority: priorityOf(priority), timeouts, trailers, onInformational, streamed: false }
}

function priorityOf(given: FetchInit['priority']): Priority | undefined {
  if (given === undefined || given === 'auto') return undefined
  if (typeof given !== 'string') {
    try {
      checkPriority(given)
    } catch (error) {
      throw new TypeError((error as Error).message, { cause: error })
    }
    return given
  }
  const urgency = URGENCIES[given]
  if (urgency === undefined)
    throw new TypeError(`priority must be high, low, auto or an object, not ${given}`)
  return { urgency }
}

/** The content, with `content-type` added to `fields` where the caller named none. */
function contentOf(
  init: FetchInit,
  from: RequestLike | undefined,
  method: string,
  fields: Field[],
): FetchContent {
  const own = init.body ?? undefined
  const inherited = from?.body ?? undefined
  if (own === undefined && inherited === undefined) return NO_CONTENT
  if (method === 'GET' || method === 'HEAD') throw new TypeError(`a ${method} request cannot have a body`)
  if (own === undefined) return inheritedContent(from!.bodyUsed, inherited!)
  const source = sendable(own)
  const { bytes, type, replayable } = takeBody(source)
  const streamed = typeof source === 'object' && ('getReader' in source || Symbol.asyncIterator in source)
  if (streamed && init.duplex === undefined) {
    throw new TypeError("a body that is a stream needs duplex: 'half'")
  }
  if (source instanceof ReadableStream && isDisturbed(source)) {
    throw new TypeError('the body is a stream that was read already')
  }
  if (type !== undefined && !hasField(fields, 'content-type')) fields.push(['content-type', type])
  return { body: bytes ?? source, replayable, unread: undefined }
}

/** Fetch §5.2, "extract": a stream does not tell of itself that it was read, a `Response` refuses one that was. */
function isDisturbed(stream: ReadableStream): boolean {
  try {
    new Response(stream)
    return false
  } catch {
    return true
  }
}

function inheritedContent(used: boolean, body: ReadableStream<Uint8Array>): FetchContent {
  if (used) throw new TypeError('the body of the Request was used already')
  if (typeof body.getReader !== 'function') {
    return { body: body as AsyncIterable<Uint8Array>, replayable: false, unread: undefined }
  }
  return { body: undefined, replayable: false, unread: body.getReader() }
}

/** What goes on being the same while the caller changes its own: bytes are copied; what is no body becomes text. */
function sendable(body: RequestBody): RequestBody {
  if (typeof body === 'string' || typeof body === 'function') return body
  const bytes = bytesOf(body)
  // Not `slice`, which shares the memory of a Buffer.
  if (bytes !== undefined) return bytes.length === 0 ? bytes : new Uint8Array(bytes)
  if (typeof body !== 'object') return `${body}`
  if (isFormData(body)) return formDataBlob(body)
  const known =
    'getReader' in body || Symbol.asyncIterator in body || Symbol.iterator in body || body instanceof Blob
  return known ? body : `${body}`
}
