/** One workload: each case, in rounds, every client in turn within a round. */
import { runOnce } from './schedule.mjs'
import { summarize } from './statistics.mjs'

/**
 * @returns {Promise<object>} the workload's part of the results, plain data
 */
export async function measureWorkload(name, workload, { rows: all, missing }, servers, plan, log) {
  const failed = new Map()
  const cases = []
  for (const each of workload.cases(plan)) {
    const { url, prefix } = await servers.for(workload.server ?? 'static', each.params)
    const place = {
      ...{ url, prefix, originUrl: servers.origin },
      ...{ cert: servers.content.cert, root: servers.content.root, hashes: servers.content.hashes },
      ...{ warmSeconds: plan.warmSeconds, seconds: plan.seconds },
    }
    const rows = []
    for (const row of all) {
      if (row.client.only?.[name]?.includes(each.id) === false) continue
      const reason = row.client.cannot?.[`${name}/${each.id}`]
      if (reason === undefined) rows.push(row)
      else missing.push({ row: `${row.label}: ${each.label}`, reason })
    }
    const runs = new Map(rows.map((row) => [row, []]))
    for (let round = 1; round <= plan.rounds; round++) {
      log(`${name}: ${each.label}, round ${round} of ${plan.rounds}`)
      for (const row of rows) {
        const key = `${row.label}: ${each.label}`
        if (failed.has(key) || runs.get(row).some(({ cut }) => cut === 1)) continue
        try {
          const figures = await runOnce(row, name, workload, each, place)
          if (figures !== undefined) runs.get(row).push(figures)
        } catch (error) {
          failed.set(key, error.message)
          runs.delete(row)
          log(`FAILED ${key}\n${error.message}\n`)
        }
      }
    }
    cases.push({ id: each.id, label: each.label, params: each.params, rows: summarizeRows(runs, workload) })
  }
  return {
    title: workload.title,
    how: workload.how,
    server: servers.describe()[workload.server] ?? (workload.server === undefined ? 'none' : 'unknown'),
    measuredAt: new Date().toISOString(),
    form: plan.short ? 'short' : 'full',
    rounds: plan.rounds,
    figures: workload.figures,
    cases,
    missing,
    failed: [...failed].map(([row, reason]) => ({ row, reason })),
  }
}

/** Each row's summary, and the ratio of its first figure's median to ours. */
function summarizeRows(runs, workload) {
  const rows = []
  for (const [row, figures] of runs ?? []) {
    if (figures.length > 0) rows.push({ id: row.id, label: row.label, figures: summarize(figures) })
  }
  const ours = rows.find(({ id }) => id.startsWith(`${workload.ours ?? 'hyper'}@`))
  for (const row of rows) {
    const key = workload.figures.find((figure) => row.figures[figure.key] !== undefined)?.key
    const base = ours?.figures[key]?.median
    row.ours = row === ours
    if (base !== undefined) row.ratio = row.figures[key].median / base
  }
  return rows
}
