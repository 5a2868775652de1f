/**
 * Meters of one process: time, CPU, memory, allocation, latency. They use what
 * Node, Bun and Deno have in common; a figure that a runtime cannot tell is
 * left undefined.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import v8 from 'node:v8'

const isBun = process.versions.bun !== undefined

const CHECK_EVERY_MS = 10
/** How many times its processor time a period may last by the clock. */
const CLOCK_FACTOR = 3

/**
 * A period that is over when the process has used so many seconds of processor
 * time: on a machine that is shared, seconds of the clock would warm one client
 * more than the other.
 */
export class Budget {
  over = false

  constructor(seconds) {
    const before = process.cpuUsage()
    const end = performance.now() + CLOCK_FACTOR * seconds * 1000
    const timer = setInterval(() => {
      const { user, system } = process.cpuUsage(before)
      this.over = (user + system) / 1e6 >= seconds || performance.now() >= end
      if (this.over) clearInterval(timer)
    }, CHECK_EVERY_MS)
  }
}

/** What happened between its making and `stop()`. */
export class Meter {
  constructor() {
    this.gc = isBun ? undefined : new v8.GCProfiler()
    this.gc?.start()
    this.heapBefore = usedHeap()
    this.cpuBefore = process.cpuUsage()
    this.timeBefore = performance.now()
  }

  /** @returns {{ seconds: number, cpuSeconds: number, allocated: number | undefined }} bytes that were allocated on the heap */
  stop() {
    const seconds = (performance.now() - this.timeBefore) / 1000
    const { user, system } = process.cpuUsage(this.cpuBefore)
    const allocated =
      this.gc === undefined ? undefined : this.allocated(usedHeap(), this.gc.stop().statistics)
    return { seconds, cpuSeconds: (user + system) / 1e6, allocated }
  }

  /** The heap's growth from each garbage collection to the next, added up. */
  allocated(heapAfter, collections) {
    let sum = 0
    let before = this.heapBefore
    for (const { beforeGC, afterGC } of collections) {
      sum += Math.max(0, beforeGC.heapStatistics.usedHeapSize - before)
      before = afterGC.heapStatistics.usedHeapSize
    }
    return sum + Math.max(0, heapAfter - before)
  }
}

/** Bytes of the heap in use. */
export function usedHeap() {
  return process.memoryUsage().heapUsed
}

/** Most resident memory that the process ever had, in bytes. */
export function peakResident() {
  return fromStatus('VmHWM') ?? process.resourceUsage().maxRSS * 1024
}

/** Resident memory now, in bytes. */
export function resident() {
  return fromStatus('VmRSS') ?? process.memoryUsage().rss
}

function fromStatus(name) {
  try {
    const status = readFileSync('/proc/self/status', 'utf8')
    return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) * 1024
  } catch {
    return undefined
  }
}

/** Collects all garbage, if the runtime was started so that it can be asked to. */
export function collectGarbage() {
  if (isBun) globalThis.Bun.gc(true)
  else for (let i = 0; i < 4; i++) globalThis.gc?.()
}

/** Durations in milliseconds, in memory that was made before the measurement. */
export class Latencies {
  constructor(capacity = 1_000_000) {
    this.values = new Float32Array(capacity)
    this.count = 0
  }

  add(milliseconds) {
    if (this.count < this.values.length) this.values[this.count++] = milliseconds
  }

  /** The value below which the share of all values lies. */
  percentile(share) {
    const sorted = this.values.subarray(0, this.count).slice().sort()
    return sorted[Math.min(this.count - 1, Math.floor(this.count * share))]
  }
}
