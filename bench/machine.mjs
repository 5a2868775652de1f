/** What the numbers were measured on. */
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { pinning } from './processes.mjs'

/** Processor, cores, memory, kernel, congestion control, placement. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: `${type()} ${release()}`,
    congestionControl: fromProc('/proc/sys/net/ipv4/tcp_congestion_control'),
    pinning,
  }
}

function fromProc(path) {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return 'unknown'
  }
}
