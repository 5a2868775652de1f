/**
 * Text that was to be a URL and is none, for the message of an error. Its one
 * rule: what stands in front of an `@` may be a password, and is not shown.
 */

const LONGEST = 100

/** The text in quotes, cut, without what may be a user and a password. */
export function shownUrl(text: string): string {
  const at = text.lastIndexOf('@')
  const shown = at === -1 ? text : `…${text.slice(at)}`
  return JSON.stringify(shown.slice(0, LONGEST))
}
