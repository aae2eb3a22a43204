# frozen_string_literal: true

# How a generic process becomes a function's.
module LairAssignment
  MAX_BYTES = 1024 * 1024

  module_function

  # Wait for the line that says which function this is, and become it. A closed input ends the process.
  def wait
    line = $stdin.gets("\n", MAX_BYTES)
    exit!(0) if line.nil? || !line.end_with?("\n")
    assignment = JSON.parse(line)
    ENV.replace(assignment['environment'])
    Dir.chdir(assignment['workingDirectory'])
    $stdin.reopen(File::NULL)
    # What the interpreter and RubyGems had read from the environment when they started.
    $LOAD_PATH.unshift(*ENV['RUBYLIB'].to_s.split(':'))
    Gem.clear_paths
  end
end
