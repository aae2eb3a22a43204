// A generic bootstrap: waits for one line on its standard input, then goes on as if it had been started that way.
import { readFileSync } from 'node:fs'

const [line] = readFileSync(0, 'utf8').split('\n')
const { environment, workingDirectory } = JSON.parse(line)
for (const name of Object.keys(process.env)) delete process.env[name]
Object.assign(process.env, environment, { WAITED: 'yes' })
process.chdir(workingDirectory)
await import('./guest.mjs')
