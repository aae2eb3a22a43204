/** How the Ruby of a function is started: Lair's own runtime client on the machine's interpreter. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nameOfSeries } from '../names.ts'
import type { RuntimeName } from '../names.ts'
import type { Program } from '../program.ts'
import type { Runtime } from '../runtime.ts'
import { rubyStartupVariables } from '../startup-variables.ts'

const bootstrap = fileURLToPath(new URL('./bootstrap.rb', import.meta.url))

/** What a Ruby runtime is made of. */
export function rubyLaunch(
  wanted: RuntimeName,
  ruby: Program,
): Pick<Runtime, 'argv' | 'prepareArgv' | 'environment' | 'startupVariables'> {
  return {
    argv: [ruby.path, '-E', 'UTF-8', bootstrap],
    prepareArgv: ['--wait'],
    environment: (folders) => rubyEnvironment([wanted.series, ruby.series], folders),
    startupVariables: rubyStartupVariables,
  }
}

/** Gems of the code and of layers for the version asked for and the one that serves it, then those of the machine: RubyGems
 *  adds them where the path ends in a colon.
 *  source: AWS Lambda dev guide "Defined runtime environment variables"; variables recorded from ruby runtimes */
function rubyEnvironment(
  series: readonly number[],
  folders: { codePath: string; layersPath?: string },
): Record<string, string> {
  const { codePath, layersPath } = folders
  const versions = [...new Set(series)].map((each) => `${nameOfSeries('ruby', each).slice(4)}.0`)
  const gems = versions.map((version) => join(codePath, 'vendor/bundle/ruby', version))
  const libraries = [codePath]
  if (layersPath !== undefined) {
    gems.push(...versions.map((version) => join(layersPath, 'ruby/gems', version)))
    libraries.push(join(layersPath, 'ruby/lib'))
  }
  return {
    GEM_HOME: dirname(bootstrap),
    GEM_PATH: `${[...gems, dirname(bootstrap)].join(':')}:`,
    RUBYLIB: libraries.join(':'),
  }
}
