/** `lair env`: the variables that point AWS's tools at the server, as lines for a shell to evaluate. */
import { defaults } from '../config.ts'
import { toPort } from './numbers.ts'
import { print } from './terminal.ts'

/** Print `export` lines. Keys that are set already are those of AWS as a rule, so they are replaced: by `test`, or by the keys that
 *  `lair credentials create` made, which it leaves in LAIR_ACCESS_KEY_ID and LAIR_SECRET_ACCESS_KEY. A region is kept. */
export function env(options: { port: string }): void {
  const variables = {
    AWS_ENDPOINT_URL: `http://${defaults.host}:${toPort(options.port)}`,
    AWS_ACCESS_KEY_ID: process.env['LAIR_ACCESS_KEY_ID'] ?? 'test',
    AWS_SECRET_ACCESS_KEY: process.env['LAIR_SECRET_ACCESS_KEY'] ?? 'test',
    AWS_REGION: process.env['AWS_REGION'] ?? defaults.region,
    AWS_DEFAULT_REGION: process.env['AWS_DEFAULT_REGION'] ?? defaults.region,
  }
  for (const [name, value] of Object.entries(variables)) {
    print(`export ${name}='${value.replaceAll("'", "'\\''")}'`)
  }
  print('unset AWS_SESSION_TOKEN AWS_PROFILE')
}
