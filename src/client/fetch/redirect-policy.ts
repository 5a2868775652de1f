/**
 * What becomes of a response that redirects (Fetch §4.4, "HTTP-redirect fetch";
 * RFC 9110 §15.4). Its one rule: it decides and does nothing, so that every
 * case can be put to it as data.
 */

import { isPortBlocked } from './blocked-ports.ts'

/** Redirects that one `fetch` follows (Fetch §4.4). */
export const MAX_REDIRECTS = 20

/** What the request's content is to somebody who would send it again. */
export type BodyKind = 'none' | 'replayable' | 'stream'

/** A request that was answered with a redirect. */
export interface RedirectedRequest {
  readonly url: URL
  readonly method: string
  readonly body: BodyKind
  readonly redirect: 'follow' | 'error' | 'manual'
  /** Redirects followed before this one. */
  readonly followed: number
  /** The request must not leave its origin (mode `same-origin`). */
  readonly staysInOrigin: boolean
}

/** What to do: give the response to the caller, fail, or make another request. */
export type RedirectVerdict =
  | { readonly kind: 'respond' }
  | { readonly kind: 'refuse'; readonly reason: string }
  | {
      readonly kind: 'follow'
      readonly url: URL
      readonly method: string
      /** False if content and the fields that describe it are left behind. */
      readonly keepsBody: boolean
      /** True if fields that only the first origin may see are left behind. */
      readonly crossesOrigin: boolean
    }

const RESPOND: RedirectVerdict = { kind: 'respond' }

/** Fields that describe content (Fetch §2.2.2, "request-body-header name"), and its length. */
const BODY_FIELDS: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
])
/** Fields meant for one origin: the standard names the first, the others are forbidden to scripts and not to us. */
const ORIGIN_FIELDS: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie', 'host'])

/** True for a redirect status (Fetch §2.2.3). */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

/** Decides on a response with a redirect status. `location`: its field, undefined if it has none. */
export function redirectVerdict(
  request: RedirectedRequest,
  status: number,
  location: string | undefined,
): RedirectVerdict {
  if (request.redirect === 'error') return refuse('a redirect where init.redirect is "error"')
  if (request.redirect === 'manual' || location === undefined) return RESPOND
  const url = locationUrl(location, request.url)
  if (url === undefined) return refuse('location is not a URL')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return refuse(`location leads to ${url.protocol}, which is not http: or https:`)
  }
  if (isPortBlocked(url)) return refuse(`location leads to port ${url.port}, which is blocked`)
  if (request.followed >= MAX_REDIRECTS) return refuse(`more than ${MAX_REDIRECTS} redirects`)
  const crossesOrigin = url.origin !== request.url.origin
  if (crossesOrigin && request.staysInOrigin) return refuse('location leaves the origin (mode "same-origin")')
  // Whoever redirects does not choose whom we claim to be.
  if (url.username !== '' || url.password !== '') return refuse('location holds a user or password')
  const becomesGet =
    ((status === 301 || status === 302) && request.method === 'POST') ||
    (status === 303 && request.method !== 'GET' && request.method !== 'HEAD')
  // Only 303 asks for another request; the others ask for the same one again.
  if (request.body === 'stream' && !(status === 303 && becomesGet)) {
    return refuse('the body is a stream, which cannot be sent again')
  }
  return {
    kind: 'follow',
    url,
    method: becomesGet ? 'GET' : request.method,
    keepsBody: !becomesGet,
    crossesOrigin,
  }
}

/** True if a field goes along with the next request. `name` in lower case. */
export function goesAlong(name: string, keepsBody: boolean, crossesOrigin: boolean): boolean {
  return !(!keepsBody && BODY_FIELDS.has(name)) && !(crossesOrigin && ORIGIN_FIELDS.has(name))
}

/** The URL of a location, with the fragment of the request where it has none of its own (Fetch §2.2.6). */
function locationUrl(location: string, base: URL): URL | undefined {
  let url: URL
  try {
    url = new URL(utf8(location), base)
  } catch {
    return undefined
  }
  if (!location.includes('#')) url.hash = base.hash
  return url
}

/** Field values hold one octet a character; a URL that is not ASCII is UTF-8. */
function utf8(value: string): string {
  if (!/[\x80-\xff]/.test(value)) return value
  return new TextDecoder().decode(Uint8Array.from(value, (character) => character.charCodeAt(0)))
}

function refuse(reason: string): RedirectVerdict {
  return { kind: 'refuse', reason }
}
