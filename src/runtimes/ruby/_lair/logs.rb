# frozen_string_literal: true

# Log events in the managed runtime's forms. What has several lines leaves as one frame, so that it stays one event.
# source: AWS Lambda dev guide "Log and monitor Ruby Lambda functions"; aws_lambda_ric 3, observed outputs
module LairLogs
  # type of a frame of text; the length and the time in us follow. source: `_LAMBDA_TELEMETRY_LOG_FD`
  FRAME_TYPE = 0xa55a0003

  class << self
    attr_accessor :tenant_id

    def set_up
      $_global_aws_request_id = nil
      @is_json = ENV['AWS_LAMBDA_LOG_FORMAT'].to_s.upcase == 'JSON'
      @level = ENV['AWS_LAMBDA_LOG_LEVEL'].to_s.downcase
      Logger.prepend(LoggerForms)
      Kernel.prepend(OneEventPuts)
    end

    # Formatter of loggers that write to the function's output.
    def formatter
      @is_json ? JsonLogFormatter.new : LogFormatter.new
    end

    # Least level of loggers that do not name theirs.
    def level
      return Logger::DEBUG unless @is_json

      { 'info' => Logger::INFO, 'warn' => Logger::WARN, 'error' => Logger::ERROR, 'fatal' => Logger::FATAL }
        .fetch(@level, Logger::DEBUG)
    end

    def error(fault, message)
      if @is_json
        line = { timestamp: JsonLogFormatter.time(Time.now), level: 'ERROR', requestId: $_global_aws_request_id, message: message }
        return write(JSON.generate(line.merge(fault.payload).compact))
      end
      write(message)
      write(JSON.pretty_generate(fault.payload))
    end

    def write(text)
      text = text.encode('UTF-8', invalid: :replace, undef: :replace)
      return $stdout.write(text.end_with?("\n") ? text : "#{text}\n") unless text.chomp.include?("\n")

      time = Process.clock_gettime(Process::CLOCK_REALTIME, :microsecond)
      $stdout.write([FRAME_TYPE, text.bytesize, time].pack('NNQ>') + text.b)
    end
  end

  # `puts` of a text with several lines is one event.
  module OneEventPuts
    private

    def puts(*texts)
      return $stdout.puts(*texts) unless $stdout.equal?(STDOUT)

      LairLogs.write(texts.empty? ? '' : texts.flatten.map(&:to_s).join("\n"))
      nil
    end
  end

  # What a logger of the function's output writes to.
  class Output < Logger::LogDevice
    def initialize; end

    def write(message)
      LairLogs.write(message)
    end

    def reopen(*); end

    def close; end
  end

  # Loggers without a device, or with the function's output for one, write the managed runtime's lines.
  module LoggerForms
    def initialize(device, *rest, level: LairLogs.level, **options)
      if device.nil? || device.equal?($stdout) || device.equal?($stderr)
        super(nil, *rest, level: level, **options)
        @logdev = Output.new
        @default_formatter = LairLogs.formatter
      else
        super
      end
    end
  end
end

# `I, [2026-01-01T00:00:00.000000 #8]  INFO <request id> -- : message`
class LogFormatter < Logger::Formatter
  def call(severity, time, progname, message)
    at = time.strftime('%Y-%m-%dT%H:%M:%S.%6N')
    format("%s, [%s #%d] %5s %s -- %s: %s\n", severity[0], at, Process.pid, severity, $_global_aws_request_id, progname,
           msg2str(message))
  end
end

# One object a line.
class JsonLogFormatter < Logger::Formatter
  def self.time(time)
    time.utc.strftime('%Y-%m-%dT%H:%M:%S.%6NZ')
  end

  def call(severity, time, progname, message)
    line = {
      timestamp: self.class.time(time),
      level: severity,
      message: clean(message.is_a?(Exception) ? message.message : msg2str(message)),
      requestId: $_global_aws_request_id,
      tenantId: LairLogs.tenant_id,
      logger: progname && clean(progname)
    }
    line.merge!(details(message)) if message.is_a?(Exception)
    "#{JSON.generate(line.compact)}\n"
  end

  private

  def details(error)
    trace = (error.backtrace || []).map { |line| clean(line) }
    { errorType: error.class.to_s, errorMessage: clean(error.message), stackTrace: trace, location: trace.first }
  end

  def clean(value)
    value.to_s.encode('UTF-8', invalid: :replace, undef: :replace).scrub
  end
end
