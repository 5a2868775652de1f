// runtimes: 22 24 26
import got from 'got16'
import { checkGot } from './got-checks.mjs'

await checkGot(got, 'got16')
