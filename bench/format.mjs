/** Numbers as a person reads them. */

const BYTES = [
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
]

/** Three significant digits, with the unit; bytes in the unit that fits. */
export function formatValue(value, unit) {
  if (unit === 'B') {
    const [size, name] = BYTES.find(([size]) => Math.abs(value) >= size) ?? [1, 'B']
    return `${digits(value / size)} ${name}`
  }
  return unit === '' ? digits(value) : `${digits(value)} ${unit}`
}

/** Three significant digits, thousands separated by a comma. */
export function digits(value) {
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en-US')
  if (size >= 10) return value.toFixed(1)
  return value.toFixed(2)
}

/** A round number at an axis, without digits that say nothing. */
export function formatTick(value, unit) {
  if (unit !== 'B') return Number(value.toPrecision(3)).toLocaleString('en-US')
  const [size, name] = BYTES.find(([size]) => value >= size) ?? [1, 'B']
  return `${Number((value / size).toPrecision(3))} ${name}`
}

/** Median and the range of the runs. */
export function formatSpread({ median, min, max }, unit) {
  if (min === max) return formatValue(median, unit)
  return `${formatValue(median, unit)} (${formatBare(min, unit, median)}–${formatBare(max, unit, median)})`
}

/** A value without its unit, in the same multiple as the median. */
function formatBare(value, unit, median) {
  if (unit !== 'B') return digits(value)
  const [size] = BYTES.find(([size]) => Math.abs(median) >= size) ?? [1]
  return digits(value / size)
}
