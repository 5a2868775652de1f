/**
 * What an adapter of axios is given and gives back, as far as this one looks at
 * it. Types of our own: nobody needs axios to check this package's. Its one
 * rule: only what a configuration itself says counts.
 */

/** Names and values of a request's header: axios's own class, and what it has for others to use. */
export interface ConfigHeaders {
  toJSON?(asStrings?: boolean): { [name: string]: unknown }
}

/** The configuration of one request, transforms and interceptors done. */
export interface Config {
  readonly url?: string
  readonly baseURL?: string
  readonly allowAbsoluteUrls?: boolean
  readonly method?: string
  readonly headers?: ConfigHeaders
  readonly params?: unknown
  readonly paramsSerializer?: ParamsOptions | ((params: unknown) => string)
  readonly data?: unknown
  readonly timeout?: number | string
  readonly timeoutErrorMessage?: string
  readonly auth?: { readonly username?: string; readonly password?: string }
  readonly responseType?: string
  readonly responseEncoding?: BufferEncoding
  readonly decompress?: boolean
  readonly maxContentLength?: number
  readonly maxBodyLength?: number
  readonly maxRedirects?: number
  readonly beforeRedirect?: (options: RedirectOptions, answer: object, asked: object) => void
  readonly sensitiveHeaders?: readonly string[]
  readonly validateStatus?: ((status: number) => boolean) | null
  readonly transitional?: { readonly clarifyTimeoutError?: boolean }
  readonly transformResponse?: unknown
  readonly formDataHeaderPolicy?: string
  readonly onUploadProgress?: (event: ProgressEvent) => void
  readonly onDownloadProgress?: (event: ProgressEvent) => void
  readonly signal?: AbortSignal
  readonly cancelToken?: CancelToken
  readonly proxy?: ProxyConfig | false
  readonly httpAgent?: unknown
  readonly httpsAgent?: unknown
  readonly socketPath?: string | null
  readonly lookup?: unknown
  readonly family?: number
}

export interface CancelToken {
  subscribe(listener: (reason: unknown) => void): void
  unsubscribe(listener: (reason: unknown) => void): void
}

export interface ParamsOptions {
  readonly encode?: (value: string, fallback: (value: string) => string) => string
  readonly serialize?: (params: unknown, options?: object) => string
  readonly indexes?: boolean | null
  readonly dots?: boolean
  readonly metaTokens?: boolean
  readonly maxDepth?: number
}

export interface ProxyConfig {
  readonly protocol?: string
  readonly host?: string
  readonly hostname?: string
  readonly port?: number | string
  readonly auth?: { readonly username?: string; readonly password?: string }
}

/** What `beforeRedirect` may look at and change. */
export interface RedirectOptions {
  href: string
  protocol: string
  hostname: string
  port: string
  path: string
  /** Of `path`; changing them changes nothing. */
  readonly pathname: string
  readonly search: string
  method: string
  headers: { [name: string]: string | string[] }
}

export interface ProgressEvent {
  readonly loaded: number
  readonly total: number | undefined
  readonly progress: number | undefined
  readonly bytes: number
  /** Octets a second, once enough was seen. */
  readonly rate: number | undefined
  /** Seconds left. */
  readonly estimated: number | undefined
  readonly event: object
  readonly lengthComputable: boolean
  readonly upload?: true
  readonly download?: true
}

/** A configuration to read from: what others have put on every object is not in it. */
export function readable(given: object): Config {
  const config = given as Config
  const { auth, paramsSerializer, proxy, transitional } = config
  return Object.assign(bare(config), {
    auth: bare(auth),
    paramsSerializer: bare(paramsSerializer),
    proxy: bare(proxy),
    transitional: bare(transitional),
  })
}

function bare<T>(value: T): T {
  return typeof value === 'object' && value !== null ? Object.assign(Object.create(null), value) : value
}

/** What the promise of an adapter gives. */
export interface Response<C> {
  data: unknown
  status: number
  statusText: string
  headers: { [name: string]: string | string[] }
  config: C
  request: RequestFacts
}

/** Stands where callers look for the request: the last one, if it was redirected. */
export interface RequestFacts {
  readonly method: string
  readonly protocol: string
  readonly host: string
  readonly path: string
  /** Of the kind that axios would have used. */
  readonly agent: { readonly protocol: string }
  res: { responseUrl: string; statusCode: number; httpVersion: string } | undefined
}
