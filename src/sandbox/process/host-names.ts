/**
 * The names that functions and extensions expect of their host. AWS's environments know themselves as `sandbox.localdomain`, where
 * telemetry extensions listen. Where the server may do so, all that it starts sees a hosts file of its own, in a mount namespace of
 * its own; elsewhere the machine's. Nothing of the machine is changed.
 * source: AWS Lambda dev guide "Accessing real-time telemetry data for extensions using the Telemetry API"; mount_namespaces(7).
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** the names, as a line of /etc/hosts */
export const hostNamesLine = '127.0.0.1 sandbox.localdomain sandbox'

const hostsFile = '/etc/hosts'
const checkMs = 5000

/** `$1` is the hosts file, what follows the command. Whatever of this may not be done is left out. */
const script = `
hosts=$1
shift
unshare --mount --propagation slave true 2>/dev/null || exec "$@"
exec unshare --mount --propagation slave /bin/sh -c 'mount --bind "$0" ${hostsFile} 2>/dev/null; exec "$@"' "$hosts" "$@"
`

/** A command that has another started where the names are known.
 *  @param folder  exists; the hosts file is kept there
 *  @returns `argv` itself where that is not possible */
export function withHostNames(
  argv: readonly [string, ...string[]],
  folder: string,
): readonly [string, ...string[]] {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return argv
  try {
    const known = readFileSync(hostsFile, 'utf8').trimEnd()
    const hosts = join(folder, 'hosts')
    writeFileSync(hosts, `${known}\n${hostNamesLine}\n`, { mode: 0o644 })
    return ['/bin/sh', '-c', script, 'sh', hosts, ...argv]
  } catch {
    return argv
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
