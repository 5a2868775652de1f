/** Numbers as people read them. */

export function ms(value: number): string {
  if (Number.isNaN(value)) return '–'
  if (Math.abs(value) >= 10_000) return `${(value / 1000).toFixed(1)} s`
  if (Math.abs(value) >= 100) return `${Math.round(value)} ms`
  return `${Number(value.toPrecision(3))} ms`
}

export function count(value: number): string {
  return Number.isFinite(value) ? value.toLocaleString('en') : '∞'
}

/** Octets, short. */
export function octets(value: number): string {
  if (Math.abs(value) < 10_000) return count(value)
  if (Math.abs(value) < 10_000_000) return `${count(Math.round(value / 1024))} KiB`
  return `${count(Math.round(value / 1_048_576))} MiB`
}

/** Distance of marks on an axis: 1, 2 or 5 times a power of ten, so that no more than `most` fit. */
export function tick(span: number, most: number): number {
  const least = span / Math.max(1, most)
  const power = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= least) ?? 10 * power
}
