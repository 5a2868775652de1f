/**
 * One run: one client does one case of one workload in a process of its own
 * and prints its figures as one line of JSON, or fails.
 * usage: worker.mjs JSON   (see `describeRun` in schedule.mjs)
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { CLIENTS } from './clients/index.mjs'

const task = JSON.parse(process.argv.at(-1))
const ca = readFileSync(task.cert, 'utf8')
const client = CLIENTS.find(({ id }) => id === task.client)
const { run } = await import(`./workloads/${task.workload}.mjs`)
const { open } =
  client.module === undefined
    ? {}
    : await import(new URL(client.module, new URL('./clients/', import.meta.url)))

try {
  const figures = await run((url, more) => open(url, { ca, ...client.options, ...more }), task)
  process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0))
} catch (error) {
  process.stderr.write(`${error?.stack ?? error}\n${error?.cause?.stack ?? ''}\n`, () => process.exit(1))
}
