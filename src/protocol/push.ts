/**
 * Promised requests (RFC 9113 §8.4): which may be taken. A push is taken only
 * with the authority and scheme of the request it belongs to, so it needs no
 * proof beyond the connection's own.
 */
import { ErrorCode } from '../frame/registry.ts'
import type { FieldReader } from './fields-received.ts'
import type { Failure, PromisedHead, StreamSink } from './sinks.ts'
import type { Violation } from './violation.ts'

/** Methods that are safe, cacheable and have no content (RFC 9113 §8.4). */
const PUSHABLE: readonly string[] = ['GET', 'HEAD']
const PSEUDO: readonly string[] = [':method', ':scheme', ':authority', ':path']

/** Stands for the owner of a pushed stream while it is offered: nothing but an end can come. */
export class Offer implements StreamSink {
  failure: Failure | undefined = undefined

  onOpened(): void {}
  onInformational(): void {}
  onResponse(): void {}
  onData(): void {}
  onTrailers(): void {}
  onEnd(): void {}
  onWritable(): void {}

  onPush(): undefined {}

  onFailure(failure: Failure): void {
    this.failure = failure
  }
}

/** The promised request, or why it cannot be taken. */
export function readPromise(
  fields: readonly string[],
  reader: FieldReader,
  parent: { readonly authority: string; readonly scheme: string | undefined },
): PromisedHead | Violation {
  const pseudo = new Map<string, string>()
  let from = 0
  for (; fields[from]?.startsWith(':'); from += 2) {
    const name = fields[from]!
    // RFC 9113 §8.3.1: each at most once, and no other.
    if (!PSEUDO.includes(name) || pseudo.has(name)) return malformed('pseudo-header fields (RFC 9113 §8.3.1)')
    pseudo.set(name, fields[from + 1]!)
  }
  const broken = reader.read(fields, from)
  if (broken !== undefined) return malformed(broken)
  const [method, scheme, promisedAuthority, path] = PSEUDO.map((name) => pseudo.get(name))
  if (!method || !scheme || !promisedAuthority || !path?.startsWith('/')) {
    return malformed('pseudo-header fields (RFC 9113 §8.3.1)')
  }
  // RFC 9113 §8.4: only methods that are safe and cacheable, without content.
  if (!PUSHABLE.includes(method)) return malformed('a method that is not safe and cacheable (RFC 9113 §8.4)')
  if (reader.contentLength > 0) return malformed('request content (RFC 9113 §8.4)')
  // RFC 9113 §8.4.1: the server must be authoritative for what it pushes.
  if (promisedAuthority.toLowerCase() !== parent.authority.toLowerCase() || scheme !== parent.scheme) {
    return malformed('another origin than its request (RFC 9113 §8.4)')
  }
  return { method, scheme, authority: promisedAuthority, path, fields: fields.slice(from) }
}

function malformed(what: string): Violation {
  return { errorCode: ErrorCode.PROTOCOL_ERROR, reason: `promised request with ${what}` }
}
