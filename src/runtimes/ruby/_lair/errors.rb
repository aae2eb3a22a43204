# frozen_string_literal: true

# An exception on its way out: what the invoker gets, and what X-Ray is told.
# source: aws_lambda_ric 3, observed payloads; a snapshot of an uncaught exception of the managed runtime
class LairFault < StandardError
  MAX_FRAMES = 100
  MAX_CAUSE_FRAMES = 15
  MAX_CAUSE_BYTES = 64 * 1024
  RUNTIME_FOLDER = File.dirname(__dir__)
  # Exceptions that are named in the header; others may say something about the function's author.
  NAMED = %w[ArgumentError NoMethodError Exception StandardError NameError LoadError SystemExit SystemStackError].freeze

  attr_reader :is_critical

  # phase: `Function` for an error of the handler, `Init` for one of loading it
  def initialize(error, phase, is_critical: false)
    super(error.message)
    @is_critical = is_critical
    @phase = phase
    @kind = error.class.to_s
    @frames = own_frames(error)
  end

  def payload
    { errorMessage: clean(message), errorType: "#{@phase}<#{@kind}>", stackTrace: @frames.map { |frame| clean(frame.to_s) } }
  end

  # Headers that go with the posted error: its type, and the cause for X-Ray when it fits.
  def headers
    kind = NAMED.include?(@kind) ? "#{@phase}<#{@kind}>" : 'Function<UserException>'
    text = "Lambda-Runtime-Function-Error-Type: #{kind}\r\n"
    cause = JSON.generate(xray_cause, ascii_only: true).gsub("\u007f", '\u007f')
    text += "Lambda-Runtime-Function-XRay-Error-Cause: #{cause}\r\n" if cause.bytesize <= MAX_CAUSE_BYTES
    text
  end

  private

  # The function's frames, down to the first of this client.
  def own_frames(error)
    frames = error.backtrace_locations || []
    frames.first(MAX_FRAMES).take_while { |frame| !frame.absolute_path.to_s.start_with?(RUNTIME_FOLDER) }
  end

  def xray_cause
    stack = @frames.first(MAX_CAUSE_FRAMES).map do |frame|
      { path: clean(frame.path), line: frame.lineno, label: clean(frame.label) }
    end
    error = { message: clean(message), type: "#{@phase}<#{@kind}>", stack: stack }
    { working_directory: Dir.pwd, paths: Gem.path, exceptions: [error] }
  end

  def clean(text)
    text.encode('UTF-8', invalid: :replace, undef: :replace).scrub
  end
end
