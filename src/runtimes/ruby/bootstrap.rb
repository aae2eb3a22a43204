# frozen_string_literal: true

# Lair's own runtime client for Ruby 3.0 and newer: what runs in a function's process.
#
# It needs the standard library only. The answer to one invocation and the request for the next leave in one write on one
# socket. Started with `--wait` it is generic: it loads what it can, waits on its standard input for one line of JSON that
# says which function it is, and goes on as if it had been started that way.
#
# source: AWS Lambda dev guide "Building Lambda functions with Ruby"; aws_lambda_ric 3, observed outputs

require 'json'
require 'logger'
require 'stringio'
require_relative '_lair/assignment'
require_relative '_lair/context'
require_relative '_lair/errors'
require_relative '_lair/handler'
require_relative '_lair/logs'
require_relative '_lair/runtime_api'

# One function's life in this process.
class LairRuntime
  INIT_STATUS = 252
  CRITICAL_STATUS = 255

  def initialize(api)
    @api = api
  end

  def run
    headers, body = start
    loop { headers, body = answer(headers, body) }
  end

  private

  # Load the handler and ask for the first event: initialisation is over.
  def start
    @handler = LambdaHandler.new(env_handler: ENV.fetch('_HANDLER', ''))
    require @handler.handler_file_name
    @api.next
  rescue Exception => e # a file of the function may raise anything, and exit
    raise if e.is_a?(LairRuntimeApi::Broken)

    fault = LairFault.new(e, 'Init')
    LairLogs.error(fault, 'Init error when loading handler ')
    @api.post('/init/error', JSON.generate(fault.payload), fault.headers)
    exit(INIT_STATUS)
  end

  # Run the handler once, post what came of it, wait for the next event.
  def answer(headers, body)
    begin_invocation(headers)
    begin
      result, content_type = @handler.call_handler(
        request: AwsLambda::Marshaller.marshall_request(LairRequest.new(headers, body)),
        context: LambdaContext.new(headers)
      )
    rescue LairFault => e
      return fail_invocation(e)
    end
    result = result.read if content_type == 'application/unknown'
    @api.post_and_next("#{@path}/response", result, content_type || 'application/json')
  end

  def begin_invocation(headers)
    $_global_aws_request_id = headers['lambda-runtime-aws-request-id']
    LairLogs.tenant_id = headers['lambda-runtime-aws-tenant-id']
    @path = "/invocation/#{$_global_aws_request_id}"
    ENV['_X_AMZN_TRACE_ID'] = headers['lambda-runtime-trace-id']
  end

  # After an error that the handler's author made in calling (a missing method, a name, an exit) the process ends, as in the
  # managed runtime.
  def fail_invocation(fault)
    LairLogs.error(fault, fault.is_critical ? 'Critical exception from handler' : 'Error raised from handler method')
    payload = JSON.generate(fault.payload)
    return @api.post_and_next("#{@path}/error", payload, 'application/json', fault.headers) unless fault.is_critical

    @api.post("#{@path}/error", payload, fault.headers)
    exit(CRITICAL_STATUS)
  end
end

LairAssignment.wait if ARGV.delete('--wait')
$stdout.sync = true
$stderr.sync = true
LairLogs.set_up
root = ENV.fetch('LAMBDA_TASK_ROOT', Dir.pwd)
$LOAD_PATH.unshift(root) unless $LOAD_PATH.include?(root)
begin
  LairRuntime.new(LairRuntimeApi.new(ENV.fetch('AWS_LAMBDA_RUNTIME_API', '127.0.0.1:9001'))).run
rescue LairRuntimeApi::Broken => e
  warn("Runtime API failed: #{e.message}")
  exit!(1)
end
