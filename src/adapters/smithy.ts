/**
 * `hyper-h2/smithy`: the request handler of SDKs that are built on smithy, such
 * as the AWS SDK for JavaScript 3. Owns the handler's options and its client.
 * Its one rule: whatever a request rejects with, or its body breaks off with,
 * is an error that the SDK's retry middleware can read.
 */
import { Client, type ClientOptions, type Clock } from '../index.ts'
import type {
  CallbackSignal,
  SmithyHandlerOptions,
  SmithyRequest,
  SmithyResponse,
} from './smithy/contract.ts'
import { abortError, handlerError } from './smithy/handler-error.ts'
import { type ContentEnds, smithyResponse } from './smithy/incoming.ts'
import { contentOf, discardSoon, fieldsOf, targetOf } from './smithy/outgoing.ts'
import { Expectation, expectsContinue } from './wire/expectation.ts'

export type { SmithyHandlerOptions, SmithyRequest, SmithyResponse } from './smithy/contract.ts'

/** Options of a `Client`, and those that handlers of smithy have. */
export interface HyperHttpHandlerOptions extends Omit<ClientOptions, 'decompress'> {
  /** Milliseconds without progress until a request fails with a `TimeoutError`, 0 for no limit. Default 0. */
  readonly requestTimeout?: number | undefined
  /** Milliseconds until the TCP connection stands. Default 10,000. */
  readonly connectionTimeout?: number | undefined
  /**
   * What `metadata.handlerProtocol` says. Default `'h2'`: AWS clients then sign
   * `:authority` in place of `host`, which services that only have HTTP/1.1,
   * such as S3, refuse. `'http/1.1'` makes them sign `host`: good for both.
   */
  readonly handlerProtocol?: string | undefined
}

/** Options, or a function that is asked for them once. */
type Given = HyperHttpHandlerOptions | (() => Promise<HyperHttpHandlerOptions | undefined>)

/** What concerns requests, taken out of the options. */
interface Rules {
  readonly client: Client
  readonly clock: Clock | undefined
  readonly requestTimeout: number | undefined
}

/** How long a request may take is for `requestTimeout` to say: an event stream is silent for hours. */
const PATIENT = { headers: 0, bodyIdle: 0 }
/** Smithy's name for the option that a client suggests to its handler. */
const SUGGESTED_TIMEOUT = Symbol.for('@smithy/defaultSocketTimeout')

/**
 * A `requestHandler` that sends over HTTP/2, and HTTP/1.1 where a server has
 * nothing else: many requests on a connection, event streams in both
 * directions. `http:` endpoints are spoken to by HTTP/2 with prior knowledge
 * unless `h2c: false`.
 *
 * @throws TypeError, RangeError naming the option that is wrong
 * @example
 * const handler = new HyperHttpHandler({ requestTimeout: 10_000 })
 * const client = new TranscribeStreamingClient({ region: 'eu-west-1', requestHandler: handler })
 */
export class HyperHttpHandler {
  /** Read by middleware that decides on `host` or `:authority`. */
  readonly metadata: { readonly handlerProtocol: string }
  readonly #provider: (() => Promise<HyperHttpHandlerOptions | undefined>) | undefined
  /** What the options became; set anew after each change. */
  #rules: Promise<Rules> | undefined
  #options: HyperHttpHandlerOptions
  /** Changes by `updateHttpClientConfig`, over whatever a provider gives. */
  #changes: Record<string, unknown>
  #suggestedTimeout: number | undefined

  constructor(options: Given = {}) {
    this.#provider = typeof options === 'function' ? options : undefined
    this.#options = typeof options === 'function' ? {} : options
    this.#changes = {}
    this.#suggestedTimeout = undefined
    this.metadata = { handlerProtocol: this.#options.handlerProtocol ?? 'h2' }
    this.#rules = this.#provider === undefined ? Promise.resolve(rulesOf(this.#options)) : undefined
  }

  /** The handler itself if it is one, else a new one of options. */
  static create(instanceOrOptions?: HyperHttpHandler | Given): HyperHttpHandler {
    if (typeof instanceOrOptions === 'object' && 'handle' in instanceOrOptions) return instanceOrOptions
    return new HyperHttpHandler(instanceOrOptions)
  }

  /**
   * Sends one request. Rejects with an error named `AbortError` or
   * `TimeoutError`, or one that tells by `$retryable` if it may be sent again;
   * its `cause` is the `H2Error`.
   */
  async handle(
    request: SmithyRequest,
    options: SmithyHandlerOptions = {},
  ): Promise<{ response: SmithyResponse }> {
    const { abortSignal } = options
    if (abortSignal?.aborted === true) throw abortError(abortSignal)
    const rules = await this.#ready()
    const limit = options.requestTimeout ?? rules.requestTimeout ?? this.#suggestedTimeout
    return { response: await send(rules, request, limit, platformSignal(abortSignal)) }
  }

  /** Changes an option for the requests to come. Those under way finish as they are. */
  updateHttpClientConfig(key: string | symbol, value: unknown): void {
    if (key === SUGGESTED_TIMEOUT) {
      if (typeof value === 'number' && value > 0) this.#suggestedTimeout = value
      return
    }
    // Other symbols are suggestions that concern handlers of another kind.
    if (typeof key === 'symbol') return
    this.#changes[key] = value
    this.#release((client) => client.close())
  }

  /** The options in force, once they are known. */
  httpHandlerConfigs(): HyperHttpHandlerOptions {
    return { ...this.#options, ...this.#changes }
  }

  /** Ends every request and closes every connection, now. A request after that connects anew. */
  destroy(): void {
    this.#release((client) => client.destroy())
  }

  #ready(): Promise<Rules> {
    this.#rules ??= this.#resolve()
    return this.#rules
  }

  async #resolve(): Promise<Rules> {
    if (this.#provider !== undefined) this.#options = (await this.#provider()) ?? {}
    return rulesOf({ ...this.#options, ...this.#changes })
  }

  #release(end: (client: Client) => unknown): void {
    this.#rules?.then(({ client }) => end(client)).catch(ignore)
    this.#rules = undefined
  }
}

function rulesOf(options: HyperHttpHandlerOptions): Rules {
  const { requestTimeout, connectionTimeout, handlerProtocol: _, ...own } = options
  const connect = connectionTimeout === undefined ? {} : { connect: connectionTimeout }
  const timeouts = { ...PATIENT, ...connect, ...own.timeouts }
  checkTimeout(requestTimeout)
  const client = new Client({ h2c: true, ...own, timeouts, decompress: false })
  return { client, clock: own.clock, requestTimeout }
}

function checkTimeout(value: unknown): void {
  if (value === undefined || (typeof value === 'number' && value >= 0)) return
  throw new RangeError('requestTimeout must be milliseconds, 0 for none')
}

async function send(
  { client, clock }: Rules,
  request: SmithyRequest,
  limit: number | undefined,
  signal: AbortSignal | undefined,
): Promise<SmithyResponse> {
  const ends: ContentEnds = {
    failure: (error) => handlerError(error, signal),
    over: () => discardSoon(request.body),
  }
  let expectation: Expectation | undefined
  try {
    const { origin, path } = targetOf(request)
    const headers = fieldsOf(request)
    let body = contentOf(request.body)
    if (body !== undefined && expectsContinue(headers)) {
      expectation = new Expectation(clock)
      body = expectation.held(body)
    }
    const response = await client.request(`${origin}/`, {
      method: request.method,
      path,
      headers,
      body,
      signal,
      timeouts: limit === undefined ? undefined : { headers: limit, bodyIdle: limit },
      onInformational: ({ status }) => {
        if (status === 100) expectation?.granted()
      },
    })
    return smithyResponse(response, ends)
  } catch (error) {
    ends.over()
    throw ends.failure(error)
  } finally {
    expectation?.over()
  }
}

/** A signal of the platform for one of smithy's own, which has a single place for a callback. */
function platformSignal(signal: AbortSignal | CallbackSignal | undefined): AbortSignal | undefined {
  if (signal === undefined || 'addEventListener' in signal) return signal
  const controller = new AbortController()
  signal.onabort = () => controller.abort()
  return controller.signal
}

function ignore(): void {}
