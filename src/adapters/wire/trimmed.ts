/**
 * The ends of a text, taken off. Its one rule: each character is looked at once,
 * where an expression that ends in `+$` looks again from every place.
 */

/** Without the characters at its end that are among these. */
export function trimmedEnd(text: string, outer: string): string {
  let end = text.length
  while (end > 0 && outer.includes(text[end - 1]!)) end -= 1
  return text.slice(0, end)
}

/** Without the characters at both ends that are among these. */
export function trimmed(text: string, outer: string): string {
  let start = 0
  while (start < text.length && outer.includes(text[start]!)) start += 1
  return trimmedEnd(text.slice(start), outer)
}
