/**
 * `npm run bench`: Lair against AWS's Runtime Interface Emulator in one run, a table, then JSON. Flags: `--quick` for shorter rounds,
 * `--json` for JSON alone, `--only warm|throughput|payload|cold|start`. Exits 1 when a promise of SPECIFICATION.md is broken.
 * Needs `node scripts/prepare-compat.ts`, wrk (apt-get install wrk) and a quiet machine: every figure is a median over rounds taken in turns.
 */
import { parseArgs } from 'node:util'
import { coldStarts, serverStart } from './cold.ts'
import { isKept, toJson, toTable } from './report.ts'
import type { Finding } from './report.ts'
import { startTargets } from './targets.ts'
import { payloads, throughput, warmLatency } from './warm.ts'

const scenarios = ['warm', 'throughput', 'payload', 'cold', 'start'] as const
type Scenario = (typeof scenarios)[number]

await main()

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
    },
  })
  // Certificates that are read at each start of Node would be measured with everything else.
  delete process.env['NODE_EXTRA_CA_CERTS']
  const chosen = scenarios.filter((name) => values.only === undefined || values.only === name)
  if (chosen.length === 0) throw new Error(`--only takes one of: ${scenarios.join(', ')}`)
  const startedAt = new Date()
  const findings = await measure(chosen, values.quick)
  if (!values.json) console.log(`${toTable(findings)}\n`)
  console.log(toJson(findings, startedAt))
  if (findings.some((finding) => isKept(finding) === false)) process.exitCode = 1
}

async function measure(chosen: readonly Scenario[], isQuick: boolean): Promise<Finding[]> {
  const rounds = isQuick ? 3 : 7
  const effort = { rounds, burstMs: isQuick ? 500 : 2000 }
  const findings: Finding[] = []
  const note = (found: readonly Finding[]) => findings.push(...found)
  if (chosen.includes('start')) note(await serverStart(rounds))
  if (chosen.includes('cold')) note(await coldStarts(isQuick ? 8 : 20))
  if (chosen.some((name) => name === 'warm' || name === 'throughput' || name === 'payload')) {
    await using targets = await startTargets()
    if (chosen.includes('warm')) note(await warmLatency(targets, effort))
    if (chosen.includes('throughput')) note(await throughput(targets, effort))
    if (chosen.includes('payload')) note(await payloads(targets, { rounds: 3, burstMs: 500 }))
  }
  return findings
}
