# frozen_string_literal: true

require 'socket'

# The Runtime API's client on one raw socket. The answer to one invocation and the request for the next event leave in one
# write; replies come back in the same order.
class LairRuntimeApi
  # The Runtime API cannot be used any more.
  class Broken < StandardError; end

  VERSION = '/2018-06-01/runtime'
  MAX_HEAD_BYTES = (1024 + 64) * 1024
  MAX_BODY_BYTES = 64 * 1024 * 1024
  READ_BYTES = 64 * 1024

  def initialize(address)
    @address = address
    @common = "Host: #{address}\r\nUser-Agent: lair-ruby/#{RUBY_VERSION}\r\n"
    @next_request = "GET #{VERSION}/invocation/next HTTP/1.1\r\n#{@common}\r\n"
    @buffer = String.new(encoding: Encoding::BINARY)
  end

  # Ask for the first event and wait for it. Returns headers, names in lower case, and body.
  def next
    send_bytes(@next_request)
    read_event
  end

  # Answer an invocation and wait for the next event.
  def post_and_next(path, body, content_type, headers = '')
    send_bytes(post_bytes(path, body, content_type, headers) << @next_request)
    _, reply = read_response
    send_bytes(@next_request) if reply['connection'].to_s.downcase == 'close'
    read_event
  end

  # Post an error after which this process ends.
  def post(path, body, headers)
    send_bytes(post_bytes(path, body, 'application/json', headers))
    read_response
  end

  private

  def post_bytes(path, body, content_type, headers)
    body = body.to_s.b
    head = "POST #{VERSION}#{path} HTTP/1.1\r\n#{@common}Content-Type: #{content_type}\r\n#{headers}" \
           "Content-Length: #{body.bytesize}\r\n\r\n"
    head.b << body
  end

  def send_bytes(bytes)
    @socket ||= connect
    @socket.write(bytes)
  rescue SystemCallError, IOError => e
    raise Broken, e.message
  end

  def connect
    host, _, port = @address.rpartition(':')
    socket = TCPSocket.new(host, port.to_i)
    socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
    socket
  end

  def read_event
    status, headers, body = read_response
    raise Broken, "answered #{status} to next: #{body}" unless status == 200

    [headers, body.force_encoding(Encoding::UTF_8)]
  end

  def read_response
    status, headers = read_head
    status, headers = read_head while status < 200
    body = read_body(headers)
    if headers['connection'].to_s.downcase == 'close'
      @socket.close
      @socket = nil
      @buffer.clear
    end
    [status, headers, body]
  end

  def read_head
    fill(MAX_HEAD_BYTES) until (rest = @buffer.index("\r\n\r\n"))
    lines = @buffer.slice!(0, rest + 4).force_encoding(Encoding::UTF_8).split("\r\n")
    headers = lines.drop(1).to_h do |line|
      name, _, value = line.partition(':')
      [name.downcase, value.strip]
    end
    [lines.first.split(' ', 3)[1].to_i, headers]
  end

  def read_body(headers)
    return read_exactly(headers['content-length'].to_i) unless headers['transfer-encoding'].to_s.downcase.include?('chunked')

    body = String.new(encoding: Encoding::BINARY)
    loop do
      size = read_line.to_i(16)
      break if size.zero?

      body << read_exactly(size)
      raise Broken, 'an event is too large' if body.bytesize > MAX_BODY_BYTES

      read_line
    end
    nil until read_line.empty?
    body
  end

  def read_exactly(size)
    raise Broken, 'an event is too large' if size > MAX_BODY_BYTES

    fill(MAX_BODY_BYTES + READ_BYTES) while @buffer.bytesize < size
    @buffer.slice!(0, size)
  end

  def read_line
    fill(MAX_HEAD_BYTES + READ_BYTES) until (rest = @buffer.index("\r\n"))
    @buffer.slice!(0, rest + 2).chomp
  end

  def fill(limit)
    raise Broken, 'a response is too large' if @buffer.bytesize > limit

    @buffer << @socket.readpartial(READ_BYTES)
  rescue SystemCallError, IOError => e
    raise Broken, e.is_a?(EOFError) ? 'it closed the connection' : e.message
  end
end
