/**
 * How much memory a process and its descendants hold: read from /proc on Linux, asked of `ps` elsewhere. What they may not
 * exceed is anonymous and shared memory: pages of files can be dropped at any time. What is told as used is all that was
 * resident, as a look at the machine would show it.
 * source: proc_pid_status(5), proc_pid_task(5).
 */
import { execFile } from 'node:child_process'
import { setImmediate } from 'node:timers/promises'
import { childrenOf, maxProcessCount, readSmall } from './process-tree.ts'

export type Sample = {
  /** anonymous and shared memory now, all processes */
  readonly currentKib: number
  /** resident memory, pages of files included: the highest of each process that lives, all together */
  readonly peakKib: number
  /** a number that changes while the process does something */
  readonly activity: number
}

/** Samples of several process trees, by the process id of their roots; the dead are left out. */
export type Sampler = (pids: readonly number[]) => Promise<ReadonlyMap<number, Sample>>

/** one in so many samples also looks at children of other threads than the first */
const threadsEvery = 8
const yieldEvery = 64

/** The sampler of this platform; undefined where memory cannot be watched. */
export function samplerFor(platform: NodeJS.Platform): Sampler | undefined {
  if (platform === 'linux') return linuxSampler()
  return platform === 'win32' ? undefined : psSampler
}

function linuxSampler(): Sampler {
  let round = 0
  return async (pids) => {
    round += 1
    const samples = new Map<number, Sample>()
    for (const [index, pid] of pids.entries()) {
      if (index % yieldEvery === yieldEvery - 1) await setImmediate()
      const sample = sampleTree(pid, round % threadsEvery === 0)
      if (sample) samples.set(pid, sample)
    }
    return samples
  }
}

/** One process alone, by the kernel's own figures; undefined when it is gone. About 20 us. */
export function sampleProcess(pid: number): Sample | undefined {
  const text = readSmall(`/proc/${pid}/status`)
  if (text === undefined) return undefined
  const currentKib = field(text, 'RssAnon:') + field(text, 'RssShmem:')
  return {
    currentKib,
    peakKib: Math.max(currentKib, field(text, 'VmHWM:')),
    activity: currentKib + field(text, '\nvoluntary_ctxt_switches:'),
  }
}

function sampleTree(root: number, isThorough: boolean): Sample | undefined {
  const first = sampleProcess(root)
  if (!first) return undefined
  const children = childrenOf(root, isThorough)
  if (children.length === 0) return first
  let { currentKib, peakKib } = first
  let activity = first.activity
  const waiting = children
  for (let index = 0; index < waiting.length && index < maxProcessCount; index += 1) {
    const pid = waiting[index] ?? 0
    const sample = sampleProcess(pid)
    if (!sample) continue
    currentKib += sample.currentKib
    peakKib += sample.peakKib
    activity += sample.activity
    waiting.push(...childrenOf(pid, isThorough))
  }
  return { currentKib, peakKib, activity }
}

function field(text: string, name: string): number {
  const start = text.indexOf(name)
  return start === -1
    ? 0
    : Number.parseInt(text.slice(start + name.length, start + name.length + 24), 10)
}

/** Memory by `ps`, for platforms without /proc. File pages cannot be told apart there, so figures are higher. */
export async function psSampler(pids: readonly number[]): Promise<ReadonlyMap<number, Sample>> {
  const { promise, resolve } = Promise.withResolvers<string>()
  execFile('ps', ['-axo', 'pid=,ppid=,rss='], { maxBuffer: 16 * 1024 * 1024 }, (error, stdout) =>
    resolve(error ? '' : stdout),
  )
  return treesOf(await promise, pids)
}

function treesOf(table: string, roots: readonly number[]): ReadonlyMap<number, Sample> {
  const parents = new Map<number, number>()
  const sizes = new Map<number, number>()
  for (const line of table.split('\n')) {
    const [pid, parent, rss] = line.trim().split(/\s+/).map(Number)
    if (pid === undefined || parent === undefined || rss === undefined) continue
    parents.set(pid, parent)
    sizes.set(pid, rss)
  }
  const totals = new Map<number, number>()
  const wanted = new Set(roots.filter((pid) => sizes.has(pid)))
  for (const [pid, size] of sizes) {
    let root: number | undefined = pid
    for (let depth = 0; depth < 64 && root !== undefined && !wanted.has(root); depth += 1) {
      root = parents.get(root)
    }
    if (root !== undefined && wanted.has(root)) totals.set(root, (totals.get(root) ?? 0) + size)
  }
  const samples = new Map<number, Sample>()
  for (const [pid, kib] of totals) {
    samples.set(pid, { currentKib: kib, peakKib: kib, activity: kib })
  }
  return samples
}
