/**
 * Errors of axios's own kind. Axios is not imported: its class is found where
 * the configuration holds it, and where it does not, one of the same shape
 * stands in. Its one rule: what an adapter rejects with, `axios.isAxiosError` knows.
 */
import { type NodeError, toNodeError } from '../https/node-error.ts'
import type { Config, RequestFacts } from './config.ts'

interface AxiosErrorLike extends Error {
  readonly isAxiosError: boolean
  code?: string
}

type AxiosErrorClass = new (
  message: string,
  code?: string,
  config?: object,
  request?: object,
  response?: object,
) => AxiosErrorLike

/** The shape of axios's class, for configurations in which it cannot be found. */
class StandIn extends Error implements AxiosErrorLike {
  override name = 'AxiosError'
  readonly isAxiosError = true
  declare code?: string
  declare config?: object
  declare request?: object
  declare response?: object
  declare status?: number

  constructor(message: string, code?: string, config?: object, request?: object, response?: object) {
    super(message)
    if (code !== undefined) this.code = code
    if (config !== undefined) this.config = config
    if (request !== undefined) this.request = request
    if (response === undefined) return
    this.response = response
    this.status = (response as { status: number }).status
  }

  toJSON(): object {
    const { message, name, stack, code, status } = this
    return { message, name, stack, code, status }
  }
}

/** Classes by the function that gave them away. */
const classes = new WeakMap<object, AxiosErrorClass>()

/** Axios's class. Its own transform of responses throws one when it is told to be strict and given what is no JSON. */
function classOf({ transformResponse }: Config): AxiosErrorClass {
  const transform: unknown = Array.isArray(transformResponse) ? transformResponse[0] : transformResponse
  if (typeof transform !== 'function' || transform.name !== 'transformResponse') return StandIn
  let found = classes.get(transform)
  if (found === undefined) {
    found = StandIn
    try {
      transform.call({ responseType: 'json', transitional: { silentJSONParsing: false } }, '{')
    } catch (error) {
      const thrown = error as AxiosErrorLike
      if (thrown.isAxiosError === true) found = thrown.constructor as AxiosErrorClass
    }
    classes.set(transform, found)
  }
  return found
}

/** Makes the errors of one request. */
export class Errors {
  readonly #config: Config
  /** The request that is under way. Written by the call. */
  request: RequestFacts | undefined

  constructor(config: Config) {
    this.#config = config
    this.request = undefined
  }

  make(message: string, code: string | undefined, response?: object, cause?: unknown): Error {
    const error = new (classOf(this.#config))(message, code, this.#config, this.request, response)
    // As with axios: not enumerable, for it may hold what refers to itself.
    if (cause !== undefined) {
      Object.defineProperty(error, 'cause', { value: cause, writable: true, configurable: true })
    }
    return error
  }

  /**
   * Of a request that was cancelled. Axios has a class of its own for it, out of
   * reach, and throws that itself if it gets anything else for an aborted signal.
   * `final`: axios will not see it, and `axios.isCancel` has to know it as it is.
   */
  cancelled(message: string, final: boolean): Error {
    const error = this.make(message, 'ERR_CANCELED')
    return Object.assign(error, { name: 'CanceledError' }, final ? { __CANCEL__: true } : {})
  }

  timedOut(timeoutMs: number): Error {
    const { timeoutErrorMessage, transitional } = this.#config
    const message = timeoutErrorMessage ?? `timeout of ${timeoutMs}ms exceeded`
    return this.make(message, transitional?.clarifyTimeoutError === true ? 'ETIMEDOUT' : 'ECONNABORTED')
  }

  /** Of a request that failed before its response. What is an error of axios already stays as it is. */
  failed(reason: unknown): Error {
    const error: NodeError = toNodeError(reason)
    if ((error as { isAxiosError?: boolean }).isAxiosError === true) return error
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') {
      return this.cancelled('Request stream has been aborted', true)
    }
    // What has no code of its own is the caller's, and is no failure of the network.
    const misuse = error instanceof TypeError || error instanceof RangeError
    return this.make(error.message, error.code ?? (misuse ? 'ERR_BAD_REQUEST' : undefined), undefined, error)
  }
}
