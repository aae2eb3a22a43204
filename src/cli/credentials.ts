/** `lair credentials create`: the first own access key; `test` is gone with it. */
import { systemClock } from '../lib/clock.ts'
import { systemIds } from '../lib/ids.ts'
import { openCredentials } from '../gateway/credential-store.ts'
import { openStore } from '../store/open.ts'
import { dataDirectory } from './data-directory.ts'
import { CommandError, note, print, printJson } from './terminal.ts'

/** Make an access key and show its secret, once. The server must not be running on the directory. */
export async function createCredentials(options: {
  account: string
  data: string
  json?: boolean
}): Promise<void> {
  if (!/^\d{12}$/.test(options.account)) {
    throw new CommandError(`--account takes 12 digits, not "${options.account}"`)
  }
  const store = openStore({
    directory: dataDirectory(options.data),
    clock: systemClock,
    ids: systemIds,
  })
  try {
    const credentials = await openCredentials(store, systemClock, systemIds)
    const { accessKeyId, secretAccessKey } = await credentials.create(options.account)
    if (options.json) return printJson({ accessKeyId, secretAccessKey, account: options.account })
    for (const owner of ['LAIR', 'AWS']) {
      print(`export ${owner}_ACCESS_KEY_ID='${accessKeyId}'`)
      print(`export ${owner}_SECRET_ACCESS_KEY='${secretAccessKey}'`)
    }
    note(
      'Keep the secret: it is shown only now. The key "test" is refused from the next "lair start" on; "lair env" hands on the LAIR_ ones',
    )
  } finally {
    await store.close()
  }
}
