/** Warm invocations: latency at one connection, throughput at 8 and 32, payloads from 1 KB to 6 MB. */
import { inTurns, measureLoad, median } from './measure.ts'
import type { Finding } from './report.ts'
import type { Target, Targets } from './targets.ts'
import { measureRate } from './wrk.ts'

const event = Buffer.from('{"name":"warm","n":1,"list":[1,2,3,4]}')
const warmUpMs = 500
const kib = 1024
const payloadSizes = [
  ['1 KB', kib],
  ['10 KB', 10 * kib],
  ['100 KB', 100 * kib],
  ['1 MB', kib * kib],
  ['6 MB', 6 * kib * kib - 200],
] as const

export type Effort = { readonly rounds: number; readonly burstMs: number }

/** p50 at one connection: the emulator takes one invocation at a time, so this is its best case too. */
export async function warmLatency(targets: Targets, effort: Effort): Promise<Finding[]> {
  const subjects = allOf(targets)
  const load = { connections: 1, durationMs: effort.burstMs, payload: event }
  for (const target of subjects) await measureLoad(target, { ...load, durationMs: warmUpMs })
  const runs = await inTurns(subjects, effort.rounds, (target) => measureLoad(target, load))
  const scenario = 'warm p50, 1 connection'
  const p50 = runs.map((figures) => median(figures.map((figure) => figure.p50Us)))
  return [
    ...subjects.map(({ name }, index): Finding => ({
      scenario,
      subject: name,
      value: p50[index] ?? Number.NaN,
      unit: 'µs',
    })),
    ratio(scenario, 'official client: Lair / emulator', [p50[0], p50[2]], { atMost: 0.6 }),
    ratio(scenario, "Lair's bootstrap: Lair / emulator", [p50[1], p50[3]], {}),
  ]
}

/** Invocations a second; the emulator at one connection, since it refuses a second one at the same time. */
export async function throughput(targets: Targets, effort: Effort): Promise<Finding[]> {
  const subjects = [
    ...[8, 32].map((connections) => ({ target: targets.lairClient, connections })),
    ...[8, 32].map((connections) => ({ target: targets.lairOwn, connections })),
    { target: targets.emulatorClient, connections: 1 },
    { target: targets.emulatorOwn, connections: 1 },
  ]
  const loadOf = (connections: number, durationMs: number) => ({
    connections,
    durationMs,
    payload: event,
  })
  for (const { target, connections } of subjects) {
    await measureRate(target, loadOf(connections, 4 * warmUpMs))
  }
  const runs = await inTurns(subjects, effort.rounds, ({ target, connections }) =>
    measureRate(target, loadOf(connections, effort.burstMs)),
  )
  const rates = runs.map(median)
  const scenario = 'throughput'
  return [
    ...subjects.map(({ target, connections }, index): Finding => ({
      scenario: `${scenario}, ${connections} connection${connections === 1 ? '' : 's'}`,
      subject: target.name,
      value: rates[index] ?? Number.NaN,
      unit: '/s',
    })),
    ratio(`${scenario}, 32 / 1`, 'official client: Lair / emulator', [rates[1], rates[4]], {}),
    ratio(`${scenario}, 32 / 1`, "Lair's bootstrap: Lair / emulator", [rates[3], rates[5]], {
      atLeast: 4,
    }),
    ratio(
      `${scenario}, 32 / 1`,
      'Lair / emulator, each with its own client',
      [rates[3], rates[4]],
      {},
    ),
  ]
}

/** p50 of an echo of growing events, there and back. */
export async function payloads(targets: Targets, effort: Effort): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [title, bytes] of payloadSizes) {
    const payload = Buffer.from(JSON.stringify({ text: 'x'.repeat(bytes - 11) }))
    const load = { connections: 1, durationMs: effort.burstMs, payload }
    const subjects = allOf(targets)
    const runs = await inTurns(subjects, effort.rounds, (target) => measureLoad(target, load))
    for (const [index, { name }] of subjects.entries()) {
      const value = median((runs[index] ?? []).map((figure) => figure.p50Us)) / 1000
      findings.push({ scenario: `payload ${title}, p50`, subject: name, value, unit: 'ms' })
    }
  }
  return findings
}

const allOf = (targets: Targets): Target[] => [
  targets.lairClient,
  targets.lairOwn,
  targets.emulatorClient,
  targets.emulatorOwn,
]

function ratio(
  scenario: string,
  subject: string,
  values: readonly [number | undefined, number | undefined],
  promise: { atMost?: number; atLeast?: number },
): Finding {
  const [ours = Number.NaN, theirs = Number.NaN] = values
  return { scenario, subject, value: ours / theirs, unit: 'x', ...promise }
}
