/** Large transfers, again and again for a given time: the loop of the workloads that move 100 MB. */
import { MB } from '../content.mjs'
import { Budget, Meter, peakResident } from '../meter.mjs'

/**
 * @param {() => Promise<void>} once moves 100 MB, checked
 * @returns {Promise<object>} figures per GB
 */
export async function measureBulk(once, { warmSeconds, seconds }) {
  const warm = new Budget(warmSeconds)
  do await once()
  while (!warm.over)
  const meter = new Meter()
  const budget = new Budget(seconds)
  let count = 0
  do {
    await once()
    count++
  } while (!budget.over)
  const { seconds: elapsed, cpuSeconds } = meter.stop()
  const gigabytes = (count * 100 * MB) / 1e9
  return {
    rate: (gigabytes * 1000) / elapsed,
    cpuMillis: (cpuSeconds * 1000) / gigabytes,
    peakResident: peakResident(),
  }
}

/** The figures of `measureBulk`. */
export const BULK_FIGURES = [
  { key: 'cpuMillis', label: 'CPU per GB', unit: 'ms', better: 'less' },
  { key: 'rate', label: 'rate', unit: 'MB/s', better: 'more' },
  { key: 'peakResident', label: 'peak RSS', unit: 'B', better: 'less' },
]
