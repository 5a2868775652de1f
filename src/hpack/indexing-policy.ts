/**
 * Which fields the encoder puts into its table (RFC 7541 §6.2, §7.1). One rule:
 * a value that is worth guessing never enters it.
 *
 * Everything else is indexed, with two exceptions. A field of more than three
 * quarters of the table would empty it for its own sake. And fields whose
 * values seldom repeat would in time push out those that do: `:path` and its
 * like, and every name whose newest entry nobody has used. One of them gets its
 * entry when the same value comes twice in a row, so a request that is made
 * again and again still shrinks to an octet per field.
 */
/** What becomes of the fields of one name: one of the constants below. */
export type Habit = number

/** Indexed at once. */
export const ORDINARY: Habit = 0
/** Indexed when the same value comes twice in a row. */
export const SELDOM_REPEATED: Habit = 1
/** Indexed unless it is short. */
const COOKIE: Habit = 2
/** Never indexed. */
const CREDENTIAL: Habit = 3

/** All but the ordinary names. Each of them has an entry in the static table. */
const HABITS: ReadonlyMap<string, Habit> = new Map([
  [':path', SELDOM_REPEATED],
  ['age', SELDOM_REPEATED],
  ['authorization', CREDENTIAL],
  ['content-length', SELDOM_REPEATED],
  ['content-range', SELDOM_REPEATED],
  ['cookie', COOKIE],
  ['etag', SELDOM_REPEATED],
  ['if-match', SELDOM_REPEATED],
  ['if-modified-since', SELDOM_REPEATED],
  ['if-none-match', SELDOM_REPEATED],
  ['if-range', SELDOM_REPEATED],
  ['if-unmodified-since', SELDOM_REPEATED],
  ['last-modified', SELDOM_REPEATED],
  ['location', SELDOM_REPEATED],
  ['proxy-authorization', CREDENTIAL],
  ['range', SELDOM_REPEATED],
  ['set-cookie', SELDOM_REPEATED],
])

/** A cookie shorter than this could be found by trying. */
const MIN_COOKIE_OCTETS = 20

/** The habit of a name in lower case. */
export function habitOf(name: string): Habit {
  return HABITS.get(name) ?? ORDINARY
}

/** Whether a field must be written as never indexed (RFC 7541 §7.1.3). */
export function isSecret(habit: Habit, value: string): boolean {
  return habit === CREDENTIAL || (habit === COOKIE && value.length < MIN_COOKIE_OCTETS)
}

/** Whether an entry of `size` octets leaves a quarter of a table of `tableSize` to others. */
export function leavesRoom(size: number, tableSize: number): boolean {
  return size * 4 <= tableSize * 3
}
