import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createCatalogue } from '../../src/runtimes/catalogue.ts'
import { installRuntime } from '../../src/runtimes/install.ts'
import { makeFolder } from './support/folder.ts'

/** An npm client that "downloads" a program which says the given version. */
function npmThatBrings(version: string): string {
  return `#!/bin/sh
for last; do :; done
name="\${last%@*}"
mkdir -p "$PWD/node_modules/$name/bin"
echo '{"name":"'$name'","version":"${version}"}' > "$PWD/node_modules/$name/package.json"
printf '#!/bin/sh\\necho v${version}\\n' > "$PWD/node_modules/$name/bin/node"
chmod +x "$PWD/node_modules/$name/bin/node"
echo "added $last"
`
}

test('installRuntime() puts what npm brings where the catalogue finds it', async () => {
  await using folder = await makeFolder({ 'bin:npm': npmThatBrings('26.3.1') })
  const lines: string[] = []
  const options = {
    directory: folder.path,
    npm: join(folder.path, 'npm'),
    onProgress: (line: string) => lines.push(line),
  }
  const catalogue = createCatalogue({ directory: folder.path })
  const installed = await installRuntime('nodejs26.x', options)
  assert.deepEqual(installed, {
    name: 'nodejs26.x',
    version: '26.3.1',
    program: join(folder.path, 'runtimes/nodejs26.x/bin/node'),
  })
  assert.match(
    lines.join('\n'),
    /^Fetching node-\S+ 26 with npm\nadded node-\S+@26\nInstalled Node.js 26\.3\.1/,
  )
  const found = catalogue.find('nodejs26.x')
  assert.ok('argv' in found)
  assert.deepEqual([found.argv[0], found.runtimeVersion], [installed.program, 'nodejs:26.v3'])
  await installRuntime('nodejs26.x', options)
  assert.deepEqual(await readdir(join(folder.path, 'runtimes')), ['nodejs26.x'])
})

const failures: readonly [name: string, npm: string | undefined, message: RegExp][] = [
  [
    'nodejs26.x',
    undefined,
    /"\/nonexistent\/npm" was not found\. Install npm, or put the wanted Node\.js on the PATH$/,
  ],
  ['nodejs26.x', '#!/bin/sh\necho no such version >&2\nexit 1\n', /\/npm failed: no such version$/],
  ['nodejs26.x', npmThatBrings('25.0.0'), /the downloaded program says "v25\.0\.0"$/],
  ['nodejs26.x', '#!/bin/sh\nexit 0\n', /the downloaded program does not run$/],
  ['nodejs16.x', npmThatBrings('16.0.0'), /Node\.js 18 is the oldest that is served/],
  [
    'python3.13',
    npmThatBrings('3.13.0'),
    /only Node\.js runtimes and the client of Java can be installed/,
  ],
  [
    'nodejs23.x',
    npmThatBrings('23.0.0'),
    /only Node\.js runtimes and the client of Java can be installed/,
  ],
]

for (const [name, npm, message] of failures) {
  test(`installRuntime() leaves nothing behind: ${name}, ${message.source.slice(0, 40)}`, async () => {
    await using folder = await makeFolder(npm === undefined ? {} : { 'bin:npm': npm })
    const client = npm === undefined ? '/nonexistent/npm' : join(folder.path, 'npm')
    await assert.rejects(
      installRuntime(name, { directory: folder.path, npm: client }),
      (error: Error) => {
        assert.equal(error.name, 'PlatformError')
        assert.match(error.message, message)
        return true
      },
    )
    const left = await readdir(join(folder.path, 'runtimes')).catch(() => [])
    assert.deepEqual(left, [])
  })
}
