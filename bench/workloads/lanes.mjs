/** Requests in parallel lanes for a given time: the loop of the workloads with small requests. */
import { Budget, Latencies, Meter, peakResident } from '../meter.mjs'

/**
 * Runs `once` in so many lanes, first to warm up, then measured.
 *
 * @param {(count: number) => Promise<void>} once one request, its response checked
 * @returns {Promise<object>} figures per request
 */
export async function measureLanes(once, { lanes, warmSeconds, seconds }) {
  const latencies = new Latencies()
  await runLanes(once, lanes, warmSeconds, latencies)
  latencies.count = 0
  const meter = new Meter()
  await runLanes(once, lanes, seconds, latencies)
  const { seconds: elapsed, cpuSeconds, allocated } = meter.stop()
  const { count } = latencies
  return {
    rate: count / elapsed,
    cpuMicros: (cpuSeconds * 1e6) / count,
    p50: latencies.percentile(0.5),
    p99: latencies.percentile(0.99),
    peakResident: peakResident(),
    allocated: allocated === undefined ? undefined : allocated / count,
  }
}

async function runLanes(once, lanes, seconds, latencies) {
  const budget = new Budget(seconds)
  let count = 0
  const lane = async () => {
    for (let began = performance.now(); !budget.over; ) {
      await once(count++)
      const now = performance.now()
      latencies.add(now - began)
      began = now
    }
  }
  const running = []
  for (let i = 0; i < lanes; i++) running.push(lane())
  await Promise.all(running)
}

/** A case for each number of requests in flight. */
export function laneCases(numbers) {
  return numbers.map((lanes) => ({ id: `${lanes}`, label: `${lanes} in flight`, params: { lanes } }))
}

/** The figures of `measureLanes`, the first one first in every table. */
export const REQUEST_FIGURES = [
  { key: 'cpuMicros', label: 'CPU per request', unit: 'µs', better: 'less' },
  { key: 'rate', label: 'requests', unit: '1/s', better: 'more' },
  { key: 'p50', label: 'latency p50', unit: 'ms', better: 'less' },
  { key: 'p99', label: 'latency p99', unit: 'ms', better: 'less' },
  { key: 'peakResident', label: 'peak RSS', unit: 'B', better: 'less' },
  { key: 'allocated', label: 'heap allocated per request', unit: 'B', better: 'less' },
]
