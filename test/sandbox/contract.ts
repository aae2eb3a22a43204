/** What every driver must do, as one suite that each runs. A driver that cannot do something says why in its skip list. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Driver, Sandbox, SandboxSpec } from '../../src/sandbox/driver.ts'
import { ends } from '../environment/support.ts'
import { appears, grows, nextNumber, specOf, type Claim, type Claiming } from './claims.ts'
import { claimFreeze } from './contract-freeze.ts'

/** Run a script to its end. */
async function run(driver: Driver, script: string, changes: Partial<SandboxSpec> = {}) {
  const texts = { stdout: '', stderr: '' }
  const onOutput: SandboxSpec['onOutput'] = (chunk, stream) => {
    texts[stream] += Buffer.from(chunk).toString()
  }
  const sandbox = driver.start(specOf(script, { onOutput, ...changes }))
  const report = await sandbox.exited
  return { sandbox, report, ...texts }
}

/** Run the suite.
 *  @param skips  what this driver does not do, and why */
export function driverContract(
  name: string,
  open: () => Promise<Driver & AsyncDisposable>,
  skips: Partial<Record<Claim, string>> = {},
): void {
  describe(name, { concurrency: 3 }, () => {
    const opened = open()
    after(async () => (await opened)[Symbol.asyncDispose]())
    const claim = (key: Claim, text: string, check: (driver: Driver) => Promise<void>): void => {
      const reason = skips[key]
      if (reason === undefined) test(text, async () => check(await opened))
    }
    claimStart(claim)
    claimEnd(claim)
    claimFreeze(claim)
    claimLimits(claim)
    claimPrepare(claim)
    claimPrograms(claim)
  })
}

function claimStart(claim: Claiming): void {
  claim('starts', 'start() gives folder, umask and an empty input', async (driver) => {
    const { stdout } = await run(driver, 'pwd; umask; cat | wc -c', { workingDirectory: '/usr' })
    assert.deepEqual(
      stdout.split('\n').map((line) => line.trim()),
      ['/usr', '0022', '0', ''],
    )
  })
  claim('environment', 'start() gives the variables it was told and no other', async (driver) => {
    process.env['LAIR_OF_HOST'] = 'x'
    const { stdout } = await run(driver, 'env', {
      environment: { A: 'b=c', PATH: '/usr/bin:/bin' },
    })
    const names = stdout.split('\n').map((line) => line.slice(0, line.indexOf('=')))
    // PWD, OLDPWD and SHLVL are the shell's own.
    const given = names.filter(
      (name) => name !== '' && !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name),
    )
    assert.deepEqual(given.toSorted(), ['A', 'PATH', 'TMPDIR'])
    assert.match(stdout, /^A=b=c$/m)
  })
  claim('launch-error', 'a program that cannot be started is a report', async (driver) => {
    for (const argv of [['/no/such/program'], ['/etc/passwd']] as const) {
      const { report } = await run(driver, '', { argv })
      assert.match(report.launchError ?? '', /no such file or directory|permission denied/)
    }
    const { report } = await run(driver, 'true', { workingDirectory: '/no/such/folder' })
    assert.ok(report.launchError)
  })
  claim('temporary-directory', 'a temporary directory outlives its sandbox', async (driver) => {
    const first = await run(driver, 'echo kept > "$TMPDIR/file"')
    const directory = first.sandbox.temporaryDirectory
    const later = driver.start(specOf('test -f "$TMPDIR/file"'), directory)
    assert.equal((await later.exited).exitCode, 0)
    await driver.discard(directory)
    assert.ok(!existsSync(directory))
  })
}

function claimEnd(claim: Claiming): void {
  claim('exit', 'exited tells the status or the signal', async (driver) => {
    const [good, bad, killed] = await Promise.all([
      run(driver, 'exit 0'),
      run(driver, 'exit 129'),
      run(driver, 'kill -SEGV $$'),
    ])
    assert.deepEqual(good.report, { exitCode: 0, isOutOfMemory: false })
    assert.deepEqual(bad.report, { exitCode: 129, isOutOfMemory: false })
    assert.deepEqual(killed.report, { signal: 'SIGSEGV', isOutOfMemory: false })
  })
  claim('output', 'all output is there when exited settles, by stream', async (driver) => {
    const { stdout, stderr } = await run(
      driver,
      'i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done; echo oops >&2',
    )
    assert.equal(stdout.split('\n').length, 3001)
    assert.equal(stderr, 'oops\n')
  })
  claim(
    'output',
    'caughtUp() means that what was written before was handed out',
    async (driver) => {
      for (let count = 0; count < 10; count += 1) {
        const written: Buffer[] = []
        const onOutput: SandboxSpec['onOutput'] = (chunk) => written.push(Buffer.from(chunk))
        const script = 'echo before; touch "$TMPDIR/after"; exec sleep 1000'
        const sandbox = driver.start(specOf(script, { onOutput }))
        while (!existsSync(join(sandbox.temporaryDirectory, 'after'))) await setTimeout(0)
        await sandbox.caughtUp()
        assert.equal(Buffer.concat(written).toString(), 'before\n')
        await sandbox.dispose()
      }
    },
  )
  claim('dev-stderr', 'outputs can be opened by name', async (driver) => {
    const { stdout, stderr } = await run(driver, 'echo a > /dev/stdout; echo b > /dev/stderr')
    assert.deepEqual([stdout, stderr], ['a\n', 'b\n'])
  })
  claim('exit', 'what a process leaves running ends with it', async (driver) => {
    const { stdout } = await run(driver, 'sleep 1000 & echo $!')
    await ends(Number(stdout))
  })
  claim('dispose', 'dispose() kills all of it, even when frozen, once or twice', async (driver) => {
    let text = ''
    const sandbox = driver.start(
      specOf('trap "" TERM; sleep 1000 & echo $!; echo ready; wait', {
        onOutput: (chunk) => (text += Buffer.from(chunk).toString()),
      }),
    )
    while (!text.includes('ready')) await setTimeout(2)
    sandbox.signal('SIGTERM')
    await sandbox.freeze()
    await Promise.all([sandbox.dispose(), sandbox.dispose()])
    assert.equal((await sandbox.exited).signal, 'SIGKILL')
    await ends(Number.parseInt(text, 10))
  })
  claim('dispose', 'dispose() also kills what left the process group', async (driver) => {
    let text = ''
    const child = `const { pid } = require('node:child_process').spawn('sleep', ['1000'], { detached: true }); console.log(pid); setInterval(() => {}, 1000)`
    const sandbox = driver.start(
      specOf('', {
        argv: [process.execPath, '-e', child],
        onOutput: (chunk) => (text += Buffer.from(chunk).toString()),
      }),
    )
    while (!text.includes('\n')) await setTimeout(5)
    await sandbox.dispose()
    await ends(Number(text))
  })
  claim('dispose', 'dispose() right after start() leaves nothing', async (driver) => {
    const sandbox = driver.start(specOf('sleep 1000'))
    await sandbox.dispose()
    const report = await sandbox.exited
    assert.ok(report.signal === 'SIGKILL' || report.launchError !== undefined)
  })
}

function claimLimits(claim: Claiming): void {
  const eat = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(4 * 1024 * 1024, 1)), 2)'
  claim('memory', 'memory above the limit ends it, children included', async (driver) => {
    const alone = { argv: [process.execPath, '-e', eat] as const, memoryMib: 128 }
    const { report, sandbox } = await run(driver, '', alone)
    assert.deepEqual(report, { signal: 'SIGKILL', isOutOfMemory: true })
    assert.ok(sandbox.usage().maxMemoryMib > 100)
    const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(eat)}]); setInterval(() => {}, 1000)`
    const family = { argv: [process.execPath, '-e', parent] as const, memoryMib: 128 }
    assert.equal((await run(driver, '', family)).report.isOutOfMemory, true)
  })
  claim('memory', 'usage() knows the peak while it runs', async (driver) => {
    const script = `const kept = Buffer.alloc(64 * 1024 * 1024, 1); require('node:fs').writeFileSync(process.env.TMPDIR + '/done', ''); setInterval(() => kept.length, 1000)`
    const sandbox: Sandbox = driver.start(specOf('', { argv: [process.execPath, '-e', script] }))
    await appears(join(sandbox.temporaryDirectory, 'done'))
    await setTimeout(150)
    const { maxMemoryMib } = sandbox.usage()
    await sandbox.dispose()
    // Node.js itself is resident too, and most of it is its program file.
    assert.ok(maxMemoryMib >= 64 + 30 && maxMemoryMib < 250, String(maxMemoryMib))
  })
  claim('memory', 'usage() counts all processes of the sandbox', async (driver) => {
    const child = `const kept = Buffer.alloc(64 * 1024 * 1024, 1); require('node:fs').writeFileSync(process.env.TMPDIR + '/done', ''); setInterval(() => kept.length, 1000)`
    const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]); setInterval(() => {}, 1000)`
    const sandbox = driver.start(specOf('', { argv: [process.execPath, '-e', parent] }))
    await appears(join(sandbox.temporaryDirectory, 'done'))
    await setTimeout(600)
    const { maxMemoryMib } = sandbox.usage()
    await sandbox.dispose()
    assert.ok(maxMemoryMib >= 64 + 60, String(maxMemoryMib))
  })
  claim('storage', 'storage above the limit ends it and says so', async (driver) => {
    const { report, stderr } = await run(
      driver,
      'head -c 4000000 /dev/zero > "$TMPDIR/big"; while true; do sleep 0.01; done',
      { ephemeralStorageMib: 1 },
    )
    assert.equal(report.signal, 'SIGKILL')
    assert.match(stderr, /ephemeral storage is exceeded: 4 MB/)
  })
}

function claimPrepare(claim: Claiming): void {
  // Reads its line, then does what the variable DO says, in the folder it was told.
  const generic = `
    const text = require('node:fs').readFileSync(0, 'utf8')
    const { environment, workingDirectory } = JSON.parse(text.split('\\n')[0])
    process.chdir(workingDirectory)
    console.log(environment.DO, process.cwd(), environment.TMPDIR !== undefined)
    process.exit(5)`
  claim('prepare', 'a prepared bootstrap becomes a sandbox', async (driver) => {
    const prepared = driver.prepare({
      id: `prepared-${nextNumber()}`,
      argv: [process.execPath, '-e', generic],
      environment: {},
    })
    let text = ''
    const onOutput: SandboxSpec['onOutput'] = (chunk) => (text += Buffer.from(chunk).toString())
    const environment = { DO: 'work' }
    const sandbox = prepared.become(specOf('', { environment, workingDirectory: '/usr', onOutput }))
    assert.equal((await sandbox.exited).exitCode, 5)
    assert.equal(text, 'work /usr true\n')
  })
  claim('prepare', 'a prepared bootstrap that is not used can be disposed', async (driver) => {
    const prepared = driver.prepare({
      id: `prepared-${nextNumber()}`,
      argv: [process.execPath, '-e', generic],
      environment: {},
    })
    await prepared.dispose()
    assert.equal((await prepared.exited).signal, 'SIGKILL')
  })
}

function claimPrograms(claim: Claiming): void {
  /** A sandbox with nothing in it, and a way to start scripts there. */
  const opened = (driver: Driver, changes: Partial<SandboxSpec> = {}) => {
    const bounds = specOf('', changes)
    const sandbox = driver.open(bounds)
    const spawn = (script: string) => {
      let text = ''
      const onOutput: SandboxSpec['onOutput'] = (chunk) => (text += Buffer.from(chunk).toString())
      const program = sandbox.spawn({ ...specOf(script), onOutput })
      return { ...program, text: () => text }
    }
    return { sandbox, spawn }
  }
  claim('programs', 'programs of a sandbox share a folder, not output or end', async (driver) => {
    const { sandbox, spawn } = opened(driver)
    const one = spawn('echo one; echo mine > "$TMPDIR/file"; exit 3')
    assert.equal((await one.exited).exitCode, 3)
    const two = spawn(
      'cat "$TMPDIR/file"; trap "echo told; exit 4" TERM; echo up; sleep 1000 & wait',
    )
    const three = spawn('exec sleep 1000')
    while (!two.text().includes('up')) await setTimeout(2)
    two.signal('SIGTERM')
    assert.equal((await two.exited).exitCode, 4)
    assert.deepEqual([one.text(), two.text()], ['one\n', 'mine\nup\ntold\n'])
    await sandbox.dispose()
    assert.equal((await three.exited).signal, 'SIGKILL')
  })
  claim('programs', 'a program that cannot be started leaves the others', async (driver) => {
    const { sandbox, spawn } = opened(driver)
    const good = spawn('echo up; exec sleep 1000')
    const bad = sandbox.spawn(specOf('', { argv: ['/no/such/program'] }))
    assert.match((await bad.exited).launchError ?? '', /no such file/)
    while (!good.text().includes('up')) await setTimeout(2)
    await sandbox.dispose()
    assert.equal((await good.exited).signal, 'SIGKILL')
  })
  claim('programs', 'freeze() stops all programs, thaw() lets all go on', async (driver) => {
    const { sandbox, spawn } = opened(driver)
    const names = ['a', 'b']
    for (const name of names) {
      spawn(`while true; do echo x >> "$TMPDIR/${name}"; sleep 0.01; done`)
    }
    const paths = names.map((name) => join(sandbox.temporaryDirectory, name))
    for (const path of paths) await appears(path)
    await sandbox.freeze()
    await setTimeout(60)
    const frozen = await Promise.all(paths.map(grows))
    await sandbox.thaw()
    const thawed = await Promise.all(paths.map(grows))
    await sandbox.dispose()
    assert.deepEqual(
      [frozen, thawed],
      [
        [false, false],
        [true, true],
      ],
    )
  })
  claim('programs', 'memory is one limit for all programs together', async (driver) => {
    const { sandbox } = opened(driver, { memoryMib: 256 })
    const hold = (mib: number) => {
      const script = `const kept = Buffer.alloc(${mib} * 1024 * 1024, 1); console.log('up'); setInterval(() => kept.fill(1), 20)`
      const { promise, resolve } = Promise.withResolvers<void>()
      const program = sandbox.spawn({
        ...specOf('', { argv: [process.execPath, '-e', script] }),
        onOutput: () => resolve(),
      })
      return { program, isUp: promise }
    }
    const small = hold(80)
    await small.isUp
    const large = hold(160)
    assert.deepEqual(await large.program.exited, { signal: 'SIGKILL', isOutOfMemory: true })
    assert.ok(sandbox.usage().maxMemoryMib > 240)
    await sandbox.dispose()
    assert.equal((await small.program.exited).isOutOfMemory, false)
  })
}
