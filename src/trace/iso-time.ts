/** Moments as RFC 3339 §5.6 writes them, in a room that has no clock and no calendar. */

const DAY_MS = 86_400_000

/** @param ms milliseconds since 1970 @returns such as `2026-11-30T12:00:00.000Z` */
export function isoTime(ms: number): string {
  const whole = Math.round(ms)
  const days = Math.floor(whole / DAY_MS)
  const inDay = whole - days * DAY_MS
  const clock = [
    Math.floor(inDay / 3_600_000),
    Math.floor(inDay / 60_000) % 60,
    Math.floor(inDay / 1000) % 60,
  ]
  return `${dateOf(days)}T${clock.map((part) => digits(part, 2)).join(':')}.${digits(inDay % 1000, 3)}Z`
}

/** Days since 1970 to a date of the Gregorian calendar: years that begin in March, so leap days come last. */
function dateOf(days: number): string {
  const sinceMarch = days + 719_468
  const era = Math.floor(sinceMarch / 146_097)
  const ofEra = sinceMarch - era * 146_097
  const year = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100))
  const march = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * march + 2) / 5) + 1
  const month = march < 10 ? march + 3 : march - 9
  return `${digits(year + era * 400 + (month <= 2 ? 1 : 0), 4)}-${digits(month, 2)}-${digits(day, 2)}`
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0')
}
