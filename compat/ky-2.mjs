// runtimes: 22 24 26
// ky 2 over our fetch.
import ky from 'ky2'
import { runKy } from './ky-checks.mjs'

await runKy(ky, 'ky2', 'prefix')
