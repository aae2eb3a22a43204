/**
 * What functions and extensions find around them, made once for the spawner and inherited by all that it starts. Nothing of the
 * machine is changed, and what may not be done here is left out.
 *
 * Names: AWS's environments know themselves as `sandbox.localdomain`, where telemetry extensions listen: a hosts file of their own,
 * in a mount namespace of their own.
 * Turns: they are scheduled as batch work. What wakes up otherwise pushes aside who woke it, and that is the server, once for each
 * event; it has more to do for others, and a third more invocations get done when it is let finish.
 * source: AWS Lambda dev guide "Accessing real-time telemetry data for extensions using the Telemetry API"; mount_namespaces(7), sched(7).
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** the names, as a line of /etc/hosts */
export const hostNamesLine = '127.0.0.1 sandbox.localdomain sandbox'

const hostsFile = '/etc/hosts'
/** of util-linux */
const chrt = '/usr/bin/chrt'
const checkMs = 5000

/** `$1` is the hosts file, what follows the command. */
const script = `
hosts=$1
shift
unshare --mount --propagation slave true 2>/dev/null || exec "$@"
exec unshare --mount --propagation slave /bin/sh -c 'mount --bind "$0" ${hostsFile} 2>/dev/null; exec "$@"' "$hosts" "$@"
`

type Command = readonly [string, ...string[]]

/** The command that starts another in these surroundings.
 *  @param folder  exists; the hosts file is kept there */
export function inSurroundings(command: Command, folder: string): Command {
  if (process.platform !== 'linux') return command
  return withHostNames(asBatch(command), folder)
}

function asBatch(command: Command): Command {
  return existsSync(chrt) ? [chrt, '--batch', '0', ...command] : command
}

function withHostNames(command: Command, folder: string): Command {
  if (process.getuid?.() !== 0) return command
  try {
    const known = readFileSync(hostsFile, 'utf8').trimEnd()
    const hosts = join(folder, 'hosts')
    writeFileSync(hosts, `${known}\n${hostNamesLine}\n`, { mode: 0o644 })
    return ['/bin/sh', '-c', script, 'sh', hosts, ...command]
  } catch {
    return command
  }
}

/** May this process give what it starts names of its own? Tries it. */
export function canNameHosts(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    const mount = ['mount', '--bind', hostsFile, hostsFile]
    const options = { stdio: 'ignore', timeout: checkMs } as const
    execFileSync('unshare', ['--mount', '--propagation', 'slave', ...mount], options)
    return true
  } catch {
    return false
  }
}
