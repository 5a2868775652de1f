/** Medians and their spread. */

/** The middle value, or the mean of the two middle ones. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Median, smallest and largest of each figure over the runs that have it.
 *
 * @param {object[]} runs
 * @returns {Record<string, { median: number, min: number, max: number }>}
 */
export function summarize(runs) {
  const summary = {}
  for (const key of new Set(runs.flatMap(Object.keys))) {
    const values = runs.map((run) => run[key]).filter((value) => typeof value === 'number')
    if (values.length === 0) continue
    summary[key] = { median: median(values), min: Math.min(...values), max: Math.max(...values) }
  }
  return summary
}
