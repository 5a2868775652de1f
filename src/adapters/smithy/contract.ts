/**
 * What smithy's clients and their handlers say to each other, by shape: none of
 * that library's packages is needed, neither its types.
 */

/** Values of a query: null for a name without a value. */
export type QueryBag = Readonly<Record<string, string | readonly string[] | null | undefined>>

/** A request as a smithy client has made and signed it. */
export interface SmithyRequest {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number | undefined
  /** Escaped already, and signed: sent as it stands. Default `'/'`. */
  readonly path?: string | undefined
  readonly query?: QueryBag | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly method: string
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined
  /** String, bytes, `Blob`, Web or Node stream. */
  // biome-ignore lint/suspicious/noExplicitAny: as the library has it
  readonly body?: any
}

/** Smithy's own kind of signal, from before the platform had one. */
export interface CallbackSignal {
  readonly aborted: boolean
  // biome-ignore lint/suspicious/noExplicitAny: as the library has it
  onabort: any
}

/** What a request may be given besides. */
export interface SmithyHandlerOptions {
  readonly abortSignal?: AbortSignal | CallbackSignal | undefined
  /** Milliseconds without progress. */
  readonly requestTimeout?: number | undefined
  /** Events may be far apart. */
  readonly isEventStream?: boolean | undefined
}

/** A response as a smithy client reads it. */
export interface SmithyResponse {
  readonly statusCode: number
  readonly reason?: string
  readonly headers: Record<string, string>
  /** A Node stream. */
  // biome-ignore lint/suspicious/noExplicitAny: as the library has it
  body: any
}
