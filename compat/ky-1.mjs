// runtimes: 20 22 24 26
// ky 1 over our fetch.
import ky from 'ky'
import { runKy } from './ky-checks.mjs'

await runKy(ky, 'ky', 'prefixUrl')
