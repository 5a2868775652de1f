/**
 * Cookies of a `fetch` (RFC 6265 §5.3, §5.4), kept by a jar that is the
 * caller's. Its one rule: the jar decides what is sent and what is kept; a
 * cookie that it refuses is no reason for a response to fail.
 */
import type { HTTP20Response } from '../response/http20-response.ts'

/** Where cookies are kept; a `CookieJar` of tough-cookie is one. Either method may answer with a promise. */
export interface CookieJar {
  /** What to send in `cookie` to a URL, as in `a=1; b=2`; empty for nothing. */
  getCookieString(url: string): string | Promise<string>
  /** Takes the value of one `set-cookie` field that came from a URL. */
  setCookie(line: string, url: string): unknown
}

/** Hands the cookies of a response to the jar, in wire order. */
export async function keepCookies(jar: CookieJar, response: HTTP20Response, url: string): Promise<void> {
  for (const [name, value] of response.rawHeaders) {
    if (name !== 'set-cookie') continue
    try {
      await jar.setCookie(value, url)
    } catch {
      // RFC 6265 §5.3: a cookie that is not acceptable is ignored.
    }
  }
}
